"""The values of a configuration file, and where each of them stands in it.

What the formats have in common: toml.py and jsonc.py make a `Document` each in its way.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pydo.config.source import SourceFile, Span

__all__ = ["Document", "KeyPath", "Places", "spell"]

KeyPath: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys of tables and indexes of arrays; () is the whole file."""


@dataclass(slots=True)
class Places:
    """The offsets at which things stand in a text.

    `names` has those of keys, of headers for the tables that they open, and of the elements of
    arrays; `values` those of the values behind keys.  `headers` are the tables that a TOML line
    `[...]` or `[[...]]` opens: such a one holds every key down to the next, be it meant or not.
    `repeated` are keys that stand twice in one JSON object, with the places that do not count.
    """

    names: dict[KeyPath, range] = field(default_factory=dict[KeyPath, range])
    values: dict[KeyPath, range] = field(default_factory=dict[KeyPath, range])
    headers: set[KeyPath] = field(default_factory=set[KeyPath])
    repeated: dict[KeyPath, range] = field(default_factory=dict[KeyPath, range])


class Document:
    """The values of a file, and where they stand in it; `is_json` or else TOML."""

    def __init__(
        self,
        source: SourceFile,
        values: Mapping[str, object],
        places: Places,
        *,
        is_json: bool = False,
    ) -> None:
        self.source = source
        self.values = values
        self.is_json = is_json
        self._places = places

    def span(self, path: KeyPath) -> Span:
        """Give the place of the key, header or array element at `path`, or of what is around it."""
        while path and path not in self._places.names:
            path = path[:-1]
        return self._span(self._places.names.get(path, range(1)))

    def value_span(self, path: KeyPath) -> Span:
        """Give the place of the value at `path`; where it has none of its own, that of its key."""
        place = self._places.values.get(path)
        return self.span(path) if place is None else self._span(place)

    def has_header(self, path: KeyPath) -> bool:
        """Whether a line `[...]` or `[[...]]` opens the table at `path`."""
        return path in self._places.headers

    def swallowed(self, key: str) -> KeyPath | None:
        """Find the TOML table with a header that holds a top-level `key` by mistake."""
        return next((path for path in self.strays({key}) if path[0] != "env"), None)

    def strays(self, keys: Collection[str]) -> Mapping[KeyPath, Sequence[str]]:
        """Give the TOML tables with a header that hold any of the `keys`, each with which."""
        found: dict[KeyPath, list[str]] = {}
        for path in self._places.names:
            key = path[-1] if path else None
            if isinstance(key, str) and key in keys and path[:-1] in self._places.headers:
                found.setdefault(path[:-1], []).append(key)
        return found

    def example(self, key: str, value: object) -> str:
        """Write a key and its value as they would stand in this file."""
        if self.is_json:
            return f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
        return f"{key} = {_toml(value)}"

    def repeated(self) -> Mapping[KeyPath, Span]:
        """Give the keys that stand twice in one object, each with a place that does not count."""
        return {path: self._span(place) for path, place in self._places.repeated.items()}

    def _span(self, place: range) -> Span:
        return self.source.span(place.start, len(place))


def spell(path: KeyPath) -> str:
    """Write a path as wrangler does: `durable_objects.bindings[0].class_name`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        key = part if _BARE_KEY.fullmatch(part) else json.dumps(part, ensure_ascii=False)
        text += f".{key}" if text else key
    return text


def _toml(value: object) -> str:
    match value:
        case dict():
            pairs = ", ".join(f"{key} = {_toml(each)}" for key, each in value.items())
            return f"{{ {pairs} }}"
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            return json.dumps(value, ensure_ascii=False)


_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
