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
_COMMENT_AT_ONCE: Final = ("<!-->", "<!--->")
_COMMENT_END = re.compile(r"--!?>")
_LONGEST_COMMENT_END: Final = len("--!>")
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
        self._text = ""
        self._at = 0
        self._searched = 0  # up to where a comment has no end

    def feed(self, text: str, *, is_last: bool = False) -> Iterator[Token]:
        """Give the tokens that are whole; after the last text also what is left of one."""
        self._searched -= self._at
        self._text, self._at = self._text[self._at :] + text, 0
        while self._at < len(self._text):
            found = self._next() if self.raw_text is None else self._next_raw(self.raw_text)
            if found is None:
                break
            token, self._at = found
            yield token
        if is_last and (rest := self._text[self._at :]):
            self._text, self._at = "", 0
            yield _left(rest, is_text=self.raw_text is not None or rest == "<")

    def _next(self) -> tuple[Token, int] | None:
        text, at = self._text, self._at
        opening = _MARKUP.search(text, at)
        if opening is None:
            return self._text_to(len(text) - text.endswith("<"))  # what comes may make it markup
        if opening.start() > at:
            return self._text_to(opening.start())
        if text[at + 1] in "!?":
            return self._declaration()
        if text[at + 1] == "/" and not text[at + 2 : at + 3].isalpha():
            return self._bogus(2) if at + 2 < len(text) else None
        return self._tag()

    def _next_raw(self, name: str) -> tuple[Token, int] | None:
        text, at = self._text, self._at
        ending = re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE).search(text, at)
        if ending is None:
            # The end may have begun in the last characters.
            begun = text.rfind("<", max(at, len(text) - len(f"</{name}")))
            return self._text_to(len(text) if begun < 0 else begun)
        return self._text_to(ending.start()) if ending.start() > at else self._tag()

    def _text_to(self, end: int) -> tuple[Token, int] | None:
        return (Text(self._text[self._at : end]), end) if end > self._at else None

    def _declaration(self) -> tuple[Token, int] | None:
        text, at = self._text, self._at
        if text.startswith("<!--", at):
            return self._comment()
        doctype = _DOCTYPE.match(text, at)
        if doctype is not None:
            name, public_id, system_id, only_system = doctype.groups()
            ids = [each and each[1:-1] for each in (public_id, system_id or only_system)]
            return Doctype(doctype[0], name.lower() or None, *ids), doctype.end()
        opening = text[at : at + _LONGEST_OPENING]
        if opening.lower() == "<!doctype" or (
            len(opening) < _LONGEST_OPENING and ">" not in opening
        ):
            return None
        return self._bogus(1 if text[at + 1] == "?" else 2)

    def _comment(self) -> tuple[Token, int] | None:
        text, at = self._text, self._at
        for whole in _COMMENT_AT_ONCE:
            if text.startswith(whole, at):
                return Comment(whole, ""), at + len(whole)
        inside = at + len("<!--")
        end = _COMMENT_END.search(text, max(inside, self._searched))
        if end is None:
            self._searched = len(text) - _LONGEST_COMMENT_END + 1
            return None
        return Comment(text[at : end.end()], text[inside : end.start()]), end.end()

    def _bogus(self, skipped: int) -> tuple[Token, int] | None:
        end = self._text.find(">", self._at)
        if end < 0:
            return None
        return Comment(
            self._text[self._at : end + 1], self._text[self._at + skipped : end]
        ), end + 1

    def _tag(self) -> tuple[Token, int] | None:
        text, start = self._text, self._at
        name = _TAG_NAME.match(text, start)
        assert name is not None, "a letter follows"
        at, attributes = name.end(), list[Attribute]()
        while True:
            between = _BETWEEN.match(text, at)
            assert between is not None, "it may be empty"
            at = between.end()
            if at == len(text):
                return None
            if text[at] == ">":
                break
            found = _attribute(text, at)
            if found is None:
                return None
            attribute, at = found
            attributes.append(attribute)
        raw = text[start : at + 1]
        if raw[1] == "/":
            return EndTag(raw, name[1]), at + 1
        return StartTag(raw, name[1], tuple(attributes), between[0].endswith("/")), at + 1


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
