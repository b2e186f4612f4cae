"""Objects taken away with all that they stored.

Class directories keep their namespace.json, so the ids of objects that are made later are those
that they had before.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import apsw

from pydo.errors import StateError
from pydo.runtime.metadata import ClassMetadata
from pydo.state.place import ObjectPlace

if TYPE_CHECKING:
    from pydo.statedir import ClassDirectory, StateDirectory

__all__ = ["reset_all", "reset_class", "reset_object"]


def reset_object(place: ObjectPlace) -> None:
    """Take one object away.

    Raises:
        StateError: its files cannot be removed, or they are gone and it is still noted.

    """
    # The files first: an alarm that is still noted finds no object and is forgotten, while an
    # object whose alarm is not noted would never ring.
    _remove_files(place)
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


def reset_class(owner: ClassDirectory) -> int:
    """Take all objects of a class away; how many there were."""
    places = [ObjectPlace(owner, each, None) for each in owner.list_objects()]
    for place in places:
        _remove_files(place)
    for file in owner.path.glob("metadata.sqlite*"):
        file.unlink()
    return len(places)


def reset_all(state: StateDirectory) -> int:
    """Take all objects of all classes away; how many there were."""
    return sum(reset_class(each) for each in state.class_directories())


def _remove_files(place: ObjectPlace) -> None:
    doomed = place.directory.with_name(f".{place.id}")
    shutil.rmtree(doomed, ignore_errors=True)  # what a crash has left of an earlier removal
    try:
        place.directory.rename(doomed)
        shutil.rmtree(doomed)
    except OSError as error:
        raise StateError(f"{place.directory} cannot be removed ({error})") from error
