"""The modules of a Worker, put in place for one test, and Cloudflare's SDK on top of them."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pydo.host.flags import Flags
from pydo.host.importer import Host, install, uninstall
from pydo.host.js.object import JsObject

if TYPE_CHECKING:
    from collections.abc import Iterator

SDK = ("workers", "asgi")


@pytest.fixture
def kept() -> list[object]:
    """What was given to `waitUntil`."""
    return []


@pytest.fixture
def host(kept: list[object]) -> Iterator[Host]:
    """The modules, in place as long as the test runs."""
    host = Host(JsObject({"GREETING": "hello"}), kept.append, Flags("2026-09-01"))
    install(host)
    yield host
    uninstall()


@pytest.fixture
def js(host: Host) -> Any:
    """The module `js`."""
    assert host
    return importlib.import_module("js")


@pytest.fixture
def ffi(host: Host) -> Any:
    """The module `pyodide.ffi`."""
    assert host
    return importlib.import_module("pyodide.ffi")


@pytest.fixture
def sdk(host: Host) -> Iterator[Any]:
    """Cloudflare's SDK, imported anew on these modules."""
    assert host
    before = {name: module for name, module in sys.modules.items() if _is_of_the_sdk(name)}
    for name in before:
        del sys.modules[name]
    yield importlib.import_module("workers")
    for name in [name for name in sys.modules if _is_of_the_sdk(name)]:
        del sys.modules[name]
    sys.modules.update(before)


def _is_of_the_sdk(name: str) -> bool:
    return name.partition(".")[0] in SDK
