"""SQL text as statements: where each of them ends, and what stands between them."""

from __future__ import annotations

import random

import pytest

from pydo.errors import JsException
from pydo.runtime.statement import statements

TRIGGER = "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT ';'; DELETE FROM t; END"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;", ["SELECT 1;"]),
        ("SELECT 1; \n\t", ["SELECT 1;"]),
        ("SELECT 1;   SELECT 2", ["SELECT 1;", "SELECT 2"]),
        ("SELECT ';' ;SELECT \";\";SELECT `;`;SELECT [;]", 4),
        ("SELECT 'it''s; ';SELECT 2", ["SELECT 'it''s; ';", "SELECT 2"]),
        ("SELECT 1 -- ;\n;SELECT /* ; */ 2", ["SELECT 1 -- ;\n;", "SELECT /* ; */ 2"]),
        (f"{TRIGGER}; SELECT 1", [f"{TRIGGER};", "SELECT 1"]),
        (f"{TRIGGER}", [TRIGGER]),
        ("SELECT 'open; SELECT 2", ["SELECT 'open; SELECT 2"]),
        (";; SELECT 1", [";; SELECT 1"]),
        ("", [""]),
    ],
)
def test_text_is_split_where_statements_end(text: str, expected: list[str] | int) -> None:
    found = [statement.text for statement in statements(text)]

    assert (len(found) if isinstance(expected, int) else found) == expected


@pytest.mark.parametrize(
    "text", ["", ";", "  ", "-- x", "/* x", "; ;", "SELECT 1;;", "SELECT 1; -- x"]
)
def test_45_the_last_statement_may_be_blank(text: str) -> None:
    *before, last = statements(text)

    assert last.is_blank
    assert not any(statement.is_blank for statement in before)


def test_text_ends_for_sqlite_at_a_nul() -> None:
    first, last = statements("SELECT 1\0 SELECT 2")

    assert (first.text, first.is_blank, last.is_blank) == ("SELECT 1", False, True)


def test_60_text_may_have_100_000_bytes() -> None:
    assert len(statements("SELECT 1" + " " * 99_992)) == 1

    for text in ("SELECT 1" + " " * 99_993, f"SELECT '{'é' * 50_000}'"):
        with pytest.raises(JsException, match="statement too long: SQLITE_TOOBIG"):
            statements(text)


def test_a_long_run_of_blanks_takes_no_time() -> None:
    text = " ;\n" * 30_000 + "x"

    assert [statement.is_blank for statement in statements(text)] == [False]


@pytest.mark.parametrize(
    ("text", "limited", "renamed"),
    [
        ("DELETE FROM t LIMIT 1", True, False),
        ("/* x */ update t SET a = 1\nORDER BY a LIMIT 1", True, False),
        ("WITH x AS (SELECT 1) DELETE FROM t LIMIT 1", True, False),
        ("SELECT 1 LIMIT 1", False, False),
        ('ALTER TABLE t RENAME TO "_CF_t"', False, True),
        ("ALTER TABLE t RENAME a TO _cf_a", False, False),
    ],
)
def test_what_sqlite_cannot_tell_is_told_from_the_text(
    text: str, *, limited: bool, renamed: bool
) -> None:
    (statement,) = statements(text)

    assert statement.is_limited_change is limited
    assert statement.renames_to_reserved is renamed


def test_statements_are_found_whatever_stands_between_them() -> None:
    given = ["SELECT 1", "SELECT ';'", 'SELECT "a;"', "SELECT 1 -- ; x\n", "SELECT [;]", TRIGGER]
    between = [";", "; ", ";\n", "; -- ; '\n", ";/* ; */", ";;", " ; ;\t"]
    chance = random.Random(7)  # noqa: S311 - texts, not secrets

    for _ in range(2000):
        chosen = chance.choices(given, k=chance.randrange(1, 6))
        text = "".join(part + chance.choice(between) for part in chosen)
        found = [each.text for each in statements(text) if not each.is_blank]
        assert len(found) == len(chosen), text
        assert all(part in each for part, each in zip(chosen, found, strict=True)), text
