"""The rules of the process: threads, other processes, and files that are not deployed."""

from __future__ import annotations

import builtins
import io
import os
import subprocess
import threading
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydo.host.portability.hearing import Portability, stand

if TYPE_CHECKING:
    from collections.abc import Collection, Generator

__all__ = ["is_uploaded", "watching"]

# Source: packages/wrangler/src/deployment-bundle/rules.ts, and `**/*.py` for Python.
_UPLOADED = frozenset({".py", ".txt", ".html", ".sql", ".bin", ".wasm"})


@contextmanager
def watching(portability: Portability) -> Generator[None]:
    """Let `portability` hear of what the process does, from here on to the end."""
    with ExitStack() as stack:
        stack.callback(stand(portability))
        stack.callback(_patch(threading.Thread, "start", _start(portability)))
        stack.callback(_patch(subprocess.Popen, "__init__", _spawn(portability)))
        opened = _open(portability)
        stack.callback(_patch(io, "open", opened))
        stack.callback(_patch(builtins, "open", opened))
        yield


def is_uploaded(path: Path, patterns: Collection[str]) -> bool:
    """Whether a file of the project is deployed, by its kind or by `patterns` of the project's."""
    return path.suffix in _UPLOADED or any(
        fnmatch(str(path), f"*/{pattern.replace('**/', '*')}") for pattern in patterns
    )


def _patch(owner: Any, name: str, function: Any) -> Any:
    before = getattr(owner, name)
    setattr(owner, name, function)
    return lambda: setattr(owner, name, before)


def _start(portability: Portability) -> Any:
    start = threading.Thread.start

    def watched(self: threading.Thread) -> None:
        portability.found(
            "thread",
            "a thread is started here; Cloudflare has none: use asyncio",
            RuntimeError("can't start new thread"),
        )
        start(self)

    return watched


def _spawn(portability: Portability) -> Any:
    spawn: Any = subprocess.Popen.__init__

    def watched(self: subprocess.Popen[Any], *arguments: Any, **named: Any) -> None:
        portability.found(
            "process",
            "a process is started here; Cloudflare has none",
            OSError(138, "emscripten does not support processes."),
        )
        spawn(self, *arguments, **named)

    return watched


def _open(portability: Portability) -> Any:
    original = io.open

    def watched(file: Any, mode: str = "r", *arguments: Any, **named: Any) -> Any:
        if isinstance(file, (str, Path)) and not {"w", "x", "a"} & set(mode):
            _look_at_file(portability, str(file))
        return original(file, mode, *arguments, **named)

    return watched


def _look_at_file(portability: Portability, name: str) -> None:
    path = Path(name).absolute()
    if not portability.owns(str(path)) or is_uploaded(path, portability.uploads):
        return
    if not path.is_file():
        return
    kind = f"*{path.suffix}" if path.suffix else path.name
    portability.found(
        "undeclared-file",
        f"{path.name} is read here, and Cloudflare does not get it: only .py, .txt, .html, .sql,"
        f' .bin and .wasm are deployed; add rules = [{{ type = "Data", globs = ["**/{kind}"] }}]',
        FileNotFoundError(2, os.strerror(2), str(path)),
    )
