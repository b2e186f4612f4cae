"""What the validators say and how: problems with their places, and the shapes of values.

Texts are wrangler's wherever it has one (cloudflare/workers-sdk
`packages/workers-utils/src/config/validation-helpers.ts`), so that a search finds them.
"""

from __future__ import annotations

import json
from datetime import date, time
from typing import TYPE_CHECKING, cast

from pydo.config.document import spell
from pydo.config.keys import KEYS, STRAYS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from pydo.config.diagnostics import Diagnostics
    from pydo.config.document import Document, KeyPath

__all__ = ["Report", "as_array", "as_strings", "as_table", "did_you_mean", "show"]


class Report:
    """Adds what validators find in `document` to `diagnostics`, each at its place."""

    def __init__(self, document: Document, diagnostics: Diagnostics) -> None:
        self.document = document
        self.diagnostics = diagnostics
        self._told: set[KeyPath] = set()  # the swallowed keys that have been told

    def error(self, message: str, at: KeyPath, hint: str | None = None) -> None:
        """Say what stops pydo, and the path of the value that it is about."""
        self.diagnostics.error(message, self.document.value_span(at), hint)

    def warn(self, message: str, at: KeyPath, hint: str | None = None) -> None:
        """Say what pydo can live with, and the path of the value that it is about."""
        self.diagnostics.warn(message, self.document.value_span(at), hint)

    def warn_of_key(self, message: str, at: KeyPath, hint: str | None = None) -> None:
        """Say what pydo can live with, and the path of the key that it is about."""
        self.diagnostics.warn(message, self.document.span(at), hint)

    def error_of_command_line(self, message: str, hint: str) -> None:
        """Say what is wrong with an option; no file has a place for it."""
        self.diagnostics.error(message, None, hint)

    def wrong_type(
        self, path: KeyPath, expected: str, value: object, hint: str | None = None
    ) -> None:
        """Say that a value is of another type than its key asks for."""
        message = f'Expected "{spell(path)}" to be of type {expected} but got {show(value)}.'
        self.error(message, path, hint)

    def table(self, path: KeyPath, value: object) -> Mapping[str, object]:
        """Take a value as a table; what is none is reported and counts as empty."""
        table = as_table(value)
        if table is None:
            message = f'The field "{spell(path)}" should be an object but got {show(value)}.'
            self.error(message, path)
        return table or {}

    def unexpected(
        self, path: KeyPath, table: Iterable[str], known: Collection[str], label: str | None = None
    ) -> None:
        """Warn of each key of the table at `path` that is not `known` there."""
        swallows = bool(path) and path[0] != "env" and self.document.has_header(path)
        swallowed: list[str] = []
        for key in table:
            if key in known:
                continue
            if swallows and key in KEYS:
                swallowed.append(key)
                continue
            message = f'Unexpected fields found in {label or spell(path)} field: "{key}"'
            self.warn_of_key(message, (*path, key), _why_unexpected(path, key, known))
        self._warn_of_swallowed(path, swallowed)

    def warn_of_strays(self) -> None:
        """Warn of top-level keys in tables that take any key, or whose keys nobody looks at."""
        for path, keys in self.document.strays(STRAYS).items():
            if path[0] in {"env", "previews"}:  # these have them by right
                continue
            self._warn_of_swallowed(path, [key for key in keys if (*path, key) not in self._told])

    def _warn_of_swallowed(self, path: KeyPath, keys: list[str]) -> None:
        if not keys:
            return
        listed = ",".join(f'"{key}"' for key in keys)
        message = f"Unexpected fields found in {spell(path)} field: {listed}"
        self.warn_of_key(message, (*path, keys[0]), self.why_swallowed(path, *keys))

    def example(self, key: str, value: object) -> str:
        """Write a key and its value as the file would have them."""
        return self.document.example(key, value)

    def why_swallowed(self, table: KeyPath, *keys: str) -> str:
        """Explain how top-level keys came to stand in a table, and what to do."""
        self._told |= {(*table, key) for key in keys}
        span = self.document.span(table)
        names = ".".join(part for part in table if isinstance(part, str))
        header = f"[[{names}]]" if isinstance(table[-1], int) else f"[{names}]"
        belongs, it = ("belongs", "it") if len(keys) == 1 else ("belong", "them")
        return (
            f"{_listed(keys)} {belongs} at the top level, but in TOML every key after the header\n"
            f"{header} on line {span.line} is part of that table: move {it} above line {span.line}"
        )


def _listed(keys: Sequence[str]) -> str:
    *first, last = (f'"{key}"' for key in keys)
    return f"{', '.join(first)} and {last}" if first else last


def _why_unexpected(path: KeyPath, key: str, known: Collection[str]) -> str:
    if path and path[0] == "env" and key in KEYS:
        return f'"{key}" belongs at the top level, and holds for every environment'
    if path and key in KEYS:
        return f'"{key}" belongs at the top level: move it out of "{spell(path)}"'
    return did_you_mean(key, known) or "remove it, or correct its name"


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Name the known word that looks most like this one, if any does."""
    # Here and not above: most configurations have no such word.
    from difflib import get_close_matches  # noqa: PLC0415 - as said

    for match in get_close_matches(word, list(known), n=1):
        return f'did you mean "{match}"?'
    return None


def show(value: object) -> str:
    """Write a value as wrangler does, as compact JSON, cut after a hundred characters."""
    if isinstance(value, date | time):  # as it stands in TOML, without quotes
        return str(value)
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


_LONGEST = 100


def as_table(value: object) -> Mapping[str, object] | None:
    """Give a TOML table, or None for what is none."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def as_array(value: object) -> list[object] | None:
    """Give a TOML array, or None for what is none."""
    return cast("list[object]", value) if isinstance(value, list) else None


def as_strings(value: object) -> tuple[str, ...] | None:
    """Give a TOML array of strings, or None for what is none."""
    array = as_array(value)
    if array is None or not all(isinstance(each, str) for each in array):
        return None
    return tuple(cast("list[str]", array))
