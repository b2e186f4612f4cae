"""Patterns find what they find in workerd, from which each answer was read."""

from __future__ import annotations

from typing import Any

import pytest

from pydo.errors import JsException
from pydo.host.js.regexp import RegExp
from pydo.host.js.string import String


@pytest.mark.parametrize(
    ("source", "flags", "text", "found"),
    [
        (r"\s", "", "\xa0", True),
        (r"\s", "", "\ufeff", True),
        (r"[\S]", "", "\u2028", False),
        (".", "", "\r", False),
        (".", "", "\u2028", False),
        (".", "s", "\r", True),
        ("^b$", "m", "a\rb\u2029c", True),
        ("a$", "", "a\n", False),
        ("é", "i", "É", True),
        ("s", "i", "\u017f", False),
        ("s", "iu", "\u017f", True),
        (r"\W", "iu", "i", False),
        (r"[\W_]", "iu", "K", False),
        (r"\w", "u", "é", False),
        (r"\d", "u", "٣", False),
        (r"é\b", "", "é", False),
        (r"\B", "", "", True),
        (r"\Aa", "", "Aa", True),
        (r"a\Z", "", "aZ", True),
        (r"\cJ", "", "\n", True),
        (r"\c", "", "\\c", True),
        (r"[\b]", "", "\b", True),
        (r"\101\8", "", "A8", True),
        ("a{,2}", "", "a{,2}", True),
        ("a{", "", "a{", True),
        ("[[a]&&", "", "a&&", True),
        (r"[\w-z]", "", "-", True),
        (r"\u{2}", "", "uu", True),
        (r"\p{Lu}", "u", "É", True),
        (r"[^\P{Letter}]", "u", "٣", False),
        (r"(a)?\1b", "", "b", True),
        (r"\1(a)", "", "a", True),
        (r"(?<$x>a)\k<$x>", "", "aa", True),
        ("(?i:a)b", "", "Ab", True),
        ("(?i:a)b", "", "AB", False),
        ("(?-i:a)b", "i", "AB", False),
        ("(?<y>a)|(?<y>b)", "", "b", True),
    ],
)
def test_a_pattern_finds_what_it_does_in_javascript(
    source: str, flags: str, text: str, found: object
) -> None:
    assert RegExp.new(source, flags).test(text) is found


@pytest.mark.parametrize(
    ("source", "flags", "words"),
    [
        ("a++", "", "Nothing to repeat"),
        ("x*+", "", "Nothing to repeat"),
        (r"\b+", "", "Nothing to repeat"),
        ("(?i)a", "", "Invalid group"),
        ("(?#c)a", "", "Invalid group"),
        ("(?P<n>a)", "", "Invalid group"),
        ("(?i-i:a)", "", "Repeated flag in flag group"),
        ("(?<1>a)", "", "Invalid capture group name"),
        ("(?<y>a)(?<y>b)", "", "Duplicate capture group name"),
        (r"(?<b>)\k<a>", "", "Invalid named capture referenced"),
        ("a{2,1}", "", "numbers out of order in {} quantifier"),
        ("(?<=a)*", "", "Invalid quantifier"),
        ("[b-a]", "", "Range out of order in character class"),
        ("[a", "", "Unterminated character class"),
        ("(", "", "Unterminated group"),
        (")", "", "Unmatched ')'"),
        ("\\", "", "\\ at end of pattern"),
        (r"\A", "u", "Invalid escape"),
        (r"\1", "u", "Invalid escape"),
        (r"\00", "u", "Invalid decimal escape"),
        (r"[\1]", "u", "Invalid class escape"),
        (r"\u{110000}", "u", "Invalid Unicode escape"),
        (r"[a-\d]", "u", "Invalid character class"),
        ("{", "u", "Lone quantifier brackets"),
        ("a{", "u", "Incomplete quantifier"),
        (r"\p", "u", "Invalid property name"),
    ],
)
def test_what_is_no_pattern_is_refused_in_v8s_words(source: str, flags: str, words: str) -> None:
    with pytest.raises(JsException) as refused:
        RegExp.new(source, flags)

    assert refused.value.name == "SyntaxError"
    assert refused.value.message == f"Invalid regular expression: /{source}/{flags}: {words}"


def test_flags_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(JsException, match="Invalid flags supplied to RegExp constructor 'uv'"):
        RegExp.new("a", "uv")


def test_what_re_cannot_run_is_said_to_be_pydos() -> None:
    with pytest.raises(JsException, match="pydo cannot run it: look-behind requires fixed-width"):
        RegExp.new("(?<=a+)b")


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "shape", "result"),
    [
        ("(b)", "", "abc", "$10|$01|$00|$0|$1", "ab0|b|$00|$0|bc"),
        ("|a", "g", "a", "-", "-a-"),
        ("a", "y", "aab", "-", "-ab"),
        ("a", "gy", "aabaa", "-", "--baa"),
        ("x*", "g", "abxd", "-", "-a-b--d-"),
    ],
)
def test_matches_are_replaced(pattern: str, flags: str, text: str, shape: str, result: str) -> None:
    string: Any = String.new(text)

    assert string.replace(RegExp.new(pattern, flags), shape) == result


@pytest.mark.parametrize(
    ("pattern", "text", "parts"),
    [
        ("(?:)", "ab", ["a", "b"]),
        ("(?:)", "", []),
        ("a", "", [""]),
        ("(?=b)", "abc", ["a", "bc"]),
        ("$", "abc", ["abc"]),
        (r"(\d)|z", "a1b2", ["a", "1", "b", "2", ""]),
    ],
)
def test_a_text_is_split(pattern: str, text: str, parts: list[str]) -> None:
    string: Any = String.new(text)

    assert list(string.split(RegExp.new(pattern))) == parts


def test_a_search_looks_from_the_beginning_and_leaves_the_pattern_as_it_was() -> None:
    sticky = RegExp.new("a", "y")

    sticky.test("ab")

    assert (sticky.lastIndex, String.new("ab").search(sticky), sticky.lastIndex) == (1, 0, 1)


def test_the_last_position_is_sought_up_to_another() -> None:
    text: Any = String.new("abcabc")

    assert [text.lastIndexOf("c", at) for at in (None, float("nan"), 4, 2, 1)] == [5, 5, 2, 2, -1]
    assert (text.lastIndexOf("", 99), text.lastIndexOf("a", -5)) == (6, 0)
