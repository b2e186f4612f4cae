"""Objects written into the directory of `wrangler dev` (`exchange` says what is in it)."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from pydo.runtime.alarmrow import NS, stored_alarm_ms
from pydo.runtime.facetstore import DATABASE, INDEX, FacetStore
from pydo.state.exchange import (
    NAMES,
    Carried,
    copy,
    left_out_if_damaged,
    opened,
    other_id,
    put,
    staged,
)
from pydo.state.place import objects_of

if TYPE_CHECKING:
    from pydo.state.place import ObjectPlace
    from pydo.statedir import ClassDirectory, StateDirectory

__all__ = ["export_to"]

_EMPTY = Path(":memory:")  # stands for an object that only its facets store something for
_ALARMS = (
    "CREATE TABLE IF NOT EXISTS _cf_ALARM (actor_id TEXT PRIMARY KEY, scheduled_time INTEGER)"
    " WITHOUT ROWID"
)
_SET = "INSERT OR REPLACE INTO _cf_ALARM (actor_id, scheduled_time) VALUES (?, ?)"
_ADVANCE = (
    "INSERT INTO _cf_ALARM (actor_id, scheduled_time) VALUES (?, ?) ON CONFLICT (actor_id)"
    " DO UPDATE SET scheduled_time = min(scheduled_time, excluded.scheduled_time)"
)


def export_to(state: StateDirectory, target: Path, *, overwrites: bool = False) -> list[Carried]:
    """Write all objects into a directory in the form of wrangler's `.wrangler/state`.

    Objects that are there already stay as they are, unless `overwrites`.
    """
    folder = target / "v3" / "do"
    return [
        _export_class(each, folder / each.path.name, overwrites=overwrites)
        for each in state.class_directories()
    ]


def _export_class(owner: ClassDirectory, folder: Path, *, overwrites: bool) -> Carried:
    carried = Carried(owner.class_name)
    if owner.unique_key != folder.name:
        carried.other_key = owner.unique_key
    folder.mkdir(parents=True, exist_ok=True)
    alarms = apsw.Connection(str(folder / "metadata.sqlite"))
    try:
        alarms.execute(f"PRAGMA journal_mode = WAL; {_ALARMS}").fetchall()
        for place in objects_of(owner):
            with left_out_if_damaged(carried):
                _export_object(place, folder, alarms, carried, overwrites=overwrites)
    finally:
        alarms.close()
    return carried


def _export_object(
    place: ObjectPlace,
    folder: Path,
    alarms: apsw.Connection,
    carried: Carried,
    *,
    overwrites: bool,
) -> None:
    store = FacetStore(place.directory)
    if not (place.database.exists() or store.numbers()):
        return
    new_id = other_id(folder.name, place.id, place.name, carried)
    if new_id is None:
        return
    target = folder / f"{new_id}.sqlite"
    if target.exists() and not overwrites:
        carried.kept += 1
        return
    with staged(target) as stage:
        with opened(place.database if place.database.exists() else _EMPTY) as source:
            copy(source, stage / target.name, partial(_named, name=place.name))
            alarm_ms = stored_alarm_ms(source)
        facets = _stage_facets(store, stage / target.name)
        if alarm_ms is not None:  # no crash may lose it
            alarms.execute(_ADVANCE, (new_id, alarm_ms * NS))
        _put_object(stage, target)
    if alarm_ms is None:
        alarms.execute("DELETE FROM _cf_ALARM WHERE actor_id = ?", (new_id,))
    else:
        alarms.execute(_SET, (new_id, alarm_ms * NS))
    carried.objects += 1
    carried.facets += facets
    carried.alarms += alarm_ms is not None


def _stage_facets(store: FacetStore, target: Path) -> int:
    if store.numbers():
        shutil.copyfile(store.directory / INDEX, target.with_suffix(".facets"))
    count = 0
    for number in store.numbers():
        database = store.path(number) / DATABASE
        if database.exists():
            with opened(database) as source:
                copy(source, target.with_suffix(f".{number}.sqlite"), lambda _: None)
            count += 1
    return count


def _put_object(stage: Path, target: Path) -> None:
    for old in target.parent.glob(f"{target.stem}.*.sqlite*"):
        old.unlink()
    index = target.with_suffix(".facets")
    index.unlink(missing_ok=True)
    for each in stage.glob(f"{target.stem}.*.sqlite"):
        put(each, target.with_name(each.name))
    if (stage / index.name).exists():
        (stage / index.name).replace(index)
    # The object itself last: one that is not there yet is written again after a crash.
    put(stage / target.name, target)


def _named(copy: apsw.Connection, name: str | None) -> None:
    if name is not None:
        copy.execute(f"CREATE TABLE IF NOT EXISTS {NAMES} (id INTEGER PRIMARY KEY, name TEXT)")
        copy.execute(f"INSERT OR REPLACE INTO {NAMES} VALUES (1, ?)", (name,))  # noqa: S608 - a constant
