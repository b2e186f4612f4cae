"""What a handler of HTMLRewriter gets: a piece of the document, to look at and to change.

Source: src/workerd/api/html-rewriter.{h,c++}, whose errors' words these are; what the changes come
to is lol-html's (cloudflare/lol-html src/rewritable_units).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from pydo.host.js.error import JsTypeError
from pydo.host.js.response import Response
from pydo.host.js.rewriter.selector import parser_error
from pydo.host.js.stream import ReadableStream, joined
from pydo.host.js.text import js_string, truthy
from pydo.host.js.value import JsProxy, options

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "Comment",
    "Content",
    "Doctype",
    "DocumentEnd",
    "EndTag",
    "Mutations",
    "Text",
    "Token",
    "piece",
    "written",
]

_STALE: Final = (
    "This content token is no longer valid. Content tokens are only valid during the execution of "
    "the relevant content handler."
)
_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a handler puts in: a text, a stream or a response."""

    content: Any
    is_html: bool

    async def written(self) -> str:
        content = self.content
        if isinstance(content, Response):
            body = content.take()
            content = "" if body is None else body
        if isinstance(content, ReadableStream):
            content = await joined(content)
        text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
        return text if self.is_html else text.translate(_ENTITIES)


@dataclass(slots=True)
class Mutations:
    """What happens to a piece of the document."""

    before: list[_Piece] = field(default_factory=list[_Piece])
    after: list[_Piece] = field(default_factory=list[_Piece])
    instead: list[_Piece] = field(default_factory=list[_Piece])
    is_removed: bool = False

    async def applied(self, raw: str) -> str:
        """Give what stands in the place of `raw`."""
        middle = "" if self.is_removed else raw
        return f"{await written(self.before, self.instead)}{middle}{await written(self.after)}"

    def replace(self, piece: _Piece) -> None:
        """Put something else in the place."""
        self.instead, self.is_removed = [piece], True


async def written(*pieces: Iterable[_Piece]) -> str:
    """Give the markup of what handlers have put in."""
    return "".join([await piece.written() for each in pieces for piece in each])


def piece(given: tuple[Any, ...], named: Mapping[str, Any]) -> _Piece:
    """Read the content and the options that a method was called with."""
    content = given[0] if given else None
    if not isinstance(content, (Response, ReadableStream)):
        content = js_string(content)
    found = options(given[1] if len(given) > 1 else None, named)
    return _Piece(content, truthy(found.get("html")))


class Token(JsProxy):
    """A piece of the document while its handler runs."""

    __slots__ = ("__dict__", "_is_over")

    def __init__(self) -> None:
        self._is_over = False

    def end(self) -> None:
        """Let it be of no use any more."""
        self._is_over = True

    def _check(self) -> None:
        if self._is_over:
            raise JsTypeError(_STALE)


class Content(Token):
    """A piece that other things can stand beside, or in the place of."""

    __slots__ = ("_mutations",)

    def __init__(self, mutations: Mutations) -> None:
        super().__init__()
        self._mutations = mutations

    @property
    def removed(self) -> bool:
        """Whether a handler has taken it away."""
        self._check()
        return self._mutations.is_removed

    def before(self, *given: Any, **named: Any) -> Self:
        """Put something before it, behind what was put there."""
        self._check()
        self._mutations.before.append(piece(given, named))
        return self

    def after(self, *given: Any, **named: Any) -> Self:
        """Put something right behind it."""
        self._check()
        self._mutations.after.insert(0, piece(given, named))
        return self

    def replace(self, *given: Any, **named: Any) -> Self:
        """Put something in its place."""
        self._check()
        self._mutations.replace(piece(given, named))
        return self

    def remove(self, *_: object) -> Self:
        """Take it away."""
        self._check()
        self._mutations.is_removed = True
        return self


class Comment(Content):
    """A comment."""

    __slots__ = ("_text", "is_changed")

    def __init__(self, text: str) -> None:
        super().__init__(Mutations())
        self._text, self.is_changed = text, False

    @property
    def text(self) -> str:
        """What it says."""
        self._check()
        return self._text

    @text.setter
    def text(self, value: Any) -> None:
        self._check()
        text = js_string(value)
        for ending in ("-->", "--!>"):
            if ending in text:
                raise parser_error(
                    f"Comment text shouldn't contain comment closing sequence (`{ending}`)."
                )
        self._text, self.is_changed = text, True

    async def applied(self, raw: str) -> str:
        """Give what stands in the place of `raw`."""
        return await self._mutations.applied(f"<!--{self._text}-->" if self.is_changed else raw)


class Text(Content):
    """Some text between tags; the last piece of one is empty."""

    __slots__ = ("_is_last", "_text")

    def __init__(self, text: str, *, is_last: bool) -> None:
        super().__init__(Mutations())
        self._text, self._is_last = text, is_last

    @property
    def text(self) -> str:
        """The text as it is written, with its entities."""
        self._check()
        return self._text

    @property
    def lastInTextNode(self) -> bool:
        """Whether what comes next is no text."""
        self._check()
        return self._is_last

    async def applied(self) -> str:
        """Give what stands in its place."""
        return await self._mutations.applied(self._text)


class EndTag(Content):
    """The end tag of an element."""

    __slots__ = ("_name", "is_changed")

    def __init__(self, name: str, mutations: Mutations) -> None:
        super().__init__(mutations)
        self._name, self.is_changed = name, False

    @property
    def name(self) -> str:
        """The name, in small letters."""
        self._check()
        return self._name.lower()

    @name.setter
    def name(self, value: Any) -> None:
        self._check()
        self.rename(js_string(value))

    def rename(self, name: str) -> None:
        """Give it another name."""
        self._name, self.is_changed = name, True

    def again(self) -> EndTag:
        """Give the same tag for another handler."""
        other = EndTag(self._name, self._mutations)
        other.is_changed = self.is_changed
        return other

    def take(self, mutations: Mutations) -> None:
        """Let what an element's handler wanted happen to it, and nothing else."""
        self._mutations = mutations

    async def applied(self, raw: str) -> str:
        """Give what stands in the place of `raw`."""
        return await self._mutations.applied(f"</{self._name}>" if self.is_changed else raw)


class Doctype(Token):
    """The document's type."""

    __slots__ = ("_ids", "_name")

    def __init__(self, name: Any, public_id: Any, system_id: Any) -> None:
        super().__init__()
        self._name, self._ids = name, (public_id, system_id)

    @property
    def name(self) -> Any:
        """Its name, or null."""
        self._check()
        return self._name

    @property
    def publicId(self) -> Any:
        """Its public identifier, or null."""
        self._check()
        return self._ids[0]

    @property
    def systemId(self) -> Any:
        """Its system identifier, or null."""
        self._check()
        return self._ids[1]


class DocumentEnd(Token):
    """The end of the document."""

    __slots__ = ("pieces",)

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[_Piece] = []

    def append(self, *given: Any, **named: Any) -> Self:
        """Put something behind everything."""
        self._check()
        self.pieces.append(piece(given, named))
        return self
