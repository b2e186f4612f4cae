"""Objects taken over from the directory of `wrangler dev` (`exchange` says what is in it)."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import apsw

from pydo.errors import StateError
from pydo.runtime.alarmrow import stored_alarm_ms
from pydo.runtime.facetstore import DATABASE, INDEX, FacetStore
from pydo.runtime.metadata import ClassMetadata
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
from pydo.state.past import has_past, note_state
from pydo.statedir import KEY_VALUE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from pydo.statedir import ClassDirectory, StateDirectory

__all__ = ["import_from"]

_OBJECT_FILE = re.compile(r"[0-9a-f]{64}\.sqlite")


def import_from(
    state: StateDirectory,
    source: Path,
    storage_of: Callable[[str], str],
    *,
    overwrites: bool = False,
    has_history: bool = True,
) -> list[Carried]:
    """Take objects over from a directory of wrangler's, such as `.wrangler/state`.

    `storage_of` tells the storage kind of a class that pydo has no directory of yet.  Objects
    that are there already stay as they are, unless `overwrites`.  With `has_history` what is
    overwritten can be returned to.

    Raises:
        StateError: there are no objects.

    """
    folders = [
        each
        for each in sorted(_objects_root(source).iterdir())
        if each.is_dir() and "-" in each.name
    ]
    importing = _Importing(state, storage_of, overwrites=overwrites, has_history=has_history)
    found = [importing.import_class(each) for each in folders]
    if not found:
        raise StateError(f"{source} holds no objects; it should be wrangler's .wrangler/state")
    return found


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


class _Importing:
    def __init__(
        self,
        state: StateDirectory,
        storage_of: Callable[[str], str],
        *,
        overwrites: bool,
        has_history: bool,
    ) -> None:
        self._state = state
        self._storage_of = storage_of
        self._overwrites = overwrites
        self._has_history = has_history

    def import_class(self, folder: Path) -> Carried:
        owner = self._owner(folder.name)
        carried = Carried(folder.name.rpartition("-")[2])
        if owner.unique_key != folder.name:
            carried.other_key = folder.name
        metadata = ClassMetadata(owner.metadata_path)
        try:
            for file in sorted(folder.iterdir()):
                if _OBJECT_FILE.fullmatch(file.name):
                    with left_out_if_damaged(carried):
                        self._import_object(file, owner, metadata, carried)
        finally:
            metadata.close()
        return carried

    def _owner(self, name: str) -> ClassDirectory:
        known = list(self._state.class_directories())
        owner = next((each for each in known if each.path.name == name), None) or next(
            (each for each in known if each.unique_key == name), None
        )
        if owner is not None:
            return owner
        worker, _, class_name = name.rpartition("-")
        return self._state.class_directory(worker, class_name, self._storage_of(class_name))

    def _import_object(
        self, file: Path, owner: ClassDirectory, metadata: ClassMetadata, carried: Carried
    ) -> None:
        with opened(file) as source:
            name = _name_in(source)
        new_id = other_id(owner.unique_key, file.stem, name, carried)
        if new_id is None:
            return
        target = owner.object_directory(new_id) / DATABASE
        if target.exists() and not self._overwrites:
            carried.kept += 1
            return
        has_history = owner.storage != KEY_VALUE and (self._has_history or has_past(target))
        with staged(target) as stage:
            with opened(file) as source:
                copy(source, stage / DATABASE, _unnamed)
                alarm_ms = stored_alarm_ms(source)
            facets = _stage_facets(file, FacetStore(stage))
            if has_history and target.exists():
                note_state(target, may_be_damaged=True)
            with _noting(metadata):
                # Noted before the object is there: no crash may lose an alarm.
                metadata.record(new_id, name)
                if alarm_ms is not None:
                    metadata.advance_alarm(new_id, alarm_ms)
            _put_object(stage, target)
        carried.objects += 1
        carried.facets += facets
        carried.alarms += alarm_ms is not None
        with _noting(metadata):
            if alarm_ms is None:
                metadata.delete_alarm(new_id)
            else:
                metadata.set_alarm(new_id, name, alarm_ms)
        if has_history:
            note_state(target)


@contextmanager
def _noting(metadata: ClassMetadata) -> Generator[None]:
    try:
        yield
    except apsw.Error as error:
        raise StateError(f"{metadata.path} cannot be written: {error}") from error


def _stage_facets(file: Path, store: FacetStore) -> int:
    index = file.with_suffix(".facets")
    if not index.exists():
        return 0
    store.directory.mkdir()
    shutil.copyfile(index, store.directory / INDEX)
    count = 0
    for number in store.numbers():
        facet = file.with_suffix(f".{number}.sqlite")
        if facet.exists():
            store.path(number).mkdir()
            with opened(facet) as source:
                copy(source, store.path(number) / DATABASE, lambda _: None)
            count += 1
    return count


def _put_object(stage: Path, target: Path) -> None:
    old, new, replaced = (
        FacetStore(target.parent).directory,
        FacetStore(stage).directory,
        stage / "replaced",
    )
    if old.exists():
        old.rename(replaced)
    try:
        if new.exists():
            new.rename(old)
        # The object itself last: one that is not there yet is taken over again after a crash.
        put(stage / DATABASE, target)
    except OSError:
        if old.exists():
            old.rename(new)
        if replaced.exists():
            replaced.rename(old)
        raise


def _name_in(source: apsw.Connection) -> str | None:
    if not source.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (NAMES,)).fetchone():
        return None
    row: Any = source.execute(f"SELECT name FROM {NAMES}").fetchone()  # noqa: S608 - a constant
    return None if row is None else row[0]


def _unnamed(copy: apsw.Connection) -> None:
    copy.execute(f"DROP TABLE IF EXISTS {NAMES}")
