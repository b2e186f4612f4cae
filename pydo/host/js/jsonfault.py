"""What is wrong with a text that is no JSON, in V8's words."""

from __future__ import annotations

import re

__all__ = ["bare_constant", "explain", "unexpected"]

_LONG = 40
_CONTEXT = 10


def bare_constant(text: str) -> int:
    """Tell where a word stands that Python's JSON knows and JavaScript's does not."""
    places = [text.find(word) for word in ("NaN", "Infinity", "-Infinity")]
    return min(place for place in places if place >= 0)


def explain(text: str, message: str, position: int) -> str:  # noqa: C901 - a table of V8's texts
    """Say what is wrong, by what Python's decoder says of it and where."""
    number = _broken_number(text, message, position)
    if number is not None:
        return number
    if message == "Expecting value" and (position >= len(text) or text[position:] in _BEGUN_WORDS):
        return "Unexpected end of JSON input"
    if "Unterminated" in message:
        return f"Unterminated string in JSON {_place(text, len(text))}"
    after_comma = text[:position].rstrip().endswith(",")
    if "property name" in message or "trailing comma before end of object" in message:
        if text[position : position + 1] == ",":
            position += 1 + len(text[position + 1 :]) - len(text[position + 1 :].lstrip())
            after_comma = True
        expected = "double-quoted property name" if after_comma else "property name or '}'"
        return f"Expected {expected} in JSON {_place(text, position)}"
    if "trailing comma" in message:
        position += 1 + len(text[position + 1 :]) - len(text[position + 1 :].lstrip())
        return unexpected(text, position)
    for part, words in _MESSAGES.items():
        if part in message:
            return f"{words} in JSON {_place(text, position)}"
    if "Extra data" in message:
        if text[0] == "0" and text[position].isdigit():
            return f"Unexpected number in JSON {_place(text, position)}"
        return f"Unexpected non-whitespace character after JSON {_place(text, position)}"
    if "',' delimiter" in message:
        container = "',' or '}' after property value"
        if _innermost(text[:position]) == "[":
            container = "',' or ']' after array element"
        return f"Expected {container} in JSON {_place(text, position)}"
    return unexpected(text, position)


def _broken_number(text: str, message: str, position: int) -> str | None:
    """Say what a number lacks that breaks off at a position; None if none does."""
    sign = text[position : position + 1]
    if sign == "-" and message == "Expecting value":
        return f"No number after minus sign in JSON {_place(text, position + 1)}"
    begun = _BEGUN_NUMBER.search(text[:position])
    if begun is None:
        return None
    if sign == "." and begun[1] is None:
        return f"Unterminated fractional number in JSON {_place(text, position + 1)}"
    if sign in {"e", "E"}:
        end = position + 1 + (text[position + 1 : position + 2] in {"+", "-"})
        return f"Exponent part is missing a number in JSON {_place(text, end)}"
    return None


_BEGUN_NUMBER = re.compile(r"(?:^|[\s\[,:])-?\d+(\.\d+)?$")
_BEGUN_WORDS = frozenset(
    word[:length] for word in ("true", "false", "null") for length in range(1, len(word))
)
_MESSAGES = {
    "':' delimiter": "Expected ':' after property name",
    "control character": "Bad control character in string literal",
    "escape": "Bad escaped character",
}


def _place(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    return f"at position {position} (line {line} column {column})"


def unexpected(text: str, position: int) -> str:
    """Say that something stands where it must not."""
    if text in {"undefined", "NaN", "Infinity", "[object Object]"}:
        return f'"{text}" is not valid JSON'
    position += _begun(text, position)
    if position == len(text):
        return "Unexpected end of JSON input"
    token = text[position]
    if len(text) <= _LONG:
        return f"Unexpected token '{token}', \"{text}\" is not valid JSON"
    start, end = max(position - _CONTEXT, 0), position + _CONTEXT
    before = "..." if start else ""
    after = "... " if end < len(text) else " "
    return f"Unexpected token '{token}', {before}\"{text[start:end]}\"{after}is not valid JSON"


def _begun(text: str, position: int) -> int:
    """Tell how many characters of a literal stand there, before it goes wrong."""
    for literal in ("true", "false", "null"):
        length = len(literal)
        while length and not text.startswith(literal[:length], position):
            length -= 1
        if length:
            return length
    return 0


def _innermost(text: str) -> str:
    open_: list[str] = []
    quoted = escaped = False
    for char in text:
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = char == "\\", char != '"'
        elif char == '"':
            quoted = True
        elif char in "[{":
            open_.append(char)
        elif char in "]}" and open_:
            open_.pop()
    return open_[-1] if open_ else ""
