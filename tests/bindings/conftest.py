"""Programs that use bindings, in this process: raw ones, and through Cloudflare's SDK."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import TYPE_CHECKING, Any

import pytest

from pydo.bindings.d1 import D1Database
from pydo.bindings.kv import KvNamespace
from pydo.bindings.store import KvStore, SqlStore
from tests.host.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def now() -> Time:
    return Time()


@pytest.fixture
def project(tmp_path: Path, now: Time) -> Iterator[Project]:
    kv, d1 = KvStore(tmp_path / "kv", now), SqlStore(tmp_path / "d1")
    project = Project(tmp_path, bindings={"KV": KvNamespace(kv), "DB": D1Database(d1)})
    yield project
    project.close()
    kv.close()
    d1.close()


@pytest.fixture
def run(project: Project) -> Callable[[str], Any]:
    """Run the body of `main`, with `kv` and `db` as the SDK gives them, `raw_*` as they are."""

    def run(body: str) -> Any:
        return project.run(_HEAD + indent(dedent(body.strip("\n")), "    "))

    return run


_HEAD = '''
from pyodide.ffi import jsnull
from js import Object, Uint8Array, Uint16Array

def js_value(value):
    return to_js(value, dict_converter=Object.fromEntries)

async def tried(call):
    """Give what a call gives, or what it throws at once or later."""
    try:
        result = call()
    except JsException as error:
        return f"thrown {told(error)}"
    try:
        return await result
    except JsException as error:
        return told(error)

async def main(env, ctx):
    kv, db = env.KV, env.DB
    raw_kv, raw_db = env._env.KV, env._env.DB
'''
