"""Mistakes that people make in configurations, and every word that is said of each.

The table is `mistakes.txt`: a name (with the environment that is asked for), a file, and the whole
of what is said of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from pydo.config import ConfigError, Overrides, load

from .conftest import TODAY

TABLE = Path(__file__).with_name("mistakes.txt")
ENTRY = re.compile(
    r"^=== (?P<name>.*?)(?: \(--env (?P<env>.*)\))?\n"
    r"--- (?P<file>.*)\n(?P<text>(?:.*\n)*?)--- says\n(?P<said>(?:.*\n)*?)(?=\n===|\Z)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Mistake:
    name: str
    env: str | None
    file: str
    text: str
    said: str


MISTAKES = [Mistake(**match.groupdict()) for match in ENTRY.finditer(TABLE.read_text("utf-8"))]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda each: each.name)
def test_a_mistake_is_told_with_its_place_and_what_to_do(project: Path, mistake: Mistake) -> None:
    path = project / mistake.file
    path.write_text(mistake.text, "utf-8")

    try:
        said = load(path, Overrides(env=mistake.env), TODAY)[1]
    except ConfigError as error:
        said = error.diagnostics

    assert f"{said}\n" == mistake.said


def test_the_table_is_read_whole() -> None:
    text = TABLE.read_text("utf-8")

    assert len(MISTAKES) == text.count("\n=== ") + 1 == len({each.name for each in MISTAKES})
