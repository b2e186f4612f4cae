"""The CSS selectors that HTMLRewriter knows: those that need nothing behind an element's start tag.

Source: cloudflare/lol-html src/selectors_vm, whose errors' words these are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydo.host.js.error import JsTypeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydo.errors import JsException

__all__ = ["Node", "Selector", "parser_error"]

_IDENT = r"(?:-?(?:[a-zA-Z_]|[^\x00-\x7f]|\\.)(?:[\w-]|[^\x00-\x7f]|\\.)*)"
_SPACE = re.compile(r"\s*")
_COMBINATOR = re.compile(r"\s*([>+~])\s*|\s+")
_TYPE = re.compile(rf"\*|{_IDENT}")
_NAMED = re.compile(rf"([.#])({_IDENT})")
_ATTRIBUTE = re.compile(
    rf"""\[\s*({_IDENT})\s*(?:([~|^$*]?=)\s*(?:"([^"]*)"|'([^']*)'|({_IDENT}))\s*([iIsS])?\s*)?\]"""
)
_PSEUDO = re.compile(rf"::?({_IDENT})(\()?")
_NTH = re.compile(r"(?:([+-]?\d*)n\s*(?:([+-])\s*(\d+))?|([+-]?\d+))$", re.IGNORECASE)
_NTH_WORDS = {"odd": (2, 1), "even": (2, 0)}


@dataclass(slots=True)
class Node:
    """An element as selectors see it; `index` counts all before it in `parent`, from 1.

    `above` remembers of what stands before a space whether this or an element above is that.
    """

    name: str
    attributes: Mapping[str, str]
    parent: Node | None
    index: int = 1
    index_of_type: int = 1
    children: int = 0
    children_of: dict[str, int] = field(default_factory=dict[str, int])
    above: dict[object, bool] = field(default_factory=dict[object, bool])


def parser_error(text: str) -> JsException:
    """Give the error for what HTMLRewriter cannot read, or may not write."""
    return JsTypeError(f"Parser error: {text}")


class Selector:
    """A list of selectors.

    Raises:
        JsException: a `TypeError` for what is none, or not known.

    """

    def __init__(self, text: str) -> None:
        reader = _Reader(text)
        self._choices = reader.list_until("")

    def matches(self, node: Node) -> bool:
        """Whether one of the selectors is for that element."""
        return any(_matches(choice, node) for choice in self._choices)


@dataclass(slots=True, eq=False)
class _Compound:
    """What one element has to be; `before` is what stands before it, by a combinator."""

    tests: list[Callable[[Node], bool]]
    before: _Compound | None = None
    is_child: bool = False


def _matches(compound: _Compound, node: Node) -> bool:
    if not all(test(node) for test in compound.tests):
        return False
    before, above = compound.before, node.parent
    if before is None:
        return True
    if compound.is_child:
        return above is not None and _matches(before, above)
    return _is_within(before, above)


def _is_within(compound: _Compound, node: Node | None) -> bool:
    """Whether an element or one above matches, each asked once: tags left open make depths."""
    asked: list[Node] = []
    answer = False
    while node is not None and not answer:
        known = node.above.get(compound)
        if known is not None:
            answer = known
            break
        asked.append(node)
        answer = _matches(compound, node)
        node = node.parent
    for each in asked:
        each.above[compound] = answer
    return answer


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def list_until(self, end: str) -> list[_Compound]:
        """Read selectors between commas, up to `end` or the end of the text."""
        choices = [self._complex(end)]
        while self._take(","):
            choices.append(self._complex(end))
        if self._at < len(self._text) and not (end and self._text.startswith(end, self._at)):
            raise parser_error("Unexpected token in selector.")
        return choices

    def _complex(self, end: str) -> _Compound:
        self._skip()
        current = _Compound(self._compound())
        while (combinator := _COMBINATOR.match(self._text, self._at)) is not None:
            after = combinator.end()
            if combinator[1] is None and (self._is_over(end, after) or self._text[after] == ","):
                self._at = after
                break
            if combinator[1] in {"+", "~"}:
                raise parser_error(f"Unsupported combinator `{combinator[1]}` in selector.")
            self._at = after
            if self._is_over(end):
                raise parser_error("Dangling combinator in selector.")
            current = _Compound(self._compound(), current, combinator[1] == ">")
        return current

    def _compound(self) -> list[Callable[[Node], bool]]:
        tests: list[Callable[[Node], bool]] = []
        name = _TYPE.match(self._text, self._at)
        if name is not None:
            self._at = name.end()
            if name[0] != "*":
                tests.append(_is_named(_unescaped(name[0]).lower()))
        start = self._at if name is None else -1
        while (test := self._simple()) is not None:
            tests.append(test)
        if self._at == start:
            raise parser_error("The selector is empty.")
        return tests

    def _simple(self) -> Callable[[Node], bool] | None:
        named = _NAMED.match(self._text, self._at)
        if named is not None:
            self._at = named.end()
            return (_has_class if named[1] == "." else _has_id)(_unescaped(named[2]))
        mark = self._text[self._at : self._at + 1]
        if mark == "[":
            return self._attribute()
        if mark == ".":
            raise parser_error("Invalid or unescaped class name in selector.")
        return self._pseudo() if mark == ":" else None

    def _attribute(self) -> Callable[[Node], bool]:
        found = _ATTRIBUTE.match(self._text, self._at)
        if found is None:
            raise parser_error(_fault_in_attribute(self._text[self._at + 1 :].lstrip()))
        self._at = found.end()
        name, operator, *values, flag = found.groups()
        value = next((each for each in values if each is not None), "")
        if found[5] is not None:
            value = _unescaped(value)
        return _has_attribute(
            name.lower(), operator, value, ignores_case=(flag or "").lower() == "i"
        )

    def _pseudo(self) -> Callable[[Node], bool]:
        found = _PSEUDO.match(self._text, self._at)
        unknown = parser_error("Unsupported pseudo-class or pseudo-element in selector.")
        if found is None or found[0].startswith("::"):
            raise unknown
        self._at = found.end()
        name = found[1].lower()
        if found[2] is None:
            if name not in {"first-child", "first-of-type"}:
                raise unknown
            return _is_nth(0, 1, of_type=name == "first-of-type")
        if name == "not":
            return self._negation()
        if name not in {"nth-child", "nth-of-type"}:
            raise unknown
        end = self._text.find(")", self._at)
        if end < 0:
            raise parser_error("Unexpected end of selector.")
        step, offset = _nth(self._text[self._at : end])
        self._at = end + 1
        return _is_nth(step, offset, of_type=name == "nth-of-type")

    def _negation(self) -> Callable[[Node], bool]:
        choices = self.list_until(")")
        if not self._take(")"):
            raise parser_error("Unexpected end of selector.")
        return lambda node: not any(_matches(choice, node) for choice in choices)

    def _skip(self) -> None:
        space = _SPACE.match(self._text, self._at)
        assert space is not None, "it may be empty"
        self._at = space.end()

    def _take(self, mark: str) -> bool:
        is_there = self._text.startswith(mark, self._at)
        self._at += len(mark) * is_there
        return is_there

    def _is_over(self, end: str, at: int | None = None) -> bool:
        at = self._at if at is None else at
        return at == len(self._text) or bool(end and self._text.startswith(end, at))


def _fault_in_attribute(text: str) -> str:
    if "]" not in text:
        return "Unexpected end of selector."
    if re.match(_IDENT, text) is None:
        return "Missing attribute name in attribute selector."
    return "Unexpected token in the attribute selector."


def _unescaped(ident: str) -> str:
    return re.sub(r"\\(.)", r"\1", ident)


def _is_named(name: str) -> Callable[[Node], bool]:
    return lambda node: node.name == name


def _has_id(value: str) -> Callable[[Node], bool]:
    return lambda node: node.attributes.get("id") == value


def _has_class(value: str) -> Callable[[Node], bool]:
    return lambda node: value in node.attributes.get("class", "").split()


def _has_attribute(
    name: str, operator: str | None, value: str, *, ignores_case: bool
) -> Callable[[Node], bool]:
    wanted = value.lower() if ignores_case else value

    def test(node: Node) -> bool:
        found = node.attributes.get(name)
        if found is None or operator is None:
            return found is not None
        return _compared(found.lower() if ignores_case else found, operator, wanted)

    return test


def _compared(found: str, operator: str, wanted: str) -> bool:
    match operator:
        case "=":
            return found == wanted
        case "~=":
            return wanted in found.split()
        case "|=":
            return found == wanted or found.startswith(f"{wanted}-")
        case "^=":
            return wanted != "" and found.startswith(wanted)
        case "$=":
            return wanted != "" and found.endswith(wanted)
        case _:
            return wanted != "" and wanted in found


def _nth(text: str) -> tuple[int, int]:
    text = text.strip().lower()
    if text in _NTH_WORDS:
        return _NTH_WORDS[text]
    found = _NTH.match(text)
    if found is None:
        raise parser_error("Unexpected token in selector.")
    step, sign, offset, only = found.groups()
    if only is not None:
        return 0, int(only)
    return int(f"{step}1") if step in {"", "+", "-"} else int(step), int(
        f"{sign or ''}{offset or 0}"
    )


def _is_nth(step: int, offset: int, *, of_type: bool) -> Callable[[Node], bool]:
    def test(node: Node) -> bool:
        index = node.index_of_type if of_type else node.index
        if step == 0:
            return index == offset
        return (index - offset) % step == 0 and (index - offset) // step >= 0

    return test
