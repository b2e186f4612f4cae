"""Rules of files: only what is uploaded can be read, and only /tmp can be written."""

from __future__ import annotations

import ast
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from pydo.check.finding import Finding
from pydo.host.portability.watch import is_uploaded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydo.check.module import Call, Module
    from pydo.check.project import Project

__all__ = ["check_files"]

_READERS = {"read_text", "read_bytes", "open"}
_WRITERS = {"write_text", "write_bytes", "mkdir", "touch"}
_LONGEST = 200  # of a string that may be a path


def check_files(project: Project) -> Iterator[Finding]:
    """Find reads of files that would not be there, and writes that would be refused."""
    for module in project.modules:
        touches_files = False
        for call in module.calls:
            method = call.name.rpartition(".")[2]
            touches_files |= method in _READERS
            if _writes(call, method) and (path := _written(call)) is not None:
                yield Finding(
                    "write-outside-tmp",
                    f"{path} is written, and on Cloudflare only /tmp can be, which each request"
                    " may find empty",
                    "keep it in `ctx.storage`, KV or D1",
                    module.span(call.node),
                )
        if touches_files:
            yield from _check_names(project, module)


def _check_names(project: Project, module: Module) -> Iterator[Finding]:
    """Look at every string in a module that opens files which names one of the folder's."""
    for constant in module.strings:
        text = str(constant.value)
        found = _file_named(text, module, project)
        if found is None:
            continue
        if not project.root.owns(str(found)):
            yield Finding(
                "outside-root",
                f"{text} is outside of {project.root.folder.name}/, the folder of the"
                " modules, and nothing outside of it is uploaded",
                f"move it into {project.root.folder.name}/",
                module.span(constant),
            )
        elif not is_uploaded(found, project.config.uploads):
            kind = found.suffix or found.name
            yield Finding(
                "not-uploaded",
                f"{text} is not uploaded: of the files beside the modules only .py, .txt,"
                " .html, .sql, .bin and .wasm are",
                f'add rules = [{{ type = "Data", globs = ["**/*{kind}"] }}] to the configuration',
                module.span(constant),
            )


def _file_named(text: str, module: Module, project: Project) -> Path | None:
    if not text or len(text) > _LONGEST or "\0" in text or "\n" in text:
        return None
    if not PurePath(text).suffix:
        return None
    for folder in (module.path.parent, project.root.folder, project.config.root):
        candidate = folder / text
        if candidate.is_file() and candidate.suffix != ".py":
            return candidate.resolve() if ".." in candidate.parts else candidate
    return None


def _writes(call: Call, method: str) -> bool:
    if method in _WRITERS and "." in call.name:
        return True
    if call.name not in {"open", "io.open"} and not (method == "open" and "." in call.name):
        return False
    position = 1 if call.name in {"open", "io.open"} else 0
    modes = [
        *call.node.args[position : position + 1],
        *(each.value for each in call.node.keywords if each.arg == "mode"),
    ]
    return any(
        isinstance(mode, ast.Constant)
        and isinstance(mode.value, str)
        and set(mode.value) <= set("rwxabt+")
        and {"w", "x", "a", "+"} & set(mode.value)
        for mode in modes
    )


def _written(call: Call) -> str | None:
    """Give the path that is written, if it can be told and is not below /tmp."""
    if call.name in {"open", "io.open"}:
        target: ast.expr | None = call.node.args[0] if call.node.args else None
    else:
        target = call.node.func.value if isinstance(call.node.func, ast.Attribute) else None
    if target is None:
        return None
    texts = [
        each.value
        for each in ast.walk(target)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    if not texts or texts[0].startswith("/tmp"):  # noqa: S108 - the one place that there is
        return None
    return "/".join(texts)
