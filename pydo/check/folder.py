"""Rules of the folder: what `pywrangler deploy` asks of it, and what it depends on."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from pydo.check.finding import Finding
from pydo.check.package import canonical
from pydo.config import ConfigError, Severity, SourceFile
from pydo.config.toml import parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydo.check.project import Project
    from pydo.config import Span
    from pydo.config.toml import Document

__all__ = ["Dependencies", "check_folder", "read_dependencies"]

_NAME = re.compile(r"\s*([A-Za-z0-9][\w.-]*)")
_TOOLS = ("workers-py", "workers-runtime-sdk")


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What the project's pyproject.toml says; `document` is None where there is none.

    `names` are the requirements as they are written, `groups` those of its dependency groups.
    """

    document: Document | None = None
    names: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    problems: tuple[Finding, ...] = field(default=())

    @property
    def are_known(self) -> bool:
        """Whether the project says what it depends on."""
        return self.document is not None

    @property
    def direct(self) -> tuple[str, ...]:
        """The distributions that it names, in canonical spelling."""
        return tuple(_name(each) for each in self.names)

    def span(self, distribution: str) -> Span | None:
        """Give the place of a dependency, or of the list of them."""
        if self.document is None:
            return None
        for index, each in enumerate(self.direct):
            if each == distribution:
                return self.document.span(("project", "dependencies", index))
        return self.document.span(("project", "dependencies"))


def read_dependencies(folder: Path) -> Dependencies:
    """Read the pyproject.toml that pywrangler would: the nearest, upwards from `folder`."""
    for each in (folder, *folder.parents):
        path = each / "pyproject.toml"
        if path.is_file():
            return _read(path)
        if (each / ".git").exists():
            break
    return Dependencies()


def check_folder(project: Project, dependencies: Dependencies) -> Iterator[Finding]:
    """Find what pywrangler would refuse, or would not put into the upload."""
    config = project.config
    yield from dependencies.problems
    if not config.has_worker:  # assets alone: wrangler deploys them, and needs no Python
        return
    if not dependencies.are_known:
        yield Finding(
            "no-pyproject",
            f"there is no pyproject.toml in {config.root}, from which pywrangler takes packages"
            " and the SDK",
            "copy the one of a template: `pydo init --list`",
        )
    elif missing := [each for each in _TOOLS if each not in map(_name, dependencies.groups)]:
        yield Finding(
            "no-workers-py",
            f"pyproject.toml has no {' and no '.join(missing)} among its development dependencies",
            'add [dependency-groups] with dev = ["workers-py", "workers-runtime-sdk"]',
            dependencies.document.span(()) if dependencies.document else None,
            Severity.WARNING,
        )
    if (config.root / "requirements.txt").is_file():
        yield Finding(
            "requirements-txt",
            "pywrangler refuses a folder that has a requirements.txt",
            "move what it lists to dependencies in pyproject.toml, and delete it",
        )
    if config.path.name == "wrangler.json":
        yield Finding(
            "wrangler-json",
            "pywrangler looks for wrangler.jsonc and wrangler.toml only",
            "rename it to wrangler.jsonc",
        )
    if (project.root.folder / "python_modules").exists():
        yield Finding(
            "vendored-in-root",
            f"python_modules stands in {project.root.folder.name}/, the folder of the modules,"
            " and wrangler refuses that",
            "it belongs beside pyproject.toml",
        )
    if sys.version_info[:2] != project.python:
        yield Finding(
            "other-python",
            f"Cloudflare runs this Worker on Python {_dotted(project.python)}, and pydo runs on"
            f" {_dotted(sys.version_info[:2])}",
            f"make the environment with Python {_dotted(project.python)} to test on the same",
            None,
            Severity.WARNING,
        )


def _read(path: Path) -> Dependencies:
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace").replace("\r\n", "\n")
        document = parse(SourceFile(path, text))
    except ConfigError as error:
        return Dependencies(problems=tuple(_unread(error)))
    project = _table(document.values.get("project"))
    groups = _table(document.values.get("dependency-groups"))
    return Dependencies(
        document,
        _strings(project.get("dependencies")),
        tuple(name for group in groups.values() for name in _strings(group)),
    )


def _unread(error: ConfigError) -> Iterator[Finding]:
    for each in error.diagnostics:
        yield Finding("pyproject", each.message, each.hint or "correct it", each.span)


def _table(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _strings(value: object) -> tuple[str, ...]:
    found = cast("list[object]", value) if isinstance(value, list) else []
    return tuple(each for each in found if isinstance(each, str))


def _name(requirement: str) -> str:
    match = _NAME.match(requirement)
    return canonical(match.group(1)) if match else ""


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
