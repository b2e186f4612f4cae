"""What a site says beyond the recorded requests: its files of rules, and how they change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pydo.bindings.assets.asking import Asking
from pydo.bindings.assets.metafile import parse_headers, parse_redirects
from pydo.bindings.assets.pattern import Pattern
from pydo.bindings.assets.site import Site
from pydo.config import Assets

if TYPE_CHECKING:
    from pathlib import Path

    from tests.assets.conftest import Ask


def test_rules_that_change_hold_at_once(public: Path, ask: Ask) -> None:
    first = ask("/")
    assert first is not None
    assert "x-new" not in first.headers

    (public / "_headers").write_text("/*\n  X-New: yes\n")
    (public / "_redirects").write_text("/moved / 301\n")
    second, moved = ask("/"), ask("/moved")

    assert second is not None
    assert second.headers["x-new"] == ["yes"]
    assert moved is not None
    assert (moved.status, moved.headers["location"]) == (301, ["/"])
    (public / "_redirects").unlink()
    assert ask("/moved") is None


def test_wrong_rules_are_told_with_their_lines(public: Path, ask: Ask, warnings: list[str]) -> None:
    (public / "_redirects").write_text("/ok /\n/bad\n/other / 999\n")

    assert ask("/ok") is not None
    told = (
        "Found 2 invalid redirect rules:\n"
        "▶︎ Expected exactly 2 or 3 whitespace-separated tokens. Got 1.\n"
        "    at public/_redirects:2 | /bad\n"
        "▶︎ Valid status codes are 200, 301, 302 (default), 303, 307, or 308. Got 999.\n"
        "    at public/_redirects:3 | /other / 999"
    )
    assert warnings == [told]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("https://x.test/a /b", "Only relative URLs are allowed. Skipping absolute URL"),
        ("/a http://x.test", "URLs should either be relative"),
        ("/a/* /index.html", "Infinite loop detected"),
        ("/a/ /x/index", "Infinite loop detected"),
        ("/a https://x.test/b 200", "Proxy (200) redirects can only point to relative paths."),
        ("/same /b\n/same /c", "Ignoring duplicate rule for path /same."),
        ("/" + "x" * 2001 + " /", "Ignoring line 1 as it exceeds"),
    ],
)
def test_redirects_that_cannot_be(line: str, message: str) -> None:
    _, invalid = parse_redirects(line)

    assert [each.message[: len(message)] for each in invalid] == [message]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X-A: b", "Path should come before header (x-a: b)"),
        ("just words", "Expected a path beginning with at least one forward-slash"),
        ("/a\n  words", "Expected a colon-separated header pair (e.g. name: value)"),
        ("/a\n  x y: z\n  ok: 1", "Header name cannot include spaces"),
        ("/a\n  : z\n  ok: 1", "No header name specified"),
        ("/a\n  x:\n  ok: 1", "No header value specified"),
        ("/a\n/b\n  x: y", "No headers specified"),
        ("https://x.test:80/\n", "Specifying ports is not supported."),
    ],
)
def test_headers_that_cannot_be(text: str, message: str) -> None:
    _, invalid = parse_headers(text)

    assert invalid[0].message[: len(message)] == message


def test_past_a_hundred_rules_of_headers_the_rest_is_passed_over() -> None:
    rules, invalid = parse_headers("".join(f"/{n}\n  x: y\n" for n in range(102)))

    assert len(rules) == 101  # the one that was being read is kept, as in wrangler
    assert invalid[0].message.startswith("Maximum number of rules supported is 100.")


@pytest.mark.parametrize(
    ("rule", "host", "path", "expected"),
    [
        ("/a/:b", "", "/a/x", {"b": "x"}),
        ("/a/:b", "", "/a/x/y", None),
        ("/a/*", "", "/a/x/y", {"splat": "x/y"}),
        ("/a.b", "", "/axb", None),
        ("https://:sub.x.test/*", "www.x.test", "/p", {"sub": "www", "splat": "p"}),
        ("https://:sub.x.test/*", "a.www.x.test", "/p", None),
    ],
)
def test_patterns(rule: str, host: str, path: str, expected: dict[str, str] | None) -> None:
    pattern = Pattern.of(rule)

    assert pattern is not None
    assert pattern.match(host, path) == expected


@pytest.mark.parametrize("rule", ["/*/*", "/:a/:a"])
def test_a_pattern_that_names_a_thing_twice_matches_nothing(rule: str) -> None:
    assert Pattern.of(rule) is None


def test_the_worker_may_come_first_for_some_paths(public: Path) -> None:
    assets = Assets(public, run_worker_first=("/index*", "!/index.html"))
    site = Site(assets, has_worker=True, keeps_not_found=True, warn=pytest.fail)

    assert site.route(Asking("GET", "http://localhost/index", {})) is None
    served = site.route(Asking("GET", "http://localhost/index.html", {}))

    assert served is not None
    assert served.headers["location"] == ["/"]


@pytest.mark.parametrize("line", ["X(b: c", "X-A: a\rSet-Cookie: b", "X-A: a\0b"])
def test_headers_that_no_response_can_have_fail_what_they_match(
    public: Path, ask: Ask, warnings: list[str], line: str
) -> None:
    (public / "other.txt").write_text("other")
    (public / "_headers").write_bytes(f"/\n  {line}\n".encode())

    failed, other = ask("/"), ask("/other.txt")

    assert failed is not None
    assert (failed.status, failed.headers, failed.asset) == (500, {}, None)
    assert other is not None
    assert other.status == 200
    assert "What this matches is answered with 500." in warnings[0]


def test_a_folder_in_the_place_of_rules_is_no_rules(public: Path, ask: Ask) -> None:
    for name in ("_headers", "_redirects", ".assetsignore"):
        (public / name).mkdir()

    found = ask("/")

    assert found is not None
    assert found.status == 200
