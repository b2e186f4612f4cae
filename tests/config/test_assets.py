"""`assets`: what a file may say of the folder, and what it may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pydo.config import ConfigError, Overrides, load

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
name = "site"
compatibility_date = "2026-01-01"
compatibility_flags = ["python_workers"]
"""
MAIN = 'main = "entry.py"\n'


def write(folder: Path, text: str) -> Path:
    (folder / "entry.py").touch()
    (folder / "public").mkdir(exist_ok=True)
    path = folder / "wrangler.toml"
    path.write_text(text)
    return path


def test_the_section_is_read(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        HEAD
        + MAIN
        + """
[assets]
directory = "./public"
binding = "ASSETS"
html_handling = "drop-trailing-slash"
not_found_handling = "404-page"
run_worker_first = ["/api/*", "!/api/docs"]
""",
    )

    config, warnings = load(path)

    assets = config.assets
    assert assets is not None
    assert assets.directory == tmp_path / "public"
    assert assets.binding == "ASSETS"
    assert (assets.html_handling, assets.not_found_handling) == ("drop-trailing-slash", "404-page")
    assert assets.run_worker_first == ("/api/*", "!/api/docs")
    assert config.has_worker
    assert not list(warnings)


def test_assets_need_no_worker_and_no_flag(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        'name = "site"\ncompatibility_date = "2026-01-01"\n[assets]\ndirectory = "public"\n',
    )

    config, _ = load(path)

    assert not config.has_worker
    assert config.main.is_file()


def test_the_command_line_names_another_folder(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    path = write(tmp_path, HEAD + MAIN + '[assets]\ndirectory = "missing"\nbinding = "A"\n')

    config, _ = load(path, Overrides(assets=tmp_path / "other"))

    assert config.assets is not None
    assert config.assets.directory == tmp_path / "other"
    assert config.assets.binding == "A"


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("", "The `assets` property in your configuration is missing the required `directory`"),
        ('directory = ""', "The assets directory cannot be an empty string."),
        ("directory = 3", 'Expected "assets.directory" to be of type string but got 3.'),
        ('directory = "none"', "The directory specified by the"),
        ('directory = "entry.py"', "The path specified by the"),
        (
            'directory = "public"\nhtml_handling = "x"',
            'Expected "assets.html_handling" field to be one of ["auto-trailing-slash",',
        ),
        (
            'directory = "public"\nnot_found_handling = "x"',
            'Expected "assets.not_found_handling" field to be one of ["single-page-application",',
        ),
        (
            'directory = "public"\nrun_worker_first = "x"',
            'The field "assets.run_worker_first" should be an array of strings or a boolean, but',
        ),
        (
            'directory = "public"\nrun_worker_first = [1]',
            'Expected "assets.run_worker_first" to be of type string array but got [1].',
        ),
        (
            'directory = "public"\nrun_worker_first = []',
            "No `run_worker_first` rules were provided; must provide at least 1 rule.",
        ),
        (
            'directory = "public"\nrun_worker_first = ["!/a"]',
            "Only negative `run_worker_first` rules were provided;",
        ),
        (
            'directory = "public"\nrun_worker_first = ["/a*", "/ab", "c", "!d", "/a*"]',
            (
                "Invalid routes in `run_worker_first`:\n"
                "'c': rules must start with '/' or '!/'\n"
                "'!d': negative rules must start with '!/'\n"
                "'/ab': rule '/a*' makes it redundant\n"
            ),
        ),
    ],
)
def test_what_cannot_be_is_said_in_wranglers_words(
    tmp_path: Path, section: str, message: str
) -> None:
    path = write(tmp_path, f"{HEAD}{MAIN}[assets]\n{section}\n")

    with pytest.raises(ConfigError) as caught:
        load(path)

    told = [each.message for each in caught.value.diagnostics]
    assert [each for each in told if each.startswith(message)], told


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ('binding = "A"', "Cannot use assets with a binding in an assets-only Worker."),
        ("run_worker_first = true", "Cannot set run_worker_first without a Worker script."),
    ],
)
def test_assets_alone_ask_for_no_worker(tmp_path: Path, key: str, message: str) -> None:
    path = write(tmp_path, f'{HEAD}[assets]\ndirectory = "public"\n{key}\n')

    with pytest.raises(ConfigError) as caught:
        load(path)

    assert [each.message for each in caught.value.diagnostics] == [message]
