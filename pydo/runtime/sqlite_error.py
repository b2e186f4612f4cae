"""What a Worker sees of an error of SQLite's or of the disk's.

Source: src/workerd/util/sqlite.c++.
"""

from __future__ import annotations

import errno
import re
from typing import Any, NoReturn

import apsw

from pydo.errors import JsException

__all__ = ["constraints_violated", "disk_error", "raise_sqlite_error", "sqlite_error"]

# Where APSW's SQLite has other words than workerd's, or functions that workerd's is built without.
_WORDS = (
    (re.compile("^triggers nested too deep$"), "too many levels of trigger recursion"),
    (
        re.compile(
            "^not authorized to use function: (fts3_tokenizer|geopoly_.*|matchinfo|median|offsets"
            "|optimize|percentile.*)$"
        ),
        r"no such function: \1",
    ),
)


def raise_sqlite_error(error: apsw.Error, hint: str = "") -> NoReturn:
    """Raise what a Worker sees of an SQLite error; `hint` is what pydo has to add."""
    raise sqlite_error(error, hint) from error


def sqlite_error(error: apsw.Error, hint: str = "") -> JsException:
    """Give what a Worker sees of an SQLite error.

    The form is `<text>[ at offset <n>]: <code>[ (extended: <code>)]`: src/workerd/util/sqlite.c++.
    """
    text = str(error).split(": ", 1)[-1] if str(error).startswith("SQLITE") else str(error)
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    code = _code_name(getattr(error, "result", 0))  # not declared in apsw's stubs
    extended = _code_name(getattr(error, "extendedresult", 0))
    suffix = f" (extended: {extended})" if extended not in (code, "") else ""
    offset = getattr(error, "error_offset", -1)
    place = f" at offset {offset}" if offset >= 0 and code != "SQLITE_AUTH" else ""
    return JsException("Error", f"{text}{place}: {code}{suffix}{hint}")


def disk_error(error: OSError) -> JsException:
    """Give what a Worker sees of a file that cannot be made."""
    if error.errno == errno.ENOSPC:
        return JsException("Error", "database or disk is full: SQLITE_FULL")
    return JsException("Error", "unable to open database file: SQLITE_CANTOPEN")


def constraints_violated() -> JsException:
    """Give why an object is reset whose deferred constraints do not hold when a turn ends."""
    return JsException(
        "Error",
        "Durable Object was reset and rolled back to its last known good state because the"
        " application left the database in a state where constraints were violated: FOREIGN KEY"
        " constraint failed: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_FOREIGNKEY)",
    )


def _code_name(code: int) -> str:
    names: dict[int | str, Any] = {
        **apsw.mapping_result_codes,
        **apsw.mapping_extended_result_codes,
    }
    return str(names.get(code, ""))
