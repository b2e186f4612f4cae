"""What the command line of `pydo dev` asks for."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pydo.config import Overrides, Project, locate, read_environ
from pydo.dev.restart import ReloadMode

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Options", "projects_of"]


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line of `pydo dev` says; the first of `configs` is the Worker to visit."""

    cwd: Path
    configs: tuple[Path, ...] = ()
    persist_to: Path | None = None
    cuts_sockets: bool = False  # at each reload
    strict: bool = False
    fires_crons: bool = False  # on their schedule
    migrates: bool = False  # deletes and transfers too
    reload: ReloadMode = ReloadMode.AUTO
    overrides: Overrides = field(default_factory=Overrides)


def projects_of(options: Options) -> list[Project]:
    """Give the projects to serve; of the command line, all but the environment is the first's."""
    given = options.overrides
    environ = read_environ(options.cwd, given.env, given.env_files, os.environ)
    first = replace(given, environ=environ)
    others = Overrides(env=given.env, environ=environ)
    return [
        Project(locate(options.cwd, path), first if number == 0 else others)
        for number, path in enumerate(options.configs or (None,))
    ]
