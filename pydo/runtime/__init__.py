"""The core: turns, gates, storage and the life of objects; no HTTP, no terminal, no JavaScript."""
