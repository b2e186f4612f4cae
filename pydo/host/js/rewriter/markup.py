"""HTML cut into tags, comments and text as it arrives, each with the characters it was written in.

Nothing is built of them: no tree, no tags that were left out, no entities.  Source: lol-html's
tokenizer (cloudflare/lol-html src/parser), which follows the standard's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Attribute",
    "Comment",
    "Doctype",
    "EndTag",
    "Rest",
    "Scanner",
    "StartTag",
    "Text",
    "Token",
]

_TAG_NAME = re.compile(r"</?([a-zA-Z][^\t\n\f\r />]*)")
_BETWEEN = re.compile(r"[\t\n\f\r /]*")
_ATTRIBUTE_NAME = re.compile(r"[^\t\n\f\r />][^\t\n\f\r />=]*")
_EQUALS = re.compile(r"[\t\n\f\r ]*=[\t\n\f\r ]*")
_UNQUOTED = re.compile(r"[^\t\n\f\r >]*")
_COMMENT = re.compile(r"<!--(?:-?>|(.*?)--!?>)", re.DOTALL)
_MARKUP = re.compile(r"<(?=[a-zA-Z/!?])")
_QUOTED = r"""("[^">]*"|'[^'>]*')"""
_DOCTYPE = re.compile(
    rf"<!doctype\s*([^\s>]*)\s*(?:public\s*{_QUOTED}?\s*{_QUOTED}?|system\s*{_QUOTED}?)?[^>]*>",
    re.IGNORECASE,
)
_LONGEST_OPENING: Final = len("<!doctype")


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute: its name in small letters, its value, and how both were written."""

    name: str
    value: str
    raw: str


@dataclass(frozen=True, slots=True)
class StartTag:
    """A start tag; `written` is its name as it was written."""

    raw: str
    written: str
    attributes: tuple[Attribute, ...]
    is_self_closing: bool


@dataclass(frozen=True, slots=True)
class EndTag:
    """An end tag."""

    raw: str
    written: str


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, or what the standard takes for one."""

    raw: str
    text: str


@dataclass(frozen=True, slots=True)
class Doctype:
    """What says of which type the document is; None is what it leaves out."""

    raw: str
    name: str | None
    public_id: str | None
    system_id: str | None


@dataclass(frozen=True, slots=True)
class Text:
    """Some text: all that there is until markup, or as much as has arrived."""

    raw: str


@dataclass(frozen=True, slots=True)
class Rest:
    """A tag that the document ends in."""

    raw: str


Token = StartTag | EndTag | Comment | Doctype | Text | Rest


class Scanner:
    """Cuts what is fed to it; `raw_text` names the element that has no markup in it but its end."""

    def __init__(self) -> None:
        self.raw_text: str | None = None
        self._rest = ""

    def feed(self, text: str, *, is_last: bool = False) -> Iterator[Token]:
        """Give the tokens that are whole; after the last text also what is left of one."""
        self._rest += text
        while self._rest:
            found = self._raw() if self.raw_text is not None else self._next()
            if found is None:
                break
            token, end = found
            self._rest = self._rest[end:]
            yield token
        if is_last and self._rest:
            rest, self._rest = self._rest, ""
            yield _left(rest, is_text=self.raw_text is not None or rest == "<")

    def _next(self) -> tuple[Token, int] | None:
        rest = self._rest
        opening = _MARKUP.search(rest)
        if opening is None:
            end = len(rest) - rest.endswith("<")  # what comes next may make it markup
            return (Text(rest[:end]), end) if end else None
        if opening.start():
            return Text(rest[: opening.start()]), opening.start()
        if rest[1] in "!?":
            return self._declaration()
        if rest[1] == "/" and len(rest) > 2 and not rest[2].isalpha():  # noqa: PLR2004 - `</`
            return self._bogus(2)
        return self._tag()

    def _declaration(self) -> tuple[Token, int] | None:
        rest = self._rest
        if rest.startswith("<!--"):
            comment = _COMMENT.match(rest)
            return comment and (Comment(comment[0], comment[1] or ""), comment.end())
        doctype = _DOCTYPE.match(rest)
        if doctype is not None:
            name, public_id, system_id, only_system = doctype.groups()
            ids = [each and each[1:-1] for each in (public_id, system_id or only_system)]
            return Doctype(doctype[0], name.lower() or None, *ids), doctype.end()
        if len(rest) < _LONGEST_OPENING and ">" not in rest:
            return None
        if rest[:_LONGEST_OPENING].lower() == "<!doctype":
            return None
        return self._bogus(1 if rest[1] == "?" else 2)

    def _bogus(self, start: int) -> tuple[Token, int] | None:
        end = self._rest.find(">")
        return None if end < 0 else (Comment(self._rest[: end + 1], self._rest[start:end]), end + 1)

    def _tag(self) -> tuple[Token, int] | None:
        rest = self._rest
        name = _TAG_NAME.match(rest)
        if name is None:
            return None
        at, attributes = name.end(), list[Attribute]()
        while True:
            between = _BETWEEN.match(rest, at)
            assert between is not None, "it may be empty"
            at = between.end()
            if at == len(rest):
                return None
            if rest[at] == ">":
                break
            found = _attribute(rest, at)
            if found is None:
                return None
            attribute, at = found
            attributes.append(attribute)
        raw = rest[: at + 1]
        if raw[1] == "/":
            return EndTag(raw, name[1]), at + 1
        return StartTag(raw, name[1], tuple(attributes), between[0].endswith("/")), at + 1

    def _raw(self) -> tuple[Token, int] | None:
        rest, name = self._rest, self.raw_text
        ending = re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE).search(rest)
        if ending is None:
            # The end may have begun in the last characters.
            begun = rest.rfind("<", max(0, len(rest) - len(f"</{name}")))
            end = len(rest) if begun < 0 else begun
            return (Text(rest[:end]), end) if end else None
        if ending.start():
            return Text(rest[: ending.start()]), ending.start()
        return self._tag()


def _attribute(text: str, start: int) -> tuple[Attribute, int] | None:
    """Read an attribute; None when its end has not arrived."""
    name = _ATTRIBUTE_NAME.match(text, start)
    assert name is not None, "it begins where there is something"
    value, end = "", name.end()
    equals = _EQUALS.match(text, end)
    if equals is not None:
        end = equals.end()
        if text[end : end + 1] in {'"', "'"}:
            closing = text.find(text[end], end + 1)
            if closing < 0:
                return None
            value, end = text[end + 1 : closing], closing + 1
        else:
            unquoted = _UNQUOTED.match(text, end)
            assert unquoted is not None, "it may be empty"
            value, end = unquoted[0], unquoted.end()
    if end == len(text):
        return None
    return Attribute(name[0].lower(), value, text[start:end]), end


def _left(rest: str, *, is_text: bool) -> Token:
    """Give what the end of the document makes of the last characters."""
    if is_text:
        return Text(rest)
    return Comment(rest, rest[4:]) if rest.startswith("<!--") else Rest(rest)
