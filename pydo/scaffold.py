"""Starts a project from a template: what `pydo init` does, without the talking.

A template is a folder that works as it stands, so it can be run, checked and read where it is.  A
project differs from its template in two things only:

- `my-app`, wherever it stands in a file, becomes the project's own name;
- a name that begins with `__dot__` begins with a dot (so `__dot__gitignore`): as in Cloudflare's
  own templates, since packagers and git act on a file that is called .gitignore.

Files whose names begin with a dot, and `__pycache__`, are what running a template leaves behind,
and no part of it.  A template's description is the one in its pyproject.toml.
"""

from __future__ import annotations

import contextlib
import difflib
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydo.errors import ScaffoldError
from pydo.platform import atomic_write

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Plan",
    "PlannedFile",
    "Template",
    "find_template",
    "plan",
    "project_name",
    "templates",
    "write",
]

_PLACEHOLDER = "my-app"
_DOT = "__dot__"
_LONGEST_NAME = 58


@dataclass(frozen=True, slots=True)
class Template:
    """A folder to start from, with one line about it."""

    name: str
    description: str
    path: Path


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file of the project to be: where, below the target, and with what in it."""

    path: Path
    content: bytes


@dataclass(frozen=True, slots=True)
class Plan:
    """What `write` would do in `target`; making it has touched nothing.

    `created` are new files; `overwritten` are there already with other content.  Files that are
    there with the same content are in neither.
    """

    target: Path
    created: tuple[PlannedFile, ...]
    overwritten: tuple[PlannedFile, ...]


def templates(root: Path | None = None) -> list[Template]:
    """Return the templates there are, by name: pydo's own, or those in the folder `root`."""
    folders = sorted((root or _own_templates()).iterdir())
    return [_read_template(path) for path in folders if (path / "pyproject.toml").is_file()]


def find_template(name: str, root: Path | None = None) -> Template:
    """Return the template of this name.

    Raises:
        ScaffoldError: there is none; the message names those there are.

    """
    known = {template.name: template for template in templates(root)}
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name.lower(), known, n=1)
    meant = f' did you mean "{close[0]}"?' if close else ""
    raise ScaffoldError(f'there is no template "{name}";{meant} there are: {", ".join(known)}')


def plan(template: Template, target: Path, *, force: bool = False) -> Plan:
    """Return what it takes to make `target` a project of this template.

    The target may be a folder that is empty or not there yet; `force` admits any other folder, of
    which all files stay as they are that the template does not hold.

    Raises:
        ScaffoldError: the target is no such folder, or one of the template's files cannot stand
            where it should.

    """
    target = target.absolute()
    created: list[PlannedFile] = []
    overwritten: list[PlannedFile] = []
    try:
        _check_target(target, force=force)
        for file in _project_files(template, project_name(target)):
            existing = _existing_content(target, file.path)
            if existing is None:
                created.append(file)
            elif existing != file.content:
                overwritten.append(file)
    except OSError as error:
        raise ScaffoldError(f"cannot use {_reason(error, target)}") from error
    return Plan(target, tuple(created), tuple(overwritten))


def write(plan: Plan) -> tuple[Path, ...]:
    """Carry the plan out; return the files it has overwritten, by their paths below the target.

    If that fails half-way, the files and folders that it has made are taken away again.  A file
    that was not there when the plan was made is never overwritten.

    Raises:
        ScaffoldError: a file or folder cannot be written.

    """
    made: list[Path] = []
    try:
        for file in plan.created:
            path = plan.target / file.path
            _make_folders(path.parent, made)
            with path.open("xb") as stream:
                made.append(path)
                stream.write(file.content)
        for file in plan.overwritten:
            atomic_write(plan.target / file.path, file.content)
    except OSError as error:
        _take_away(made)
        raise ScaffoldError(f"cannot write {_reason(error, plan.target)}") from error
    return tuple(file.path for file in plan.overwritten)


def project_name(target: Path) -> str:
    """Return the name for a project in this folder: the folder's own, as far as it is allowed.

    Names have lower-case letters, digits and dashes, no dash at either end and at most 58
    characters (packages/create-cloudflare/src/validators.ts).
    """
    name = target.resolve().name.lower()
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_NAME].rstrip("-") or _PLACEHOLDER


def _own_templates() -> Path:
    """Return the folder of templates: in an installed pydo within it, in a checkout beside it."""
    package = Path(__file__).parent
    packed = package / "_templates"
    return packed if packed.is_dir() else package.parent / "templates"


def _read_template(path: Path) -> Template:
    project = tomllib.loads((path / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Template(path.name, project["description"], path)


def _check_target(target: Path, *, force: bool) -> None:
    if target.is_symlink() and not target.exists():
        raise ScaffoldError(f"{target} is a symbolic link to nothing; remove it first")
    if target.exists() and not target.is_dir():
        raise ScaffoldError(f"{target} is a file; choose another name")
    if target.is_dir() and not force and any(target.iterdir()):
        raise ScaffoldError(
            f"{target} is not empty; choose another folder, or pass --force to overwrite the "
            "files in it that the template holds, and no others"
        )


def _project_files(template: Template, name: str) -> Iterator[PlannedFile]:
    for path in _files_below(template.path):
        parts = path.relative_to(template.path).parts
        placed = Path(*(_name_in_project(part) for part in parts))
        content = path.read_bytes().replace(_PLACEHOLDER.encode(), name.encode())
        yield PlannedFile(placed, content)


def _files_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == "__pycache__":
            continue
        if path.is_dir():
            yield from _files_below(path)
        else:
            yield path


def _name_in_project(part: str) -> str:
    return "." + part.removeprefix(_DOT) if part.startswith(_DOT) else part


def _existing_content(target: Path, path: Path) -> bytes | None:
    """Return what stands at `path` below the target, or None if nothing does."""
    for folder in reversed(path.parents[:-1]):
        place = target / folder
        if place.is_symlink():
            # It may lead out of the target, where nothing is the template's to write.
            raise ScaffoldError(f"{place} is a symbolic link; remove it first")
        if place.exists() and not place.is_dir():
            raise ScaffoldError(f"{place} is a file where a folder belongs; remove it first")
    place = target / path
    if place.is_symlink():
        raise ScaffoldError(f"{place} is a symbolic link; remove it first")
    if place.is_dir():
        raise ScaffoldError(f"{place} is a folder where a file belongs; remove it first")
    try:
        return place.read_bytes()
    except FileNotFoundError:
        return None


def _make_folders(folder: Path, made: list[Path]) -> None:
    """Make the folder and those above it that are missing, outermost first."""
    if folder.exists():
        return
    _make_folders(folder.parent, made)
    folder.mkdir()
    made.append(folder)


def _take_away(made: list[Path]) -> None:
    for path in reversed(made):
        # The failure that led here is what the user has to hear of.
        with contextlib.suppress(OSError):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()


def _reason(error: OSError, path: Path) -> str:
    return f"{error.filename or path}: {error.strerror or error}"
