"""The text of a JavaScript pattern, as it is read: character by character, escapes as well."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["PatternError", "PatternText"]

_HEX = "[0-9A-Fa-f]"
_CODE = re.compile(rf"\{{(0*{_HEX}{{1,6}})\}}")
_UNIT = re.compile(rf"({_HEX}{{4}})")
_PAIR = re.compile(rf"([dD][89abAB]{_HEX}{{2}})\\u([dD][c-fC-F]{_HEX}{{2}})")
_BYTE = re.compile(f"({_HEX}{{2}})")
_OCTAL = re.compile(r"[0-3][0-7]{0,2}|[4-7][0-7]?")
_CONTROL, _CONTROL_IN_CLASS = re.compile("[A-Za-z]"), re.compile("[A-Za-z0-9_]")
_CONTROLS: Final = {"t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"}
_SYNTAX: Final = frozenset(r"^$\.*+?()[]{}|/")
_MOST_CODE = 0x10FFFF


class PatternError(Exception):
    """A pattern that JavaScript, or pydo, does not take; its text says why, in V8's words."""


@dataclass(slots=True)
class PatternText:
    """A pattern, its flags, and how far it is read."""

    source: str
    flags: str
    at: int = 0

    @property
    def is_unicode(self) -> bool:
        """Whether the stricter grammar of the flags `u` and `v` holds."""
        return "u" in self.flags or "v" in self.flags

    def take(self, text: str) -> bool:
        """Pass over a text, and tell whether it stood there."""
        is_there = self.source.startswith(text, self.at)
        self.at += len(text) if is_there else 0
        return is_there

    def found(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Pass over what is found here, if it is."""
        found = pattern.match(self.source, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def next(self) -> str:
        """Read a character; only after a backslash it may be missing."""
        if self.at >= len(self.source):
            raise PatternError("\\ at end of pattern")
        self.at += 1
        return self.source[self.at - 1]

    def character(self, letter: str, *, in_class: bool) -> str:
        """Read the one character that an escape stands for, after its first letter."""
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter in "0123456789":
            return self._octal(letter, in_class=in_class)
        if letter == "c":
            return self._control(in_class=in_class)
        if letter in "xu":
            code = self._code(letter)
            if code is not None:
                return chr(code)
        if self.is_unicode and letter not in _SYNTAX and not (in_class and letter == "-"):
            raise PatternError("Invalid Unicode escape" if letter == "u" else "Invalid escape")
        return letter

    def _code(self, letter: str) -> int | None:
        if letter == "x":
            found = self.found(_BYTE)
            return int(found[1], 16) if found else None
        if self.is_unicode and (found := self.found(_CODE)):
            code = int(found[1], 16)
            if code > _MOST_CODE:
                raise PatternError("Invalid Unicode escape")
            return code
        if found := self.found(_PAIR):
            high, low = int(found[1], 16), int(found[2], 16)
            return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
        found = self.found(_UNIT)
        return int(found[1], 16) if found else None

    def _control(self, *, in_class: bool) -> str:
        char = self.source[self.at : self.at + 1]
        signs = _CONTROL if self.is_unicode or not in_class else _CONTROL_IN_CLASS
        if signs.fullmatch(char):
            self.at += 1
            return chr(ord(char) % 32)
        if self.is_unicode:
            raise PatternError("Invalid Unicode escape")
        self.at -= 1  # the backslash stands for itself, and the letter too
        return "\\"

    def _octal(self, digit: str, *, in_class: bool) -> str:
        is_followed = self.source[self.at : self.at + 1].isdecimal()
        if digit == "0" and not is_followed:
            return "\0"
        if self.is_unicode:
            plain = "Invalid decimal escape" if digit == "0" else "Invalid escape"
            raise PatternError("Invalid class escape" if in_class and digit < "8" else plain)
        self.at -= 1
        found = self.found(_OCTAL)
        return chr(int(found[0], 8)) if found else self.next()
