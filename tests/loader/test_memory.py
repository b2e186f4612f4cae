"""Old generations leave no trace in memory."""

from __future__ import annotations

import gc
import sys
import weakref
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Project

SOURCE = """\
import abc, collections.abc, functools, re, typing
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Optional, Protocol, TypeVar, Union

import helper

T = TypeVar("T")

class Color(Enum):
    RED = 1

@dataclass(frozen=True)
class Item:
    color: "Color"
    next: "Optional[Item]" = None

class Box(Generic[T]): ...

@typing.runtime_checkable
class Sized(Protocol):
    def size(self) -> int: ...

class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...

class Square(Shape):
    def area(self): return 1
    def size(self): return 1

collections.abc.Sized.register(Square)

@functools.singledispatch
def show(value): return "?"

@show.register
def _(value: Item): return "item"

@functools.lru_cache
def cached(value): return value

ALIASES = Optional[Item], Union[Item, Color], Box[Item], typing.Callable[[Item], Color], Item | None
HINTS = typing.get_type_hints(Item)
CHECKS = [isinstance(Square(), kind) for kind in (Shape, collections.abc.Sized, Sized)]
SHOWN = show(cached(Item(Color.RED)))
"""


def test_an_old_generation_is_collected(project: Project) -> None:
    project.write("helper.py", "import entry\nclass Thing: ...")
    generation = project.load(SOURCE)
    traces: list[weakref.ref[Any]] = [
        weakref.ref(generation),
        weakref.ref(generation.entry),
        weakref.ref(generation.entry.Item),
        weakref.ref(generation.modules["helper"]),
    ]
    del generation

    project.load()
    gc.collect()

    assert [trace() for trace in traces] == [None] * 4


def test_a_failed_generation_is_collected_with_its_error(project: Project) -> None:
    project.write("helper.py", "class Thing: ...")
    project.load(SOURCE)
    failure = project.fail(SOURCE + "\n1 / 0")
    assert failure.traceback is not None
    trace = weakref.ref(failure.traceback.tb_frame.f_globals["Item"])
    del failure

    gc.collect()

    assert trace() is None


def test_a_closed_loader_lets_go_of_everything(project: Project) -> None:
    project.write("helper.py", "class Thing: ...")
    trace = weakref.ref(project.load(SOURCE).entry)

    project.loader.close()
    gc.collect()

    assert trace() is None


@pytest.mark.timeout(60)
def test_two_hundred_loads_leave_memory_flat(project: Project) -> None:
    project.write("helper.py", "class Thing: ...")
    project.write("entry.py", SOURCE)
    for _ in range(5):
        project.load()
    gc.collect()
    objects, modules = len(gc.get_objects()), len(sys.modules)

    for number in range(200):
        project.write("helper.py", f"class Thing:\n    NUMBER = {number}")
        project.load()
    gc.collect()

    assert len(gc.get_objects()) - objects < 500
    assert len(sys.modules) == modules
