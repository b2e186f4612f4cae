"""Rules of what is imported: that Cloudflare has it, or that it gets there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pydo.check.finding import Finding
from pydo.check.package import Installed, canonical, pyodide_builds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydo.check.folder import Dependencies
    from pydo.check.module import Import, Module
    from pydo.check.project import Project
    from pydo.config import Span

__all__ = ["check_imports"]

# What the runtime itself brings, and the SDK, which pywrangler puts into every upload.
_HOST = {
    "_cloudflare",
    "_cloudflare_compat_flags",
    "_pyodide",
    "_pyodide_core",
    "_pyodide_entrypoint_helper",
    "asgi",
    "js",
    "pyodide",
    "pyodide_js",
    "workers",
}

# Source: developers.cloudflare.com/workers/languages/python/stdlib, and each release of Pyodide.
_ABSENT = {
    *("curses", "dbm", "ensurepip", "grp", "idlelib", "lib2to3", "msilib", "msvcrt", "nis"),
    *("ossaudiodev", "pwd", "readline", "resource", "spwd", "syslog", "tkinter", "turtle"),
    *("turtledemo", "venv", "winreg", "winsound"),
}
# The versions of Python that a module of the standard library came with, and went with.
_SINCE = {
    **dict.fromkeys(("fcntl", "pty", "termios", "tty"), (3, 14)),  # as Pyodide has them
    **dict.fromkeys(("annotationlib", "compression"), (3, 14)),
}
_UNTIL = {
    **dict.fromkeys(("asynchat", "asyncore", "distutils", "imp", "smtpd"), (3, 12)),
    **dict.fromkeys(("aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr"), (3, 13)),
    **dict.fromkeys(("mailcap", "nntplib", "pipes", "sndhdr", "sunau", "telnetlib"), (3, 13)),
    **dict.fromkeys(("uu", "xdrlib"), (3, 13)),
}


def check_imports(
    project: Project, installed: Installed, dependencies: Dependencies
) -> Iterator[Finding]:
    """Find imports that would fail there."""
    needed = installed.needed(dependencies.names)
    told: set[tuple[str, str]] = set()
    for module in project.modules:
        for each in module.imports:
            first = each.name.partition(".")[0]
            if each.is_optional or not first or project.has_module(first) or first in _HOST:
                continue
            if (module.name, first) in told:
                continue
            told.add((module.name, first))
            if first in sys.stdlib_module_names or first in _SINCE or first in _UNTIL:
                yield from _standard(project, module, each, first)
            elif first == project.root.folder.name and not installed.providers(first):
                yield _prefixed(module, each, first)
            elif installed.providers(first) or canonical(first) not in dependencies.direct:
                yield from _third_party(project, module, each, installed, dependencies, needed)
    yield from _behind(project, installed, dependencies, needed)


def _standard(project: Project, module: Module, each: Import, first: str) -> Iterator[Finding]:
    if first in _ABSENT or not _is_standard(first, project.python):
        is_of_version = first not in _ABSENT
        version = f" {project.python[0]}.{project.python[1]}" if is_of_version else ""
        yield Finding(
            "absent-module",
            f"Python{version} on Cloudflare has no module {first}",
            "do without it, or import it inside a `try` that catches ImportError",
            module.span(each.node),
        )


def _is_standard(name: str, python: tuple[int, int]) -> bool:
    """Whether the standard library of a version has a module, as far as the tables tell."""
    if name in _SINCE or name in _UNTIL:
        return _SINCE.get(name, (3, 0)) <= python < _UNTIL.get(name, (4, 0))
    return name in sys.stdlib_module_names


def _prefixed(module: Module, each: Import, first: str) -> Finding:
    rest = each.name.partition(".")[2] or "what is in it by its own name"
    return Finding(
        "import-prefix",
        f"{each.name} is not found on Cloudflare: {first}/ is the folder that modules are"
        " imported from",
        f"import {rest}",
        module.span(each.node),
    )


def _third_party(  # noqa: PLR0913, PLR0917 - each is one of the things that decide
    project: Project,
    module: Module,
    each: Import,
    installed: Installed,
    dependencies: Dependencies,
    needed: set[str],
) -> Iterator[Finding]:
    first = each.name.partition(".")[0]
    span = module.span(each.node)
    providers = installed.providers(first)
    if not providers:
        yield Finding(
            "missing-package",
            f"{first} is not a module of the project, and nothing that is installed provides it",
            "add the package to dependencies in pyproject.toml, and install it here",
            span,
        )
        return
    available = [name for name in providers if installed.is_available(name)]
    if not available:
        yield _uncompiled(project, providers[0], span)
    elif dependencies.are_known and not needed & {*available}:
        yield Finding(
            "undeclared-package",
            f"{first} comes from {available[0]}, which the project does not depend on, so that it"
            " is not uploaded",
            f'add "{available[0]}" to dependencies in pyproject.toml',
            span,
        )


def _behind(
    project: Project, installed: Installed, dependencies: Dependencies, needed: set[str]
) -> Iterator[Finding]:
    """Look at the packages that other packages bring along."""
    for name in sorted(needed):
        if installed.has(name) and not installed.is_available(name):
            yield _uncompiled(project, name, dependencies.span(name))
        elif not installed.has(name) and name in map(canonical, dependencies.direct):
            yield Finding(
                "missing-package",
                f"{name} is a dependency and not installed here, so it is not known what it needs",
                "install it: `pip install` into the project's environment, or `pywrangler sync`",
                dependencies.span(name),
            )


def _uncompiled(project: Project, name: str, span: Span | None) -> Finding:
    count = len(pyodide_builds(project.python))
    version = ".".join(map(str, project.python))
    return Finding(
        "compiled-package",
        f"{name} is compiled, and is not among the {count} packages that Pyodide has built for"
        f" Python {version}",
        "use a package that is pure Python, or one of those on pyodide.org",
        span,
    )
