"""Objects carried to and from the directory of `wrangler dev`.

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

import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw

from pydo.errors import StateError
from pydo.runtime.facetstore import DATABASE, INDEX, FacetStore
from pydo.runtime.ids import IdFactory
from pydo.runtime.metadata import ClassMetadata
from pydo.state.past import note_state
from pydo.state.place import objects_of
from pydo.state.stored import stored_alarm_ms
from pydo.statedir import KEY_VALUE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pydo.statedir import ClassDirectory, StateDirectory

__all__ = ["Carried", "export_to", "import_from"]

_OBJECT_FILE = re.compile(r"[0-9a-f]{64}\.sqlite")
_NAMES = "__miniflare_do_name"
_EMPTY = Path(":memory:")  # stands for an object that only its facets store something for
_NS = 1_000_000  # nanoseconds in a millisecond
_ALARMS = (
    "CREATE TABLE IF NOT EXISTS _cf_ALARM (actor_id TEXT PRIMARY KEY, scheduled_time INTEGER)"
    " WITHOUT ROWID"
)


@dataclass(slots=True)
class Carried:
    """What became of the objects of one class; `other_key` is what its ids were made of there."""

    class_name: str
    objects: int = 0
    alarms: int = 0
    kept: int = 0  # were there already, and stay as they are
    nameless: int = 0  # of a renamed class: they have no id on the other side
    facets: int = 0
    other_key: str | None = None

    @property
    def was_renamed(self) -> bool:
        """Whether the ids are others on the two sides."""
        return self.other_key is not None


def import_from(
    state: StateDirectory,
    source: Path,
    storage_of: Callable[[str], str],
    *,
    overwrites: bool = False,
) -> list[Carried]:
    """Take objects over from a directory of wrangler's, such as `.wrangler/state`.

    `storage_of` tells the storage kind of a class that pydo has no directory of yet.  Objects
    that are there already stay as they are, unless `overwrites`.

    Raises:
        StateError: there are no objects, or one of them cannot be read.

    """
    folders = [
        each
        for each in sorted(_objects_root(source).iterdir())
        if each.is_dir() and "-" in each.name
    ]
    found = [_import_class(state, each, storage_of, overwrites=overwrites) for each in folders]
    if not found:
        raise StateError(f"{source} holds no objects; it should be wrangler's .wrangler/state")
    return found


def export_to(state: StateDirectory, target: Path, *, overwrites: bool = False) -> list[Carried]:
    """Write all objects into a directory in the form of wrangler's `.wrangler/state`.

    Objects that are there already stay as they are, unless `overwrites`.

    Raises:
        StateError: one of them cannot be read.

    """
    folder = target / "v3" / "do"
    return [
        _export_class(each, folder / each.path.name, overwrites=overwrites)
        for each in state.class_directories()
    ]


# -- to pydo


def _objects_root(source: Path) -> Path:
    for each in (
        source / "v3" / "do",
        source / "do",
        source / "state" / "v3" / "do",
        source / ".wrangler" / "state" / "v3" / "do",
        source,
    ):
        if each.is_dir():
            return each
    raise StateError(f"{source} is not there")


def _import_class(
    state: StateDirectory, folder: Path, storage_of: Callable[[str], str], *, overwrites: bool
) -> Carried:
    worker, _, class_name = folder.name.rpartition("-")
    known = list(state.class_directories())
    owner = next((each for each in known if each.path.name == folder.name), None) or next(
        (each for each in known if each.unique_key == folder.name), None
    )
    if owner is None:
        owner = state.class_directory(worker, class_name, storage_of(class_name))
    carried = Carried(class_name)
    if owner.unique_key != folder.name:
        carried.other_key = folder.name
    metadata = ClassMetadata(owner.metadata_path)
    try:
        for file in sorted(folder.iterdir()):
            if _OBJECT_FILE.fullmatch(file.name):
                _import_object(file, owner, metadata, carried, overwrites=overwrites)
    finally:
        metadata.close()
    return carried


def _import_object(
    file: Path,
    owner: ClassDirectory,
    metadata: ClassMetadata,
    carried: Carried,
    *,
    overwrites: bool,
) -> None:
    with _read_only(file) as source:
        name = _name_in(source)
        new_id = _other_id(owner.unique_key, file.stem, name, carried)
        if new_id is None:
            return
        target = owner.object_directory(new_id) / "db.sqlite"
        if target.exists() and not overwrites:
            carried.kept += 1
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        alarm_ms = stored_alarm_ms(source)
        # Noted before the object is there: no crash may lose an alarm.
        metadata.record(new_id, name)
        if alarm_ms is not None:
            metadata.set_alarm(new_id, name, alarm_ms)
            carried.alarms += 1
        else:
            metadata.delete_alarm(new_id)
        has_history = owner.storage != KEY_VALUE
        if has_history and target.exists():
            note_state(target)
        _copy(source, target, _unnamed)
        if has_history:
            note_state(target)
    _import_facets(file, FacetStore(target.parent), carried)
    carried.objects += 1


def _import_facets(file: Path, store: FacetStore, carried: Carried) -> None:
    shutil.rmtree(store.directory, ignore_errors=True)
    index = file.with_suffix(".facets")
    if not index.exists():
        return
    store.directory.mkdir()
    shutil.copyfile(index, store.directory / INDEX)
    for number in store.numbers():
        facet = file.with_suffix(f".{number}.sqlite")
        if facet.exists():
            store.path(number).mkdir()
            with _read_only(facet) as source:
                _copy(source, store.path(number) / DATABASE, lambda _: None)
            carried.facets += 1


def _name_in(source: apsw.Connection) -> str | None:
    if not source.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_NAMES,)).fetchone():
        return None
    row: Any = source.execute(f"SELECT name FROM {_NAMES}").fetchone()  # noqa: S608 - a constant
    return None if row is None else row[0]


def _unnamed(copy: apsw.Connection) -> None:
    copy.execute(f"DROP TABLE IF EXISTS {_NAMES}")


# -- to wrangler


def _export_class(owner: ClassDirectory, folder: Path, *, overwrites: bool) -> Carried:
    carried = Carried(owner.class_name)
    if owner.unique_key != folder.name:
        carried.other_key = owner.unique_key
    folder.mkdir(parents=True, exist_ok=True)
    alarms = apsw.Connection(str(folder / "metadata.sqlite"))
    try:
        alarms.execute(f"PRAGMA journal_mode = WAL; {_ALARMS}").fetchall()
        for place in objects_of(owner):
            store = FacetStore(place.directory)
            if not (place.database.exists() or store.numbers()):
                continue
            new_id = _other_id(folder.name, place.id, place.name, carried)
            if new_id is None:
                continue
            target = folder / f"{new_id}.sqlite"
            if target.exists() and not overwrites:
                carried.kept += 1
                continue
            with _read_only(place.database if place.database.exists() else _EMPTY) as source:
                alarm_ms = stored_alarm_ms(source)
                _note_alarm(alarms, new_id, alarm_ms)
                _copy(source, target, partial(_named, name=place.name))
            _export_facets(store, target, carried)
            carried.objects += 1
            carried.alarms += alarm_ms is not None
    finally:
        alarms.close()
    return carried


def _export_facets(store: FacetStore, target: Path, carried: Carried) -> None:
    for old in target.parent.glob(f"{target.stem}.*.sqlite*"):
        old.unlink()
    index = target.with_suffix(".facets")
    index.unlink(missing_ok=True)
    if store.numbers():
        shutil.copyfile(store.directory / INDEX, index)
    for number in store.numbers():
        database = store.path(number) / DATABASE
        if database.exists():
            with _read_only(database) as source:
                _copy(source, target.with_suffix(f".{number}.sqlite"), lambda _: None)
            carried.facets += 1


def _note_alarm(alarms: apsw.Connection, object_id: str, alarm_ms: int | None) -> None:
    if alarm_ms is None:
        alarms.execute("DELETE FROM _cf_ALARM WHERE actor_id = ?", (object_id,))
    else:
        alarms.execute(
            "INSERT INTO _cf_ALARM (actor_id, scheduled_time) VALUES (?, ?) ON CONFLICT (actor_id)"
            " DO UPDATE SET scheduled_time = excluded.scheduled_time",
            (object_id, alarm_ms * _NS),
        )


def _named(copy: apsw.Connection, name: str | None) -> None:
    if name is not None:
        copy.execute(f"CREATE TABLE IF NOT EXISTS {_NAMES} (id INTEGER PRIMARY KEY, name TEXT)")
        copy.execute(f"INSERT OR REPLACE INTO {_NAMES} VALUES (1, ?)", (name,))  # noqa: S608 - a constant


# -- either way


def _other_id(key: str, hex_id: str, name: str | None, carried: Carried) -> str | None:
    """Give the id that an object has where ids are made of `key`; None if it has none."""
    if not carried.was_renamed:
        return hex_id
    if name is None:
        carried.nameless += 1
        return None
    return IdFactory(key).from_name(name).hex


@contextmanager
def _read_only(file: Path) -> Generator[apsw.Connection]:
    try:
        connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            # Whoever else has it open finds it as it was.
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            connection.set_busy_timeout(5000)
            yield connection
        finally:
            connection.close()
    except apsw.Error as error:
        raise StateError(f"{file} cannot be carried over: {error}") from error


def _copy(source: apsw.Connection, target: Path, change: Callable[[apsw.Connection], None]) -> None:
    """Copy a database, with a change, in one step: a crash leaves what was there or all of it."""
    draft = target.with_name(f".{target.name}.new")
    for each in target.parent.glob(f"{draft.name}*"):
        each.unlink()
    connection = apsw.Connection(str(draft))
    try:
        with connection.backup("main", source, "main") as backup:
            backup.step()
        change(connection)
    finally:
        connection.close()
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    shutil.move(draft, target)
