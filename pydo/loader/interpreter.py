"""The project's own environment: where its packages are, and whether this Python can use them.

pywrangler keeps native packages in `.venv-workers`; others use `.venv`.  `python_modules`, which
holds the builds for WebAssembly, is never looked at.
"""

from __future__ import annotations

import site
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Environment", "project_environment", "reexec_command", "use"]

_NAMES = (".venv-workers", ".venv")
_DISTRIBUTION = "pydo-workers"


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment: its folder, its Python's major and minor version, its packages."""

    path: Path
    version: tuple[int, int]
    site_packages: Path

    @property
    def is_ours(self) -> bool:
        """Whether compiled packages in it fit the Python that runs."""
        return self.version == sys.version_info[:2]

    @property
    def python(self) -> Path:
        """Its interpreter."""
        windows = self.path / "Scripts" / "python.exe"
        return windows if windows.exists() else self.path / "bin" / "python"


def project_environment(root: Path) -> Environment | None:
    """Return the environment nearest to `root`, the folder of the configuration file.

    In each folder `.venv-workers` comes before `.venv`.  The search goes up to the root of the
    git repository, and neither into the home folder nor above it.
    """
    for folder in _upward(root.absolute()):
        for name in _NAMES:
            environment = _read(folder / name)
            if environment is not None:
                return environment
    return None


def use(environment: Environment) -> None:
    """Put the environment's packages on `sys.path`, before those installed beside pydo.

    So the project's pinned `workers` SDK wins.  Its .pth files are honoured.

    Raises:
        ValueError: the environment is another Python's.

    """
    if not environment.is_ours:
        raise ValueError(f"{environment.path} holds packages for Python {environment.version}")
    import sysconfig  # noqa: PLC0415 - slow, and not every project has an environment

    before = list(sys.path)
    site.addsitedir(str(environment.site_packages))
    added = [entry for entry in sys.path if entry not in before]
    own = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    first = next((i for i, entry in enumerate(before) if entry in own), len(before))
    sys.path[:] = [*before[:first], *added, *before[first:]]


def reexec_command(environment: Environment, argv: Sequence[str]) -> list[str] | None:
    """Return the command that runs pydo with `argv` under the environment's own Python.

    None if it needs no other Python than this one, or if pydo is not installed there.
    """
    if environment.is_ours or not environment.python.exists():
        return None
    from importlib.metadata import Distribution  # noqa: PLC0415  # slow, and seldom needed

    places = [str(environment.site_packages)]
    if not any(Distribution.discover(name=_DISTRIBUTION, path=places)):
        return None
    return [str(environment.python), "-m", "pydo", *argv]


def _upward(start: Path) -> Iterator[Path]:
    home = Path.home()
    for folder in (start, *start.parents):
        if folder != start and (folder == home or folder in home.parents):
            return
        yield folder
        if (folder / ".git").exists():
            return


def _read(path: Path) -> Environment | None:
    places = [*path.glob("lib/python3.*/site-packages"), *path.glob("Lib/site-packages")]
    if not places:
        return None
    version = _version(path / "pyvenv.cfg")
    if version is None:
        return None
    named = f"python{version[0]}.{version[1]}"
    place = next((place for place in places if place.parent.name == named), places[0])
    return Environment(path, version, place)


def _version(config: Path) -> tuple[int, int] | None:
    """Return the version that pyvenv.cfg states, as venv, virtualenv and uv each spell it."""
    try:
        lines = config.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    for line in lines:
        key, _, value = (part.strip() for part in line.partition("="))
        if key in {"version", "version_info"}:
            major, _, rest = value.partition(".")
            minor = rest.partition(".")[0]
            if major.isdecimal() and minor.isdecimal():
                return int(major), int(minor)
    return None
