"""Every name that Python Workers count on is there, and does what it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .project import Project
from .surface import GLOBALS, MODULES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAIN = """
import ast, importlib, inspect

GLOBALS = {globals!r}
MODULES = {modules!r}

async def used(use):
    code = compile(use, "<use>", "eval", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    scope = {{"js": js, "to_js": to_js, "create_proxy": create_proxy}}
    value = eval(code, scope)
    return repr(await value if inspect.iscoroutine(value) else value)

async def outcome(use):
    try:
        return await used(use)
    except Exception as error:
        return f"{{type(error).__name__}}: {{error}}"

def imported(module, name):
    try:
        exec(f"from {{module}} import {{name}}", {{}})
    except Exception as error:
        return f"{{type(error).__name__}}: {{error}}"

async def main(env, ctx):
    return {{
        "uses": {{name: await outcome(use) for name, (use, _) in GLOBALS.items()}},
        "imports": {{
            (module, name): imported(module, name)
            for module, names in MODULES.items()
            for name in names
        }}
        | {{("js", name): imported("js", name) for name in GLOBALS if "." not in name}},
    }}
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    directory: Path = tmp_path_factory.mktemp("surface")
    project = Project(directory)
    yield project.run(_MAIN.format(globals=GLOBALS, modules=MODULES))
    project.close()


@pytest.mark.parametrize("name", GLOBALS)
def test_a_global_does_what_it_is_for(found: Any, name: str) -> None:
    _, answer = GLOBALS[name]

    assert found["uses"][name] == answer
    assert found["imports"].get(("js", name)) is None


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in MODULES.items() for name in names]
)
def test_a_name_of_another_module_can_be_imported(found: Any, module: str, name: str) -> None:
    assert found["imports"][module, name] is None
