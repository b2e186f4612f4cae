"""The rings of docs/architecture.md, held: a module imports its own package and lower rings."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "pydo"
RINGS = {
    0: {"errors", "config", "clone", "statedir", "platform", "foreign"},
    1: {"runtime"},
    2: {"bindings", "host", "loader"},
    3: {
        "check",
        "console",
        "control",
        "d1",
        "migrate",
        "scaffold",
        "serve",
        "state",
    },
    4: {"dev", "cli", "__main__"},
}
RING_OF = {name: ring for ring, names in RINGS.items() for name in names}
# What may be imported within a ring.
ALLOWED_BESIDE = {
    ("bindings", "host"),  # they are JavaScript's values
    ("check", "migrate"),  # what production answers to migrations
    ("statedir", "platform"),  # the lock of the directory
    ("cli", "dev"),
    ("__main__", "cli"),
}
FLOORS = {
    "aiohttp": {"serve"},
    "apsw": {"bindings", "migrate", "runtime", "state"},
    "brotli": {"host"},
    "click": {"cli"},
    "cryptography": {"host"},
    "greenlet": {"runtime"},
    "packaging": {"check"},
    "rich": {"console"},
    "tomli": {"config"},
    "uvloop": {"runtime"},
    "watchfiles": {"dev"},
}
POSIX = {"fcntl", "grp", "pwd", "resource", "termios"}
WORKERS = {"_pyodide_entrypoint_helper", "js", "pyodide", "workers"}


def sources() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if "_templates" not in path.parts)


def part_of(path: Path) -> str:
    first = path.relative_to(ROOT).parts[0]
    return first.removesuffix(".py")


@cache
def imports(path: Path, *, at_start: bool = False) -> frozenset[str]:
    """Give the modules that a file imports; `at_start` leaves out functions and type checking."""
    found: set[str] = set()
    nodes: list[ast.AST] = [parsed(path)]
    while nodes:
        node = nodes.pop()
        if at_start and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            nodes += node.orelse
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {name for name in inner if _is_module(name)}
            found |= modules or {node.module}
        nodes += ast.iter_child_nodes(node)
    return frozenset(found)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def _is_module(name: str) -> bool:
    path = ROOT.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def pydo_parts(path: Path) -> set[str]:
    names = {name.split(".")[1] for name in imports(path) if name.startswith("pydo.")}
    return {name for name in names if name in RING_OF}


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_its_own_package_and_lower_rings(path: Path) -> None:
    part = part_of(path)
    if part == "__init__":
        return

    above = {
        other
        for other in pydo_parts(path)
        if other != part
        and RING_OF[other] >= RING_OF[part]
        and (part, other) not in ALLOWED_BESIDE
        and other != "errors"
    }

    assert above == set()


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_library_stays_on_its_floor(path: Path) -> None:
    part = part_of(path)

    found = {name.split(".")[0] for name in imports(path)}

    assert {name for name in found if part not in FLOORS.get(name, {part})} == set()
    assert not found & WORKERS
    if part != "platform":
        assert not found & POSIX


def test_every_module_has_a_ring() -> None:
    assert {part_of(path) for path in sources()} - {"__init__"} == set(RING_OF)


def test_modules_do_not_import_one_another_in_a_ring_at_start() -> None:
    names = {path: _name(path) for path in sources()}
    known = set(names.values())
    graph = {
        name: {other for other in imports(path, at_start=True) if other in known and other != name}
        for path, name in names.items()
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for other in graph[name]:
                visit(other, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_help_starts_without_the_commands_the_server_and_rich() -> None:
    loaded = loaded_by("from pydo.cli import cli; cli(['--help'], standalone_mode=False)")

    heavy = {"aiohttp", "apsw", "cryptography", "hashlib", "rich", "uvloop", "watchfiles"}
    assert heavy & {*loaded} == set()
    assert [name for name in loaded if name.startswith("pydo.")] == [
        "pydo.cli",
        "pydo.cli.main",
        "pydo.cli.option",
        "pydo.errors",
    ]


def test_a_session_starts_without_what_few_requests_need() -> None:
    loaded = loaded_by("import pydo.dev.session")

    heavy = {
        "anyio",
        "cryptography",
        "importlib.metadata",
        "pydo.bindings.assets.site",
        "pydo.bindings.d1",
        "pydo.bindings.kv",
        "pydo.host.js.pattern",
        "rich",
        "tomllib",
        "watchfiles",
    }
    assert heavy & {*loaded} == set()


def loaded_by(program: str) -> list[str]:
    """Give the modules that are there after a program, in order."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", f"{program}; import sys; print(*sorted(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1].split()


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
