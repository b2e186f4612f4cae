"""What carrying objects to wrangler and from it have in common.

    <state>/v3/do/<worker>-<Class>/
      <id>.sqlite           an object: the same tables as pydo's, and its name in one of miniflare's
      <id>.<n>.sqlite       a facet of it, and <id>.facets their index: as pydo's own
      metadata.sqlite       the times of the alarms

wrangler computes ids of `<worker>-<Class>` as the class is called today; pydo of the key that the
class had when it was made, so that a renamed class keeps its objects.  Where the two differ, an
object gets the id that its name has on the other side, and one without a name cannot be carried.

Sources: src/workerd/server/server.c++, src/workerd/server/alarm-scheduler.c++; the table of names
is that of cloudflare/workers-sdk `packages/miniflare/src/workers/core/`.
"""

from __future__ import annotations

import shutil
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import apsw

from pydo.errors import JsException, StateError
from pydo.runtime.ids import IdFactory
from pydo.runtime.sqlitefile import left_as_found

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

__all__ = [
    "NAMES",
    "Carried",
    "copy",
    "left_out_if_damaged",
    "opened",
    "other_id",
    "put",
    "staged",
]

NAMES = "__miniflare_do_name"  # wrangler's table with the name of its object


@dataclass(slots=True)
class Carried:
    """What became of the objects of one class; `other_key` is what its ids were made of there."""

    class_name: str
    objects: int = 0
    alarms: int = 0
    kept: int = 0  # were there already, and stay as they are
    nameless: int = 0  # of a renamed class: they have no id on the other side
    facets: int = 0
    damaged: list[str] = field(default_factory=list[str])  # why objects were left where they are
    other_key: str | None = None

    @property
    def was_renamed(self) -> bool:
        """Whether the ids are others on the two sides."""
        return self.other_key is not None


def other_id(key: str, hex_id: str, name: str | None, carried: Carried) -> str | None:
    """Give the id that an object has where ids are made of `key`; None if it has none."""
    if not carried.was_renamed:
        return hex_id
    if name is None:
        carried.nameless += 1
        return None
    return IdFactory(key).from_name(name).hex


@contextmanager
def left_out_if_damaged(carried: Carried) -> Generator[None]:
    """Let one object that cannot be carried not hold up the others."""
    try:
        yield
    except StateError as error:
        carried.damaged.append(str(error))
    except OSError as error:
        carried.damaged.append(f"{error.filename} cannot be carried over: {error.strerror}")
    except JsException as error:  # of its facets' index
        carried.damaged.append(f"{error.__cause__ or error}")


@contextmanager
def opened(file: Path) -> Generator[apsw.Connection]:
    """Open a database that is to be carried, and leave it as it was.

    Raises:
        StateError: it cannot be read, or not be written anew.

    """
    try:
        with left_as_found(file) as connection:
            yield connection
    except (apsw.Error, OSError) as error:
        raise StateError(f"{file} cannot be carried over: {error}") from error


@contextmanager
def staged(target: Path) -> Generator[Path]:
    """Give a folder beside a database for all that is to replace it.

    What is still in it at the end goes, and so does what a crash has left of an earlier one.
    """
    stage = target.with_name(f".{target.name}.new")
    for each in target.parent.glob(f"{stage.name}*"):
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink()
    stage.mkdir(parents=True)
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        with suppress(OSError):
            target.parent.rmdir()  # where nothing was put


def copy(source: apsw.Connection, draft: Path, change: Callable[[apsw.Connection], None]) -> None:
    """Copy a database to where there is none, with a change."""
    source.execute("PRAGMA schema_version").fetchall()  # tells what is wrong; a backup does not
    with closing(apsw.Connection(str(draft))) as connection:
        with connection.backup("main", source, "main") as backup:
            backup.step()
        change(connection)
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)


def put(draft: Path, target: Path) -> None:
    """Put a database in its place in one step: a crash leaves what was there or all of it."""
    _write_log_back(target)
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    draft.replace(target)


def _write_log_back(target: Path) -> None:
    """Let what is about to be replaced do without its log."""
    if target.exists():
        with suppress(apsw.Error):  # it is damaged, and goes
            connection = apsw.Connection(str(target), flags=apsw.SQLITE_OPEN_READWRITE)
            with closing(connection):
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
