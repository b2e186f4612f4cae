"""The media type of a file, by the end of its name.

`types.txt` has a line for each type with the ends that mean it: the table of the package `mime`
(version 4), whose types wrangler's are, after `mime-db`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

__all__ = ["media_type"]


def media_type(name: str) -> str | None:
    """Give the type of a file, None for what is unknown; texts are taken to be UTF-8."""
    stem, dot, end = name.lower().rpartition(".")
    if not dot or not stem:  # a name that is nothing but an end has none
        return None
    found = _types().get(end)
    if found is not None and found.startswith("text/"):
        return f"{found}; charset=utf-8"
    return found


@lru_cache(maxsize=1)
def _types() -> dict[str, str]:
    lines = Path(__file__).with_name("types.txt").read_text("ascii").splitlines()
    return {end: words[0] for words in map(str.split, lines) for end in words[1:]}
