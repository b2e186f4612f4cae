"""Would this folder run on Cloudflare?  Answers without running it, from its text.

Each module is a family of rules.  What cannot be told from correct code is left alone: the rules
look at calls and imports by their names, and at values only where they stand in the same place.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pydo.check.bridge import check_bridge
from pydo.check.classes import check_classes
from pydo.check.file import check_files
from pydo.check.finding import Finding, is_ignored
from pydo.check.folder import check_folder, read_dependencies
from pydo.check.handler import check_handlers
from pydo.check.imports import check_imports
from pydo.check.package import Installed
from pydo.check.process import check_calls
from pydo.check.project import open_project
from pydo.check.toplevel import check_top_level
from pydo.config import SourceFile, Span

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pydo.check.project import Project
    from pydo.config import Config

__all__ = ["Finding", "check_project"]


def check_project(
    config: Config, exported: Collection[str] | None, path: Sequence[str] | None = None
) -> list[Finding]:
    """Give everything that would break on Cloudflare, in the order of the files.

    `exported` are the classes that the code gives when it is loaded, None if it did not load.
    Packages are looked for on `path`, by default `sys.path`.
    """
    project = open_project(config)
    dependencies = read_dependencies(config.root)
    installed = Installed(sys.path if path is None else path, project.python)
    findings = [
        *(_not_python(each, project) for each in project.broken),
        *check_folder(project, dependencies),
        *check_classes(config, exported),
        *check_imports(project, installed, dependencies),
        *check_calls(project),
        *check_top_level(project),
        *check_bridge(project),
        *check_handlers(project),
        *check_files(project),
    ]
    # Functions within functions are looked at more than once.
    return sorted((each for each in dict.fromkeys(findings) if not is_ignored(each)), key=_place)


def _not_python(error: SyntaxError, project: Project) -> Finding:
    here, there = sys.version_info[:2], project.python
    older = (
        f"; if Python {there[0]}.{there[1]}, which Cloudflare runs it on, takes it, check with that"
    )
    file = Path(error.filename or "")
    source = SourceFile(file, file.read_text("utf-8", "replace"))
    return Finding(
        "syntax",
        f"this is no Python: {error.msg}",
        f"correct it: nothing else of the file was checked{older if here < there else ''}",
        Span(source, error.lineno or 1, error.offset or 1),
    )


def _place(finding: Finding) -> tuple[str, int, int]:
    span = finding.span
    return ("", 0, 0) if span is None else (str(span.file.path), span.line, span.column)
