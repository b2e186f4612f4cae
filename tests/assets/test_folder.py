"""From paths to files: what is there is found as it is now, and nothing else is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pydo.bindings.assets.folder import AssetFolder
from pydo.bindings.assets.media import media_type

if TYPE_CHECKING:
    from pathlib import Path

    from tests.assets.conftest import Ask


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/./index.html",
        "/a/../../secret.txt",
        "//index.html",
        "/index.html/",
        "/index.html\0",
        "/\0",
        "/",
        "",
        "index.html",
        "/INDEX.HTML",
        "/" + "x" * 5000,
        "/\ud800",
        "/folder",
    ],
)
def test_a_path_that_names_no_file_of_the_folder_finds_nothing(public: Path, path: str) -> None:
    (public / "folder").mkdir()

    assert AssetFolder(public).find(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/..%5csecret.txt",
        "/%252e%252e%252fsecret.txt",
        "/x/..%2f..%2fsecret.txt",
        "/out/secret.txt",
        "/out.txt",
        "/chain.txt",
    ],
)
def test_nothing_outside_the_folder_is_served(public: Path, ask: Ask, path: str) -> None:
    (public / "x").mkdir()
    (public / "out").symlink_to(public.parent)
    (public / "out.txt").symlink_to("../secret.txt")
    (public / "chain.txt").symlink_to("out.txt")

    assert ask(path) is None


def test_links_within_the_folder_are_followed(public: Path) -> None:
    (public / "page.html").symlink_to("index.html")
    (public / "real").mkdir()
    (public / "real" / "x.txt").write_text("x")
    (public / "linked").symlink_to("real")
    folder = AssetFolder(public)

    assert folder.find("/page.html") is not None
    assert folder.find("/linked/x.txt") is not None


def test_a_linked_folder_of_assets_is_as_good_as_another(public: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(public)

    assert AssetFolder(tmp_path / "link").find("/index.html") is not None


def test_a_pipe_is_no_asset(public: Path) -> None:
    os.mkfifo(public / "pipe")

    assert AssetFolder(public).find("/pipe") is None


def test_changes_show_at_once(public: Path) -> None:
    folder = AssetFolder(public)
    before = folder.find("/index.html")

    (public / "index.html").write_text("changed")
    (public / "new.txt").write_text("new")
    after = folder.find("/index.html")

    assert before is not None
    assert after is not None
    assert before.etag != after.etag
    assert folder.find("/new.txt") is not None
    (public / "index.html").unlink()
    assert folder.find("/index.html") is None


def test_what_assetsignore_names_is_not_served(public: Path) -> None:
    folder = AssetFolder(public)
    (public / "a.map").write_text("map")
    found = folder.find("/a.map")

    (public / ".assetsignore").write_text("# maps\n*.map\n")

    assert found is not None
    assert folder.find("/a.map") is None
    assert folder.find("/.assetsignore") is None
    (public / ".assetsignore").write_text("*.map\n!a.map\n")
    assert folder.find("/a.map") is not None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("a.JS", "text/javascript; charset=utf-8"),
        ("a.json", "application/json"),
        ("a.tar.gz", "application/gzip"),
        ("a.zzz", None),
        ("html", None),
        (".html", None),
    ],
)
def test_the_type_is_told_by_the_end_of_the_name(name: str, expected: str | None) -> None:
    assert media_type(name) == expected
