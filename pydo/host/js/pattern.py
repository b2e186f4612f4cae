r"""JavaScript's patterns, translated to those of Python's `re`.

Every part is read by JavaScript's grammar and written so that `re` means the same by it: `\d` and
its like, `.`, `^`, `$` and `\b` are spelled out, groups are numbered, a reference to a group that
was not taken finds the empty text.  Three things stay Python's: characters beyond U+FFFF are one
character without the flag `u` too, a group that is repeated keeps what an earlier round has taken,
and a lookbehind must be of one width.
Source: ECMA-262, 22.2.1 and annex B.1.2; the words of errors are V8's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pydo.host.js.charset import TERMINATORS, character, named_set, property_set
from pydo.host.js.patterntext import PatternError, PatternText

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Pattern", "PatternError", "compiled"]

_NOTHING: Final = "(?!)"
_ANYTHING: Final = "(?s:.)"
_QUANTIFIER = re.compile(r"(?:[*+?]|\{(\d+)(,?)(\d*)\})\??", re.ASCII)
_MODIFIERS = re.compile(r"\?([ims]*)(?:(-)([ims]*))?:")
_NAME = re.compile(r"([^\W\d]|\$)[\w$\u200c\u200d]*")
_DIGITS = re.compile("[0-9]+")
_PROPERTY = re.compile(r"\{([\w=]+)\}")
# The groups that are numbered; what only looks like one is passed over.
_GROUPS = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|(\()(?:(?!\?)|\?(<)(?![=!]))", re.DOTALL)
# Of the text; of every line.
_ANCHORS: Final = {
    "^": (r"\A", rf"(?<![^{TERMINATORS}])"),
    "$": (r"\Z", rf"(?![^{TERMINATORS}])"),
}
_MOST_REPEATS = 2**32 - 2


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that is ready, and the numbers of the groups that a name stands for."""

    compiled: re.Pattern[str]
    names: Mapping[str, list[int]]


@lru_cache(maxsize=512)  # a Worker makes few patterns, and each of them often
def compiled(source: str, flags: str) -> Pattern:
    """Translate and compile a pattern.

    Raises:
        PatternError: it is none, or `re` cannot do it.

    """
    reader = _Reader(source, flags)
    translated = reader.translated()
    # Upper and lower case are ASCII's alone where neither the flag nor the pattern knows others.
    options = re.ASCII if reader.is_ascii and not reader.is_unicode else re.UNICODE
    if "i" in flags:
        options |= re.IGNORECASE
    try:
        return Pattern(re.compile(translated, options), reader.names)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(f"pydo cannot run it: {error}") from None


@dataclass(slots=True)
class _Group:
    """A group that is open: its number, what holds in it, in which of its alternatives we are."""

    flags: frozenset[str]
    number: int | None = None
    is_repeatable: bool = True
    branch: int = 0


@dataclass(slots=True)
class _Reader(PatternText):
    is_ascii: bool = True
    names: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    count: int = 0
    _open: list[_Group] = field(default_factory=list[_Group])
    _closed: set[int] = field(default_factory=set[int])
    # Where each named group stands: the groups around it and the alternative of each.
    _places: dict[int, list[tuple[_Group, int]]] = field(
        default_factory=dict[int, list[tuple[_Group, int]]]
    )
    _awaited: set[str] = field(default_factory=set[str])
    _total: int = 0
    _has_names: bool = False

    def translated(self) -> str:
        groups = [found for found in _GROUPS.finditer(self.source) if found[1]]
        self._total, self._has_names = len(groups), any(found[2] for found in groups)
        self._open.append(_Group(frozenset(self.flags)))
        written: list[str] = []
        while self.at < len(self.source):
            written.append(self._part())
        if len(self._open) > 1:
            raise PatternError("Unterminated group")
        if not self._awaited <= self.names.keys():
            raise PatternError("Invalid named capture referenced")
        return "".join(written)

    def _literal(self, char: str) -> str:
        self.is_ascii = self.is_ascii and char.isascii()
        return character(char)

    def _part(self) -> str:
        """Read one part, with what repeats it, and write it as Python does."""
        if _QUANTIFIER.match(self.source, self.at):
            raise PatternError("Nothing to repeat")
        flags = self._open[-1].flags
        match char := self.next():
            case "(":
                return self._opened()
            case "|":
                self._open[-1].branch += 1
                return "|"
            case "^" | "$":
                return self._unrepeated(_ANCHORS[char]["m" in flags])
            case ")":
                return self._group_end()
            case ".":
                return self._repeated(_ANYTHING if "s" in flags else f"[^{TERMINATORS}]")
            case "[":
                return self._repeated(self._class())
            case "\\":
                return self._escaped()
            case "{" | "}" | "]" if self.is_unicode:
                raise PatternError("Lone quantifier brackets")
            case _:
                return self._repeated(self._literal(char))

    def _repeated(self, atom: str) -> str:
        """Write an atom with the quantifier that follows it."""
        found = self.found(_QUANTIFIER)
        if found is None:
            if self.is_unicode and self.source.startswith("{", self.at):
                raise PatternError("Incomplete quantifier")
            return atom
        if found[1] is None:
            return atom + found[0]
        least = min(int(found[1]), _MOST_REPEATS)
        most = min(int(found[3]), _MOST_REPEATS) if found[3] else None
        if most is not None and most < least:
            raise PatternError("numbers out of order in {} quantifier")
        end = "" if most is None else most
        return f"{atom}{{{least}{found[2]}{end}}}{'?' if found[0].endswith('?') else ''}"

    def _unrepeated(self, assertion: str) -> str:
        if _QUANTIFIER.match(self.source, self.at):
            raise PatternError("Nothing to repeat")
        return assertion

    def _opened(self) -> str:
        """Read the beginning of a group, up to its content."""
        flags = self._open[-1].flags
        if not self.take("?"):
            return self._numbered()
        for sign in ("=", "!", "<=", "<!"):
            if self.take(sign):
                is_repeatable = "<" not in sign and not self.is_unicode
                self._open.append(_Group(flags, None, is_repeatable))
                return f"(?{sign}"
        if self.take("<"):
            found = self.found(_NAME)
            if found is None or not self.take(">"):
                raise PatternError("Invalid capture group name")
            return self._numbered(found[0])
        self.at -= 1
        return self._modified()

    def _modified(self) -> str:
        found = self.found(_MODIFIERS)
        on, dash, off = found.groups() if found else ("", "-", "")
        both = on + (off or "")
        if dash and not both:
            raise PatternError("Invalid group")
        if len(set(both)) < len(both):
            raise PatternError("Repeated flag in flag group")
        self._open.append(_Group((self._open[-1].flags | set(on)) - set(off or "")))
        return "(?i:" if "i" in on else "(?-i:" if "i" in (off or "") else "(?:"

    def _numbered(self, name: str | None = None) -> str:
        self.count += 1
        if name is not None:
            place = [(group, group.branch) for group in self._open]
            others = self.names.setdefault(name, [])
            if any(_can_both_be(place, self._places[other]) for other in others):
                raise PatternError("Duplicate capture group name")
            others.append(self.count)
            self._places[self.count] = place
        self._open.append(_Group(self._open[-1].flags, self.count))
        return f"(?P<g{self.count}>"

    def _group_end(self) -> str:
        if len(self._open) == 1:
            raise PatternError("Unmatched ')'")
        group = self._open.pop()
        if group.number is not None:
            self._closed.add(group.number)
        if not group.is_repeatable and _QUANTIFIER.match(self.source, self.at):
            raise PatternError("Invalid quantifier")
        return self._repeated(")")

    def _escaped(self) -> str:
        """Read what follows a backslash outside of brackets."""
        letter = self.next()
        if letter in "bB":
            # Python's own \B is not found in an empty text.
            return self._unrepeated(r"(?a:\b)" if letter == "b" else r"(?!(?a:\b))")
        if letter in "dDwWsS":
            return self._repeated(self._bracketed("", self._named_set(letter)))
        if letter in "pP" and self.is_unicode:
            return self._repeated(self._bracketed(self._property(letter), ""))
        if letter == "k" and (self.is_unicode or self._has_names):
            return self._repeated(self._named_reference())
        if letter in "123456789" and (number := self._reference(letter)) is not None:
            return self._repeated(self._references([number]))
        return self._repeated(self._literal(self.character(letter, in_class=False)))

    def _named_reference(self) -> str:
        found = self.found(_NAME) if self.take("<") else None
        if found is None or not self.take(">"):
            raise PatternError("Invalid named reference")
        self._awaited.add(found[0])
        return self._references(self.names.get(found[0], []))

    def _reference(self, first: str) -> int | None:
        """Read the number of a group, if there is such a group."""
        found = _DIGITS.match(self.source, self.at)
        number = int(first + (found[0] if found else ""))
        if number > self._total:
            return None
        self.at += len(str(number)) - 1
        return number

    def _references(self, numbers: list[int]) -> str:
        """Find again what the groups have taken; those that are still to come have nothing."""
        taken = [f"(?({n})(?P=g{n}))" for n in numbers if n in self._closed]
        return f"(?:{''.join(taken)})"

    def _property(self, letter: str) -> str:
        found = self.found(_PROPERTY)
        if found is None:
            raise PatternError("Invalid property name")
        text = property_set(found[1], is_negated=letter == "P")
        if text is None:
            raise PatternError(f"Invalid property name, or one that pydo does not know: {found[1]}")
        return text

    def _named_set(self, letter: str) -> str:
        return named_set(letter, is_folded=self.is_unicode and "i" in self._open[-1].flags)

    def _class(self) -> str:
        """Read a set in brackets."""
        caret = "^" if self.take("^") else ""
        folded, fixed = "", ""
        while not self.take("]"):
            first = self._member()
            if self.source.startswith("-", self.at) and not self.source.startswith("-]", self.at):
                self.at += 1
                last = self._member()
                if isinstance(first, str) and isinstance(last, str):
                    folded += _range(first, last)
                    continue
                if self.is_unicode:
                    raise PatternError("Invalid character class")
                members = [first, "-", last]
            else:
                members = [first]
            for member in members:
                if isinstance(member, _Set) and member.is_fixed:
                    fixed += member.text
                else:
                    folded += _text(member)
        return self._bracketed(folded, fixed, caret)

    def _bracketed(self, folded: str, fixed: str, caret: str = "") -> str:
        """Write a set of characters whose case may not matter, and of others whose case does."""
        if not folded and not fixed:
            return _ANYTHING if caret else _NOTHING
        if "i" not in self._open[-1].flags:
            return f"[{caret}{folded}{fixed}]"
        if not fixed:
            return f"[{caret}{folded}]"
        if not folded:
            return f"(?-i:[{caret}{fixed}])"
        return f"(?:(?![{folded}])(?-i:[^{fixed}]))" if caret else f"(?:[{folded}]|(?-i:[{fixed}]))"

    def _member(self) -> str | _Set:
        """Read a character, or what stands for several, within brackets."""
        if self.at >= len(self.source):
            raise PatternError("Unterminated character class")
        if "v" in self.flags and self.source.startswith(("[", "--", "&&", "\\q"), self.at):
            raise PatternError("pydo does not know sets within sets")
        char = self.next()
        if char == "\\":
            letter = self.next()
            if letter in "dDwWsS":
                return _Set(self._named_set(letter), is_fixed=True)
            if letter in "pP" and self.is_unicode:
                return _Set(self._property(letter))
            char = "\b" if letter == "b" else self.character(letter, in_class=True)
        self.is_ascii = self.is_ascii and char.isascii()
        return char


@dataclass(frozen=True, slots=True)
class _Set:
    """Several characters, written for within brackets."""

    text: str
    is_fixed: bool = False


def _text(member: str | _Set) -> str:
    return member.text if isinstance(member, _Set) else character(member)


def _range(first: str, last: str) -> str:
    if first > last:
        raise PatternError("Range out of order in character class")
    return f"{character(first)}-{character(last)}"


def _can_both_be(one: list[tuple[_Group, int]], other: list[tuple[_Group, int]]) -> bool:
    """Tell whether two groups can be taken in one match: no alternative keeps them apart."""
    return not any(
        mine is theirs and ours != others for mine, ours in one for theirs, others in other
    )
