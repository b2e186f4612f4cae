"""JSON with comments: its values, their positions, and what is said of text that is none."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from pydo.config.document import KeyPath, spell
from pydo.config.jsonc import parse
from pydo.config.source import SourceFile
from pydo.errors import ConfigError

TEXT = """\
// the Worker
{
  "name": "app", /* here */ "main":
    "src/entry.py",
  "vars": {"A": 1.5e1, "B": [true, null, -0, {"c": "\\u00e9\\n"}],},
  "migrations": [
    // one
    {"tag": "v1"},
    {"tag": "v2", },
  ],
  "日本": {},
}
// the end"""


def read(text: str) -> object:
    return parse(SourceFile(Path("wrangler.jsonc"), text)).values


def test_comments_and_trailing_commas_are_no_part_of_the_values() -> None:
    assert read(TEXT) == {
        "name": "app",
        "main": "src/entry.py",
        "vars": {"A": 15.0, "B": [True, None, 0, {"c": "é\n"}]},
        "migrations": [{"tag": "v1"}, {"tag": "v2"}],
        "日本": {},
    }


def test_every_key_and_element_has_its_place() -> None:
    document = parse(SourceFile(Path("wrangler.jsonc"), TEXT))

    def place(*path: str | int) -> str:
        name, value = document.span(path), document.value_span(path)
        return f"{name.line}:{name.column} {value.line}:{value.column} {name.width} {value.width}"

    assert place("name") == "3:3 3:11 6 5"
    assert place("main") == "3:29 4:5 6 14"
    assert place("vars", "A") == "5:12 5:17 3 5"
    assert place("vars", "B", 0) == "5:30 5:30 4 4"
    assert place("vars", "B", 3, "c") == "5:47 5:52 3 10"
    assert place("migrations", 1, "tag") == "9:6 9:13 5 4"
    assert place("migrations", 1, "new") == "9:5 9:5 15 15"
    assert place() == "2:1 2:1 1 1"
    assert not document.has_header(("migrations", 0))


def test_of_a_key_that_stands_twice_the_last_one_counts() -> None:
    document = parse(SourceFile(Path("x"), '{"a": {"b": 1}, "c": 2, "a": {"d": [3]}}'))

    assert document.values == {"a": {"d": [3]}, "c": 2}
    assert document.span(("a", "b")).column == 25
    assert document.span(("a", "d", 0)).column == 37
    assert {spell(path): span.column for path, span in document.repeated().items()} == {"a": 2}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            '{\n  "main": index.py\n}',
            """\
            2:11: A value is missing, found `index.py`.
                2 │   "main": index.py
                  ╵           ^^^^^^^^
              text stands between double quotes
            """,
        ),
        (
            '{\n  "name": "a"  // and\n\n  "main": "b"\n}',
            """\
            2:13: A comma is missing after this, or a }.
                2 │   "name": "a"  // and
                  ╵             ^
            """,
        ),
        (
            '{"a": [1 2]}',
            """\
            1:8: A comma is missing after this, or a ].
                1 │ {"a": [1 2]}
                  ╵        ^
            """,
        ),
        (
            "{name: 1}",
            """\
            1:2: A key is missing, found `name`.
                1 │ {name: 1}
                  ╵  ^^^^
              keys stand between double quotes
            """,
        ),
        (
            "{'name': 1}",
            """\
            1:2: A key is missing, found `'name'`.
                1 │ {'name': 1}
                  ╵  ^^^^^^
              keys stand between double quotes
            """,
        ),
        (
            '{"a" 1}',
            """\
            1:6: A colon is missing after "a", found `1`.
                1 │ {"a" 1}
                  ╵      ^
            """,
        ),
        (
            '{"a": "b\n}',
            """\
            1:7: A string has no end, found `"`.
                1 │ {"a": "b
                  ╵       ^
              it ends with its quote on the line where it begins
            """,
        ),
        (
            '{"a": "x\\q"}',
            """\
            1:9: Not allowed in a string: Invalid \\escape, found `\\`.
                1 │ {"a": "x\\q"}
                  ╵         ^
            """,
        ),
        (
            '{"a": {"b": 1}\n',
            """\
            1:1: The file ends before the } that belongs to this.
                1 │ {"a": {"b": 1}
                  ╵ ^
            """,
        ),
        (
            '{"a": [1,',
            """\
            1:7: The file ends before the ] that belongs to this.
                1 │ {"a": [1,
                  ╵       ^
            """,
        ),
        (
            "{} {}",
            """\
            1:4: The file goes on after its object, found `{`.
                1 │ {} {}
                  ╵    ^
              remove what follows the last }
            """,
        ),
        (
            '{"a": 1} /* x',
            """\
            1:10: A comment has no end, found `/`.
                1 │ {"a": 1} /* x
                  ╵          ^
              it ends with */
            """,
        ),
        (
            " \n",
            """\
            1:1: A value is missing, found the end of the file.
                1 │
                  ╵ ^
            """,
        ),
        (
            "[1]",
            """\
            1:1: A configuration is an object.
                1 │ [1]
                  ╵ ^
              put it between { and }
            """,
        ),
        (
            '{"a": 007}',
            """\
            1:7: A value is missing, found `007`.
                1 │ {"a": 007}
                  ╵       ^^^
            """,
        ),
        (
            '{,"a": 1}',
            """\
            1:2: A key is missing, found `,`.
                1 │ {,"a": 1}
                  ╵  ^
              keys stand between double quotes
            """,
        ),
    ],
)
def test_text_that_is_not_json_is_shown_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)

    expected = dedent(problem).removesuffix("\n")
    assert str(caught.value) == f"wrangler.jsonc:{expected}"


def test_nesting_beyond_all_measure_is_a_problem_of_the_file() -> None:
    with pytest.raises(ConfigError, match="nested too deeply"):
        read('{"a": ' + "[" * 100_000)


def test_every_value_has_a_place() -> None:
    document = parse(SourceFile(Path("x"), TEXT))

    missing = [
        path
        for path in _walk(document.values, ())
        if path and document.span(path) == document.span(path[:-1])
    ]

    assert missing == []


def _walk(value: object, path: KeyPath) -> list[KeyPath]:
    items: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [path] + [inner for key, each in items for inner in _walk(each, (*path, key))]
