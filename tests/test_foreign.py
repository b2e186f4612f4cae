from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from pydo.foreign import foreign_pydo

if TYPE_CHECKING:
    from pathlib import Path


def install(site: Path, name: str, version: str, files: list[str] | None) -> None:
    """Leave the traces in `site` that an installer leaves of a distribution."""
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    if files is not None:
        (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
        for file in files:
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            (site / file).touch()


def test_pydo_alone_is_not_foreign(tmp_path: Path) -> None:
    install(tmp_path, "pydo-workers", "0.1.0", ["pydo/__init__.py", "pydo/session.py"])

    assert foreign_pydo([str(tmp_path)]) is None


def test_a_foreign_pydo_in_the_same_environment_is_told_of(tmp_path: Path) -> None:
    install(tmp_path, "pydo-workers", "0.1.0", ["pydo/__init__.py", "pydo/session.py"])
    install(tmp_path, "pydo", "0.12.0", ["pydo/__init__.py", "pydo/_client.py"])

    assert foreign_pydo([str(tmp_path)]) == (
        'the distribution "pydo" 0.12.0 is installed here. It is another project\'s, and its files '
        "and those of pydo-workers write over each other. To put that right: "
        "python -m pip uninstall pydo pydo-workers, then install pydo-workers again"
    )


def test_a_foreign_pydo_elsewhere_on_the_path_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "near").mkdir()
    (tmp_path / "far").mkdir()
    install(tmp_path / "near", "pydo-workers", "0.1.0", ["pydo/__init__.py"])
    install(tmp_path / "far", "pydo", "0.12.0", ["pydo/__init__.py"])

    assert foreign_pydo([str(tmp_path / "near"), str(tmp_path / "far")]) is not None


@pytest.mark.parametrize("files", [["PyDO/__init__.py"], ["other/pydo/__init__.py"]])
def test_a_distribution_that_brings_no_such_package_does_no_harm(
    tmp_path: Path, files: list[str]
) -> None:
    install(tmp_path, "pydo", "2.0", files)

    assert foreign_pydo([str(tmp_path)]) is None


def test_a_foreign_pydo_that_does_not_list_its_files_is_told_of(tmp_path: Path) -> None:
    install(tmp_path, "pydo", "0.12.0", None)

    assert "0.12.0" in (foreign_pydo([str(tmp_path)]) or "")


def test_a_foreign_pydo_of_an_old_kind_is_told_of(tmp_path: Path) -> None:
    info = tmp_path / "pydo-0.9.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: pydo\nVersion: 0.9\n")

    assert '"pydo" 0.9 is' in (foreign_pydo([str(tmp_path)]) or "")


def test_a_foreign_pydo_in_an_egg_is_told_of(tmp_path: Path) -> None:
    egg = tmp_path / "pydo-0.9-py3.11.egg"
    (egg / "EGG-INFO").mkdir(parents=True)
    (egg / "EGG-INFO" / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: pydo\nVersion: 0.9\n")

    assert '"pydo" 0.9 is' in (foreign_pydo([str(egg)]) or "")


def test_a_foreign_pydo_in_a_zip_is_told_of(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("pydo-0.9.dist-info/METADATA", "Name: pydo\nVersion: 0.9\n")

    assert '"pydo" 0.9 is' in (foreign_pydo([str(tmp_path / "all.zip")]) or "")


def test_a_damaged_installation_is_told_of_without_its_version(tmp_path: Path) -> None:
    (tmp_path / "pydo-0.12.0.dist-info").mkdir()

    assert '"pydo" is installed' in (foreign_pydo([str(tmp_path)]) or "")


def test_this_environment_has_no_foreign_pydo() -> None:
    assert foreign_pydo() is None
