"""Objects taken away with all that they stored.

Class directories keep their namespace.json, so the ids of objects that are made later are those
that they had before.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

import apsw

from pydo.errors import StateError
from pydo.runtime.metadata import ClassMetadata
from pydo.state.place import ObjectPlace

if TYPE_CHECKING:
    from pathlib import Path

    from pydo.statedir import ClassDirectory, StateDirectory

__all__ = ["reset_all", "reset_class", "reset_object"]


def reset_object(place: ObjectPlace) -> None:
    """Take one object away.

    Raises:
        StateError: it cannot be taken away, or it is gone and something of it is left.

    """
    # The files first: an alarm that is still noted finds no object and is forgotten, while an
    # object whose alarm is not noted would never ring.
    doomed = _set_aside(place)
    try:
        _forget(place)
    finally:
        _remove(place, doomed)


def reset_class(owner: ClassDirectory) -> int:
    """Take all objects of a class away; how many there were.

    Raises:
        StateError: as of `reset_object`.

    """
    places = [ObjectPlace(owner, each, None) for each in owner.list_objects()]
    doomed = [_set_aside(each) for each in places]
    for file in owner.path.glob("metadata.sqlite*"):
        file.unlink()
    with ExitStack() as removals:  # of all of them, though one may fail
        for place, each in zip(places, doomed, strict=True):
            removals.callback(_remove, place, each)
    return len(places)


def reset_all(state: StateDirectory) -> int:
    """Take all objects of all classes away; how many there were."""
    return sum(reset_class(each) for each in state.class_directories())


def _set_aside(place: ObjectPlace) -> Path:
    doomed = place.directory.with_name(f".{place.id}")
    shutil.rmtree(doomed, ignore_errors=True)  # what a crash has left of an earlier removal
    try:
        return place.directory.rename(doomed)
    except OSError as error:
        raise StateError(f"{place.directory} cannot be removed ({error})") from error


def _forget(place: ObjectPlace) -> None:
    metadata = ClassMetadata(place.owner.metadata_path)
    try:
        metadata.forget(place.id)
    except apsw.Error as error:
        raise StateError(
            f"{place} is gone, but {metadata.path} cannot be written ({error}): its name stays"
            " there"
        ) from error
    finally:
        metadata.close()


def _remove(place: ObjectPlace, doomed: Path) -> None:
    try:
        shutil.rmtree(doomed)
    except OSError as error:
        raise StateError(
            f"{place} is gone, but its files cannot be removed ({error}): remove {doomed} yourself"
        ) from error
