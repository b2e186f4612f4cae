"""pydo: a local Durable Objects simulator for Cloudflare's Python Workers."""

__version__ = "0.1.0"
