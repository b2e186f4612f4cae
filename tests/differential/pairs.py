"""Programs in JavaScript and in Python that do the same, call for call.

A file of them holds for each `## name`, the JavaScript, a line of `--`, and the Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Pair", "javascript", "pairs"]


class Pair(NamedTuple):
    """One program, twice."""

    javascript: str
    python: str


def pairs(folder: Path) -> dict[str, Pair]:
    """Read the programs of a folder."""
    _, *parts = ("\n" + (folder / "programs.txt").read_text()).split("\n## ")
    found: dict[str, Pair] = {}
    for part in parts:
        name, _, programs = part.partition("\n")
        first, _, second = programs.partition("\n--\n")
        found[name] = Pair(first, second.strip())
    return found


def javascript(folder: Path) -> str:
    """Give the module of a Worker that runs all of them and answers with what they note."""
    programs = (
        f"  async {name}(say, note) {{\n{pair.javascript}\n  }},"
        for name, pair in pairs(folder).items()
    )
    cases = "\n".join(["const CASES = {", *programs, "};"])
    return f"{cases}\n{(folder / 'prelude.js').read_text()}"
