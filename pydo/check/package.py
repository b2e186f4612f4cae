"""What is installed, and which of it there is on Cloudflare.

Cloudflare takes packages that are pure Python, and those that Pyodide has built; pywrangler puts
what pyproject.toml depends on into the upload, and nothing else.
"""

from __future__ import annotations

import csv
import json
import os
import re
from functools import cache, cached_property
from importlib.metadata import Distribution
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Installed", "canonical", "pyodide_builds"]

_COMPILED = {".so", ".pyd", ".dylib"}


def canonical(name: str) -> str:
    """Spell the name of a distribution as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def pyodide_builds(python: tuple[int, int]) -> dict[str, str]:
    """Give the packages that Pyodide has built for that Python, each with its version.

    `scripts/pyodide-packages` makes the list from the releases on the npm registry.
    """
    found = json.loads(Path(__file__).with_name("packages.json").read_text("utf-8"))
    builds: dict[str, str] = found.get(f"{python[0]}.{python[1]}", {})
    return builds


class Installed:
    """The distributions on a path, such as `sys.path`, as a Worker for `python` would use them."""

    def __init__(self, path: Sequence[str], python: tuple[int, int]) -> None:
        self._path = list(path)
        self._python = python

    @cached_property
    def _found(self) -> dict[str, Distribution]:
        found: dict[str, Distribution] = {}
        for distribution in Distribution.discover(path=self._path):
            found.setdefault(canonical(distribution.metadata["Name"] or ""), distribution)
        return found

    @cached_property
    def _providers(self) -> dict[str, list[str]]:
        providers: dict[str, list[str]] = {}
        for name, distribution in self._found.items():
            for module in _modules(distribution):
                providers.setdefault(module, []).append(name)
        return providers

    def has(self, distribution: str) -> bool:
        """Tell whether a distribution is installed."""
        return canonical(distribution) in self._found

    def providers(self, module: str) -> list[str]:
        """Give the distributions that a top-level module comes from."""
        return self._providers.get(module, [])

    def is_available(self, distribution: str) -> bool:
        """Tell whether Cloudflare can have it: pure Python, or built by Pyodide."""
        name = canonical(distribution)
        return name in pyodide_builds(self._python) or not _is_compiled(self._found[name])

    def needed(self, requirements: Iterable[str]) -> set[str]:
        """Follow what is required, installed or not, as it would be installed on Cloudflare."""
        reached: set[tuple[str, str]] = set()
        waiting = [(each, "") for each in requirements]
        while waiting:
            text, extra = waiting.pop()
            try:
                requirement = Requirement(text)
            except InvalidRequirement:
                continue
            if requirement.marker and not requirement.marker.evaluate(self._environment(extra)):
                continue
            name = canonical(requirement.name)
            for wanted in ("", *requirement.extras):
                if (name, wanted) not in reached:
                    reached.add((name, wanted))
                    distribution = self._found.get(name)
                    requires = distribution.requires if distribution is not None else None
                    waiting += [(each, wanted) for each in requires or ()]
        return {name for name, _ in reached}

    def _environment(self, extra: str) -> dict[str, str]:
        version = f"{self._python[0]}.{self._python[1]}"
        return {
            "extra": extra,
            "os_name": "posix",
            "platform_machine": "wasm32",
            "platform_system": "Emscripten",
            "python_full_version": f"{version}.0",
            "python_version": version,
            "sys_platform": "emscripten",
        }


def _modules(distribution: Distribution) -> set[str]:
    text = distribution.read_text("top_level.txt")
    found = {line.strip() for line in text.splitlines()} if text else set()
    for file in _files(distribution):
        first, slash, _ = file.partition("/")
        if slash or _suffix(file) in {".py", *_COMPILED}:
            found.add(first.partition(".")[0])
    return {name for name in found if name.isidentifier()}


def _is_compiled(distribution: Distribution) -> bool:
    return any(_suffix(file) in _COMPILED for file in _files(distribution))


def _files(distribution: Distribution) -> list[str]:
    """Give the files of a distribution, with `/` between folders.

    The record is read here, since `Distribution.files` makes objects that take far longer.
    """
    record = distribution.read_text("RECORD")
    if record is None:
        return [str(file).replace(os.sep, "/") for file in distribution.files or ()]
    return [row[0] for row in csv.reader(record.splitlines()) if row]


def _suffix(file: str) -> str:
    return os.path.splitext(file)[1]  # noqa: PTH122 - it is a text
