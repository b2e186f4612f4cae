"""tomli's messages in our form, whatever version of it speaks."""

from __future__ import annotations

from pathlib import Path

from pydo.config.source import SourceFile
from pydo.config.syntax import describe as describe_syntax

FILE = SourceFile(Path("wrangler.toml"), "a = 1\nb = x, y\n")


def describe(said: str) -> str:
    return str(describe_syntax(FILE, said)).partition("\n")[0]


def test_the_words_at_the_place_are_quoted() -> None:
    assert describe("Odd (at line 2, column 5)") == "wrangler.toml:2:5: Odd, found `x`."
    assert describe("Odd (at line 2, column 6)") == "wrangler.toml:2:6: Odd, found `,`."
    assert describe("Odd (at line 1, column 6)") == (
        "wrangler.toml:1:6: Odd, found the end of the line."
    )


def test_the_end_of_the_file_is_behind_its_last_words() -> None:
    assert describe("Odd (at end of document)") == (
        "wrangler.toml:2:9: Odd, found the end of the file."
    )
    assert describe("Odd (at line 3, column 1)") == (
        "wrangler.toml:3:1: Odd, found the end of the file."
    )


def test_a_message_without_a_place_is_about_the_file() -> None:
    assert describe("Too deep") == "wrangler.toml:1:1: Too deep."
