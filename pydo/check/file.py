"""Rules of files: only what is uploaded can be read, and only /tmp can be written."""

from __future__ import annotations

import ast
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from pydo.check.finding import Finding
from pydo.check.place import path_of
from pydo.host.portability.watch import is_uploaded
from pydo.loader.source import is_project_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydo.check.module import Call, Module
    from pydo.check.project import Project

__all__ = ["check_files"]

_READERS = {"read_text", "read_bytes", "open", "get_data", "get_template", "files"}
# Which argument of a call is the path that it writes.
_WRITERS = {"os.mkdir": 0, "os.makedirs": 0, "sqlite3.connect": 0, "logging.FileHandler": 0}
_WRITING_METHODS = {"write_text", "write_bytes", "mkdir", "touch"}
_LONGEST = 200  # of a string that may be a path


def check_files(project: Project) -> Iterator[Finding]:
    """Find reads of files that would not be there, and writes that would be refused."""
    left = _Left(project.root.folder, tuple(_left_behind(project)))
    for module in project.modules:
        for call in module.calls:
            target = _written(call)
            path = None if target is None else path_of(target, call, module)
            if path is not None and not _is_writable(path):
                yield Finding(
                    "write-outside-tmp",
                    f"{path} is written, and on Cloudflare only /tmp can be, which each request"
                    " may find empty",
                    "keep it in `ctx.storage`, KV or D1",
                    module.span(call.node),
                )
        if any(call.name.rpartition(".")[2] in _READERS for call in module.calls):
            yield from _check_names(project, module, left)


@dataclass(frozen=True, slots=True)
class _Left:
    """The files below the modules' folder that are not uploaded."""

    root: Path
    files: tuple[Path, ...]

    def find(self, text: str, module: Module) -> Path | None:
        """Find the file whose path ends in a text of a module that names its folders as well."""
        named = PurePath(text).parts
        for file in self.files:
            parts = file.relative_to(self.root).parts
            if parts[-len(named) :] == named and {*parts[: -len(named)]} <= _words(module):
                return file
        return None


def _left_behind(project: Project) -> Iterator[Path]:
    for folder, folders, names in os.walk(project.root.folder):
        folders[:] = [each for each in folders if is_project_folder(each)]
        files = (Path(folder, name) for name in names)
        yield from (each for each in files if not is_uploaded(each, project.config.uploads))


def _words(module: Module) -> set[str]:
    """Give the parts of the strings of a module, and of its own name."""
    texts = [str(each.value) for each in module.strings if len(str(each.value)) <= _LONGEST]
    return {word for text in (module.name, *texts) for word in re.split(r"[/.]", text)}


def _check_names(project: Project, module: Module, left: _Left) -> Iterator[Finding]:
    """Look at every string in a module that opens files which names one of the folder's."""
    for constant in module.strings:
        text = str(constant.value)
        found = _file_named(text, module, project, left)
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
            kind = f"*{found.suffix}" if found.suffix else found.name
            yield Finding(
                "not-uploaded",
                f"{text} is not uploaded: of the files beside the modules only .py, .txt,"
                " .html, .sql, .bin and .wasm are",
                f'add rules = [{{ type = "Data", globs = ["**/{kind}"] }}] to the configuration',
                module.span(constant),
            )


def _file_named(text: str, module: Module, project: Project, left: _Left) -> Path | None:
    if not text or len(text) > _LONGEST or "\0" in text or "\n" in text:
        return None
    if not PurePath(text).suffix:
        return None
    for folder in (module.path.parent, project.root.folder, project.config.root):
        candidate = folder / text
        if candidate.is_file() and candidate.suffix != ".py":
            return candidate.resolve() if ".." in candidate.parts else candidate
    return left.find(text, module)


def _written(call: Call) -> ast.expr | None:
    """Give what stands for the path that a call writes, if it writes any."""
    arguments, function = call.node.args, call.node.func
    method = call.name.rpartition(".")[2]
    if call.name in {"open", "io.open"}:
        return arguments[0] if arguments and _is_writing(call, 1) else None
    if call.name in _WRITERS:
        return next(iter(arguments[_WRITERS[call.name] :]), None)
    if isinstance(function, ast.Attribute) and (
        method in _WRITING_METHODS or (method == "open" and _is_writing(call, 0))
    ):
        return function.value
    return None


def _is_writing(call: Call, position: int) -> bool:
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


def _is_writable(path: PurePath) -> bool:
    text = str(path)
    return text in {":memory:", "."} or text.startswith(("/tmp", "/dev/", "file:"))  # noqa: S108 - the one place that there is
