from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import pytest

from pydo.loader import Environment, project_environment, reexec_command, use

OURS = f"{sys.version_info[0]}.{sys.version_info[1]}"


def _make(path: Path, version: str = OURS, line: str = "version = {}.7") -> Environment:
    minor = ".".join(version.split(".")[:2])
    site_packages = path / "lib" / f"python{minor}" / "site-packages"
    site_packages.mkdir(parents=True)
    (path / "pyvenv.cfg").write_text(f"home = /usr/bin\n{line.format(version)}\n")
    major, _, rest = minor.partition(".")
    return Environment(path, (int(major), int(rest)), site_packages)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setattr(Path, "home", lambda: home)
    return home


@pytest.fixture
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


def test_venv_workers_comes_before_venv(home: Path) -> None:
    other = _make(home / "app" / ".venv")
    assert project_environment(home / "app") == other

    workers = _make(home / "app" / ".venv-workers")

    assert project_environment(home / "app") == workers
    assert workers.is_ours


def test_the_nearest_folder_wins_up_to_the_root_of_the_repository(home: Path) -> None:
    _make(home / "code" / ".venv")
    repository = home / "code" / "repository"
    (repository / ".git").mkdir(parents=True)
    (repository / "apps" / "one").mkdir(parents=True)
    assert project_environment(repository / "apps" / "one") is None

    outer = _make(repository / ".venv-workers")
    assert project_environment(repository / "apps" / "one") == outer
    inner = _make(repository / "apps" / ".venv")

    assert project_environment(repository / "apps" / "one") == inner


def test_the_environment_of_the_home_folder_is_not_the_projects(home: Path) -> None:
    own = _make(home / ".venv")
    (home / "app").mkdir()

    assert project_environment(home / "app") is None
    assert project_environment(home) == own


@pytest.mark.parametrize("line", ["version = {}.1", "version_info = {}.1.final.0", "version={}"])
def test_versions_are_read_as_each_tool_spells_them(home: Path, line: str) -> None:
    environment = _make(home / "app" / ".venv", "3.99", line)

    assert project_environment(home / "app") == environment
    assert environment.version == (3, 99)
    assert not environment.is_ours


@pytest.mark.parametrize("contents", [None, "home = /usr/bin\n", "version = unknown\n"])
def test_a_folder_that_is_no_environment_is_passed_over(home: Path, contents: str | None) -> None:
    broken = _make(home / "app" / ".venv-workers")
    config = broken.path / "pyvenv.cfg"
    config.unlink()
    if contents is not None:
        config.write_text(contents)
    (home / "app" / "python_modules").mkdir()
    whole = _make(home / "app" / ".venv")

    assert project_environment(home / "app") == whole


@pytest.mark.usefixtures("_path")
def test_an_environment_in_use_comes_before_pydos_own_packages(home: Path) -> None:
    environment = _make(home / "app" / ".venv")
    linked = home / "linked"
    linked.mkdir()
    (environment.site_packages / "linked.pth").write_text(f"{linked}\n")

    use(environment)

    own = sys.path.index(sysconfig.get_path("purelib"))
    standard = sys.path.index(sysconfig.get_path("stdlib"))
    place = sys.path.index(str(environment.site_packages))
    assert standard < place < sys.path.index(str(linked)) < own


@pytest.mark.usefixtures("_path")
def test_an_environment_is_put_on_the_path_once(home: Path) -> None:
    environment = _make(home / "app" / ".venv")
    use(environment)
    before = list(sys.path)

    use(environment)

    assert sys.path == before


@pytest.mark.usefixtures("_path")
def test_an_environment_of_another_python_is_not_used(home: Path) -> None:
    environment = _make(home / "app" / ".venv", "3.99")
    before = list(sys.path)

    with pytest.raises(ValueError, match="3, 99"):
        use(environment)

    assert sys.path == before


def test_pydo_runs_again_under_the_other_python_if_it_is_installed_there(home: Path) -> None:
    environment = _make(home / "app" / ".venv", "3.99")
    python = environment.path / "bin" / "python"
    python.parent.mkdir()
    python.write_text("")
    (environment.site_packages / "pydo").mkdir()
    assert reexec_command(environment, ["dev"]) is None

    metadata = environment.site_packages / "pydo_workers-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Name: pydo-workers\nVersion: 0.1.0\n")

    command = [str(python), "-m", "pydo", "dev", "--port", "1"]
    assert reexec_command(environment, ["dev", "--port", "1"]) == command
    python.unlink()
    assert reexec_command(environment, ["dev"]) is None


def test_pydo_never_runs_again_under_its_own_version(home: Path) -> None:
    environment = _make(home / "app" / ".venv")

    assert reexec_command(environment, ["dev"]) is None


def test_a_windows_environment_is_found(home: Path) -> None:
    path = home / "app" / ".venv"
    (path / "Lib" / "site-packages").mkdir(parents=True)
    (path / "Scripts").mkdir()
    (path / "Scripts" / "python.exe").write_text("")
    (path / "pyvenv.cfg").write_text("version = 3.12.1\n")

    environment = project_environment(home / "app")

    assert environment == Environment(path, (3, 12), path / "Lib" / "site-packages")
    assert environment is not None
    assert environment.python == path / "Scripts" / "python.exe"
