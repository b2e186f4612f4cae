"""Production's limits on storage: told from 80 % on, once for each line; refused with --strict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pydo.host.portability import Finding, Portability, watching

from .project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CODE = """
class A(DurableObject):
    async def try_it(self):
        s, raw = self.ctx.storage, self.ctx.storage._binding
        try:
            {action}
        except JsException as error:
            return told(error)

class B(A):
    pass

async def main(env, ctx):
    return [await env.{name}.getByName("a").try_it() for _ in range(2)]
"""
KEYS = "await s.get([str(n) for n in range({})])"
DELETED = "await s.delete([str(n) for n in range({})])"
PAIRS = "await s.put({{str(n): n for n in range({})}})"
VALUE = "await s.put('k', 'v' * {})"
SYNC = "s.kv.put('k', 'v' * {})"
KEY = "await s.put('k' * {}, 1)"
MEBIBYTE = 1024 * 1024


class Watched(Project):
    def __init__(self, directory: Path, *, strict: bool) -> None:
        super().__init__(directory)
        self.bound["B"].has_sql = False
        self.findings: list[Finding] = []
        self.portability = Portability(self.loader.owns, self.findings.append, strict=strict)

    def attempt(self, action: str, class_name: str = "A") -> Any:
        with watching(self.portability):
            return self.run(CODE.format(action=action, name=class_name))


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Watched]:
    project = Watched(tmp_path, strict=False)
    yield project
    project.close()


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Watched]:
    project = Watched(tmp_path, strict=True)
    yield project
    project.close()


NEAR = [
    (KEYS, "A", 102, 103, 128, "get() gets 103 keys in one call, and Cloudflare takes 128 at most"),
    (DELETED, "A", 102, 103, 128, "delete() gets 103 keys in one call"),
    (PAIRS, "A", 102, 103, 128, "put() gets 103 pairs in one call"),
    (VALUE, "A", 1_677_000, 1_678_000, 2 * MEBIBYTE - 100, "a key and its value have 1,678,00"),
    (SYNC, "A", 1_677_000, 1_678_000, 2 * MEBIBYTE - 100, "a key and its value have 1,678,00"),
    (VALUE, "B", 104_000, 105_000, 131_000, "a value has 105,00"),
    (KEY, "B", 1638, 1639, 2048, "a key has 1,639 bytes, and Cloudflare takes 2,048 at most"),
]


@pytest.mark.parametrize(("action", "class_name", "far", "near", "most", "text"), NEAR)
def test_from_80_percent_on_it_is_told_once_for_a_line(  # noqa: PLR0913, PLR0917 - a table
    project: Watched, action: str, class_name: str, far: int, near: int, most: int, text: str
) -> None:
    assert project.attempt(action.format(far), class_name) == [None, None]
    assert project.findings == []

    assert project.attempt(action.format(near), class_name) == [None, None]
    assert [each.rule for each in project.findings] == ["near-limit"]
    assert text in project.findings[0].text
    project.findings.clear()
    assert project.attempt(action.format(most), class_name) == [None, None]
    assert {each.rule for each in project.findings} <= {"near-limit"}


OVER = [
    (KEYS, "A", 129, "RangeError: Maximum number of keys is 128."),
    (DELETED, "A", 129, "RangeError: Maximum number of keys is 128."),
    (PAIRS, "A", 129, "RangeError: Maximum number of pairs is 128."),
    (VALUE, "A", 2 * MEBIBYTE, "Error: string or blob too big: SQLITE_TOOBIG"),
    (SYNC, "A", 2 * MEBIBYTE, "Error: string or blob too big: SQLITE_TOOBIG"),
    (VALUE, "B", 131_073, "RangeError: Values cannot be larger than 131072 bytes."),
    (KEY, "B", 2049, "RangeError: Keys cannot be larger than 2048 bytes."),
]


@pytest.mark.parametrize(("action", "class_name", "size", "error"), OVER)
def test_what_is_beyond_a_limit_is_told_and_done(
    project: Watched, action: str, class_name: str, size: int, error: str
) -> None:
    assert error
    assert project.attempt(action.format(size), class_name) == [None, None]
    assert [each.rule for each in project.findings] == ["over-limit"]


@pytest.mark.parametrize(("action", "class_name", "size", "error"), OVER)
def test_what_is_beyond_a_limit_is_refused_if_strict(
    strict: Watched, action: str, class_name: str, size: int, error: str
) -> None:
    assert strict.attempt(action.format(size), class_name) == [error, error]


def test_what_is_near_a_limit_is_not_refused(strict: Watched) -> None:
    assert strict.attempt(KEYS.format(128)) == [None, None]
    assert [each.rule for each in strict.findings] == ["near-limit"]


def test_a_key_of_wide_characters_is_measured_in_bytes(strict: Watched) -> None:
    assert (
        strict.attempt("await s.put(chr(0x1F600) * 513, 1)", "B")
        == ["RangeError: Keys cannot be larger than 2048 bytes."] * 2
    )
