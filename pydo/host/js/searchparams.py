"""`URLSearchParams`: names with values, in the form that a query has."""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING, Any

from pydo.host.js.array import JsArray
from pydo.host.js.error import JsTypeError
from pydo.host.js.iterator import WebIterator
from pydo.host.js.jsg import NO_SEQUENCE, wants, wants_function
from pydo.host.js.lookup import Mapped
from pydo.host.js.text import js_string, usv
from pydo.host.js.value import JsProxy, NativeClass, iterated, jsnull

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydo.host.js.url import URL

__all__ = ["URLSearchParams", "parse_query"]


class URLSearchParams(Mapped, metaclass=NativeClass):
    """Names with values, in the form that a query has."""

    __slots__ = ("__dict__", "owner", "pairs")
    pairs: list[tuple[str, str]]
    owner: URL | None

    def __init__(self, init: Any = None, *_: object, **named: Any) -> None:
        self.owner = None
        if init is None and named:
            self.pairs = [(name, js_string(value)) for name, value in named.items()]
        elif init is None:
            self.pairs = []
        elif isinstance(init, URLSearchParams):
            self.pairs = list(init.pairs)
        elif isinstance(init, str):
            self.pairs = parse_query(init.removeprefix("?"))
        elif hasattr(init, "__iter__"):
            self.pairs = [_pair(pair) for pair in iterated(init)]
        elif isinstance(init, JsProxy):
            members = init.__members__
            self.pairs = [(name, usv(js_string(value))) for name, value in members.items()]
        elif callable(init):  # an object without members
            self.pairs = []
        else:
            self.pairs = parse_query(js_string(init))

    @property
    def size(self) -> int:
        """The number of parameters."""
        return len(self.pairs)

    def get(self, name: Any = None, *_: object) -> Any:
        """Give the first value of a name; null if there is none."""
        key = js_string(name)
        return next((value for each, value in self.pairs if each == key), jsnull)

    @wants("USVString")
    def getAll(self, name: Any = None, *_: object) -> JsArray:
        """Give the values of a name."""
        key = js_string(name)
        return JsArray([value for each, value in self.pairs if each == key])

    @wants("USVString")
    def has(self, name: Any = None, value: Any = None, *_: object) -> bool:
        """Tell whether there is such a name, with that value if one is given."""
        return any(self._matches(pair, name, value) for pair in self.pairs)

    @wants("USVString", "USVString")
    def append(self, name: Any = None, value: Any = None, *_: object) -> None:
        """Add a value to those of a name."""
        self._replace([*self.pairs, (usv(js_string(name)), usv(js_string(value)))])

    @wants("USVString", "USVString")
    def set(self, name: Any = None, value: Any = None, *_: object) -> None:
        """Replace the values of a name by one, which stands where the first of them stood."""
        key, text = usv(js_string(name)), usv(js_string(value))
        kept: list[tuple[str, str]] = []
        seen = False
        for pair in self.pairs:
            if pair[0] != key:
                kept.append(pair)
            elif not seen:
                kept.append((key, text))
                seen = True
        self._replace(kept if seen else [*kept, (key, text)])

    @wants("USVString")
    def delete(self, name: Any = None, value: Any = None, *_: object) -> None:
        """Remove the values of a name, or the one that is given."""
        self._replace([pair for pair in self.pairs if not self._matches(pair, name, value)])

    def sort(self, *_: object) -> None:
        """Sort by name; the order of a name's values stays."""
        self._replace(sorted(self.pairs, key=lambda pair: pair[0].encode("utf-16-be")))

    @wants_function
    def forEach(self, function: Callable[..., Any], *_: object) -> None:
        """Call `function(value, name, parameters)` for each."""
        for name, value in list(self.pairs):
            function(value, name, self)

    def entries(self, *_: object) -> WebIterator:
        """Iterate over pairs of name and value."""
        return WebIterator((JsArray(list(pair)) for pair in self.pairs), "EntryIterator")

    __js_iter__ = entries

    def toString(self, *_: object) -> str:
        """Give the query, without a question mark."""
        return "&".join(f"{_form(name)}={_form(value)}" for name, value in self.pairs)

    def __iter__(self) -> Iterator[Any]:
        return WebIterator((name for name, _ in self.pairs), "KeyIterator")

    def _matches(self, pair: tuple[str, str], name: Any, value: Any) -> bool:
        return pair[0] == js_string(name) and (value is None or pair[1] == js_string(value))

    def _replace(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs
        if self.owner is not None:
            self.owner.set_query(self.toString() or None)


def _pair(pair: Any) -> tuple[str, str]:
    if isinstance(pair, (str, bytes)) or not hasattr(pair, "__iter__"):
        raise JsTypeError(NO_SEQUENCE)
    try:
        name, value = pair
    except ValueError:
        raise JsTypeError("Invalid URL search params sequence.") from None
    return usv(js_string(name)), usv(js_string(value))


def parse_query(query: str) -> list[tuple[str, str]]:
    """Read the names and values of a query."""
    pairs = [part.partition("=") for part in usv(query).split("&") if part]
    return [(urllib.parse.unquote_plus(a), urllib.parse.unquote_plus(b)) for a, _, b in pairs]


def _form(text: str) -> str:
    return urllib.parse.quote_plus(text, safe="*-._").replace("~", "%7E")
