"""Positions in nasty TOML, and what is said of text that is not TOML."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from pydo.config.document import KeyPath, spell
from pydo.config.source import SourceFile
from pydo.config.toml import parse, scan
from pydo.errors import ConfigError


def places(text: str) -> dict[str, str]:
    document = parse(SourceFile(Path("wrangler.toml"), text))
    paths = scan(text).names
    return {
        spell(path): f"{document.span(path).line}:{document.span(path).column}" for path in paths
    }


def test_every_kind_of_key_has_its_place() -> None:
    text = dedent("""\
        bare-key_1 = 1
          "quoted" = 2
        'literal' = 3
        "esc\\u0061ped \\"x\\"" = 4
        a . "b c" .d = 5
        3.14 = "pi"
        """)

    assert places(text) == {
        "bare-key_1": "1:1",
        "quoted": "2:3",
        "literal": "3:1",
        '"escaped \\"x\\""': "4:1",
        "a": "5:1",
        'a."b c"': "5:5",
        'a."b c".d': "5:12",
        "3": "6:1",
        "3.14": "6:3",
    }


@pytest.mark.parametrize(
    "value",
    [
        '"# no comment [no.header] \\" = \\\\"',
        "'# no comment \\'",
        '""',
        "''",
        '""""""',
        "''''''",
        '"""\n[no.header]\nno_key = 1 # none\n"""',
        '"""a \\""" b"""',
        '"""one""""',
        '"""two"""""',
        '""""first and last""""',
        '"""\\\n   folded \\\\"""',
        "'''\n[[no.array]]\n\"\"\" = 1\n'''",
        "'''one''''",
        "'''two'''''",
        "''''first and last''''",
        "[]",
        "[ # a comment ] \n]",
        '[ "]", \'[\', [1, [2]], {a = "}"}, ]',
        "[\n  1, # ],\n  2\n  ,\n]",
        "{}",
        '{ a = "}", b.c = [{}], "d" = 1 }',
        "1979-05-27 07:32:00.5-07:00 # [comment]",
        "+1_000.5e-3",
        "-inf",
        "0xdead_beef",
        "true # = false",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\n\n", " # end\n"])
def test_what_follows_a_value_is_found(value: str, newline: str) -> None:
    text = f"key = {value}{newline}after = 1"

    document = parse(SourceFile(Path("x"), text))

    assert document.values["after"] == 1
    assert document.span(("after",)).line == text.count("\n") + 1
    assert {path[0] for path in scan(text).names} == {"key", "after"}


def test_tables_and_arrays_of_tables_have_the_places_of_their_headers() -> None:
    text = dedent("""\
        [a.b.c]   # implies a and a.b
        x = 1
        [ a ]
        y = 2
        [[migrations]]
        tag = "v1"
        [[migrations.steps]]
        n = 1
          [[ migrations . "steps" ]]
        n = 2
        [migrations.steps.deep]
        z = 1
        [[migrations]]
        tag = "v2"
        [[migrations.steps]]
        n = 3
        """)

    assert places(text) == {
        "a": "3:1",
        "a.b": "1:1",
        "a.b.c": "1:1",
        "a.b.c.x": "2:1",
        "a.y": "4:1",
        "migrations": "5:1",
        "migrations[0]": "5:1",
        "migrations[0].tag": "6:1",
        "migrations[0].steps": "7:1",
        "migrations[0].steps[0]": "7:1",
        "migrations[0].steps[0].n": "8:1",
        "migrations[0].steps[1]": "9:3",
        "migrations[0].steps[1].n": "10:1",
        "migrations[0].steps[1].deep": "11:1",
        "migrations[0].steps[1].deep.z": "12:1",
        "migrations[1]": "13:1",
        "migrations[1].tag": "14:1",
        "migrations[1].steps": "15:1",
        "migrations[1].steps[0]": "15:1",
        "migrations[1].steps[0].n": "16:1",
    }


def test_inline_values_over_several_lines_have_their_places() -> None:
    text = dedent("""\
        durable_objects.bindings = [
          # the first
          { name = "A", class_name = "Aye" }, { name = "B",
            class_name = "Bee" },  # TOML 1.1 allows line ends in here
          [ "x", [ "y" ] ],
        ]
        """)

    assert places(text) == {
        "durable_objects": "1:1",
        "durable_objects.bindings": "1:17",
        "durable_objects.bindings[0]": "3:3",
        "durable_objects.bindings[0].name": "3:5",
        "durable_objects.bindings[0].class_name": "3:17",
        "durable_objects.bindings[1]": "3:39",
        "durable_objects.bindings[1].name": "3:41",
        "durable_objects.bindings[1].class_name": "4:5",
        "durable_objects.bindings[2]": "5:3",
        "durable_objects.bindings[2][0]": "5:5",
        "durable_objects.bindings[2][1]": "5:10",
        "durable_objects.bindings[2][1][0]": "5:12",
    }


def test_every_value_that_tomli_reads_has_a_place() -> None:
    text = dedent('''\
        # leading comment [x]
        title = """
        [fake]
        a = 1"""
        deep = { a = { b = [ { c = 1 }, { "d.e" = [ [ ], [ {} ] ] } ] } }
        [t."x.y".'z']
        k.l.m = [ 1, # one
                  2 ]
        [[t.list]]
        [[t.list]]
        k = { v = """x""" }
        [t.list.sub]
        s = \'\'\'
        [[t.list]]\'\'\'
        [[t.list]]
        [u]
        ''')

    document = parse(SourceFile(Path("x"), text))

    assert set(scan(text).names) == set(walk(document.values, ()))


def walk(value: object, path: KeyPath) -> list[KeyPath]:
    found = [path] if path else []
    if isinstance(value, dict):
        items: list[tuple[str | int, object]] = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    else:
        return found
    return found + [inner for key, each in items for inner in walk(each, (*path, key))]


def test_columns_count_characters_and_not_bytes() -> None:
    assert places('k = { "日本" = "語", x = 1 }')["k.x"] == "1:19"


def test_an_unknown_path_has_the_place_of_what_is_around_it() -> None:
    document = parse(SourceFile(Path("x"), "\na = 1\n[[b]]\nc = { d = 1 }\n"))

    assert document.span(("b", 0, "c", "e", 3)).line == 4
    assert document.span(("b", 0, "e")).line == 3
    assert document.span(("z",)).line == 1
    assert document.span(()).line == 1


def test_a_scanner_that_is_lost_keeps_what_it_found() -> None:
    assert names("a = 1\n= 2\nb = 3") == {("a",): 0}
    assert names("a = [1, 2") == {("a",): 0, ("a", 0): 5, ("a", 1): 8}
    assert names("a = 1\nb 2") == {("a",): 0, ("b",): 6}
    assert names("a = " + "[" * 5000)[("a",)] == 0


def names(text: str) -> dict[KeyPath, int]:
    return {path: place.start for path, place in scan(text).names.items()}


def test_names_and_values_have_their_widths() -> None:
    text = 'a . "b" = [ 1, "xy" ] # c\nd = 1.5  # e\n[[ t . u ]]\nv = { w = true }\n'
    found = scan(text)

    def texts(places: dict[KeyPath, range]) -> dict[str, str]:
        return {spell(path): text[each.start : each.stop] for path, each in places.items()}

    assert texts(found.names) == {
        "a": "a",
        "a.b": '"b"',
        "a.b[0]": "1",
        "a.b[1]": '"xy"',
        "d": "d",
        "t": "[[ t . u ]]",
        "t.u": "[[ t . u ]]",
        "t.u[0]": "[[ t . u ]]",
        "t.u[0].v": "v",
        "t.u[0].v.w": "w",
    }
    assert texts(found.values) == {
        "a.b": '[ 1, "xy" ]',
        "d": "1.5",
        "t.u[0].v.w": "true",
        "t.u[0].v": "{ w = true }",
    }


def test_a_path_is_spelled_as_in_toml() -> None:
    assert spell(("durable_objects", "bindings", 0, "class_name")) == (
        "durable_objects.bindings[0].class_name"
    )
    assert spell(("vars", "a b", "日本", "", 1, 2)) == 'vars."a b"."日本".""[1][2]'
    assert spell(()) == ""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "main = index.py\n",
            '1:8: Invalid value, found `index.py`.\n  text stands between quotes: key = "text"',
        ),
        ("\n\nport = = 1", "3:8: Invalid value, found `=`.\n  text stands"),
        (
            'a = 1\nname = "abc\nb = 2',
            "2:12: Illegal character '\\n', found the end of the line.\n  a string ends with its",
        ),
        ("a = 1\na = 2\n", "2:1: Cannot overwrite a value, found `a = 2`.\n  a key or table is"),
        ("a.b = 1\na = 2", "2:1: Cannot overwrite a value, found `a = 2`.\n  a key or table is"),
        (
            '[a."b c"]\n[a."b c"]\n',
            '2:1: Cannot declare a.b c twice, found `[a."b c"]`.\n  a key or table is set once',
        ),
        ("[a\n", "1:3: Expected ']' at the end of a table declaration, found the end of the line."),
        ("a = '''x\n\n", "1:9: Expected \"'''\", found the end of the file."),
        ("a = [1,\n2 3]", "2:3: Unclosed array, found `3`."),
        (
            "port = 1.2.3",
            "1:11: Expected newline or end of document after a statement, found `.3`.",
        ),
    ],
)
def test_text_that_is_not_toml_is_shown_with_its_place_and_words(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(SourceFile(Path("wrangler.toml"), text))

    text = re.sub(r"\n    \d+ │ .*\n.*╵.*", "", str(caught.value))
    assert text.startswith(f"wrangler.toml:{problem}")
    assert caught.value.diagnostics.has_errors


def test_numbers_and_nesting_beyond_all_measure_are_problems_of_the_file() -> None:
    for text in (f"a = 1{'0' * 5000}", "a = " + "[" * 100_000):
        with pytest.raises(ConfigError, match=r"^wrangler\.toml:1:1: "):
            parse(SourceFile(Path("wrangler.toml"), text))


def test_only_a_table_with_a_header_swallows_keys() -> None:
    document = parse(
        SourceFile(
            Path("x"),
            "dev = { main = 1 }\n[env.a]\nmain = 2\n[[migrations]]\nmain = 3\n",
        )
    )

    assert document.has_header(("migrations", 0))
    assert not document.has_header(("dev",))
    assert not document.has_header(("nothing",))
    assert document.swallowed("main") == ("migrations", 0)
    assert document.swallowed("name") is None
