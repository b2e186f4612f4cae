"""The text of `.env` and `.dev.vars` files, as the npm packages of wrangler read it.

Those are dotenv 16 (`lib/main.js`, `parse`) and dotenv-expand 12 (`lib/main.js`, `expand`).
Python's own reader of such files judges comments, quotes and backslashes otherwise: of `A=b#c` it
makes `b#c`, and these make `b`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["expand", "parse"]

# A value may begin on the line after its key, and a quoted one may go over several lines.
_PAIR = re.compile(
    r"""
    ^ \s* (?: export \s+ )? (?P<key> [A-Za-z0-9_.-]+ )
    (?: \s* = | : \s )
    (?P<value>
        \s* (?P<quote> ['"`] ) (?: \\(?P=quote) | (?! (?P=quote) ) . )* (?P=quote)
      | [^#\n]+
    )?
    \s* (?: \# [^\n]* )? $
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)


def parse(text: str) -> dict[str, str]:
    """Read the pairs of a text; what is no pair is passed over, and of one key the last counts."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return {
        match["key"]: _unquoted((match["value"] or "").strip()) for match in _PAIR.finditer(text)
    }


def expand(values: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    r"""Put the values in for `$NAME` and `${NAME}` (also `:-`, `-`, `:+` and `+`) in one another.

    A name stands for what `environ` says, or else for a value that came before; `\$` is a dollar.
    What `environ` says of a key goes before the value itself.
    """
    expanded: dict[str, str] = {}
    for key, value in values.items():
        given = environ.get(key) or _expanded(value, {**expanded, **environ})
        expanded[key] = given.replace(r"\$", "$")
    return expanded


def _unquoted(value: str) -> str:
    first = value[:1]
    if first and first in "'\"`" and len(value) > 1 and value.endswith(first):
        value = value[1:-1]
    if first == '"':
        return value.replace(r"\n", "\n").replace(r"\r", "\r")
    return value


_REFERENCE = re.compile(r"(?<!\\) \$ (?: \{ ([^{}]+) \} | ([A-Za-z_][A-Za-z0-9_]*) )", re.VERBOSE)
_OPERATOR = re.compile(r":\+|\+|:-|-")


def _expanded(value: str, known: Mapping[str, str]) -> str:
    seen: set[str] = set()
    while (match := _REFERENCE.search(value)) is not None and value not in seen:
        seen.add(value)
        name, operator, rest = _split(match[1] or match[2])
        found = known.get(name, "")
        if operator.endswith("+"):
            put = rest if found else ""
        else:
            # A value that leads back to itself counts as none.
            put = found if found and found not in seen else rest
        value = value[: match.start()] + put + value[match.end() :]
    return value


def _split(expression: str) -> tuple[str, str, str]:
    operator = _OPERATOR.search(expression)
    if operator is None:
        return expression, "", ""
    return expression[: operator.start()], operator[0], expression[operator.end() :]
