"""The native face under Cloudflare's Python SDK, spelled as it is spelled there."""
