"""Which class and which object: what a user names, found in the state directory.

A class is named as in the code, or by the name of its folder where two Workers have one of the
same name.  An object is named by its name or by its id.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pydo.errors import StateError
from pydo.runtime.ids import IdFactory
from pydo.runtime.metadata import ClassMetadata
from pydo.statedir import ClassDirectory, StateDirectory

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["ObjectPlace", "find_class", "find_object", "hold", "objects_of"]

_HEX_ID = re.compile(r"[0-9A-Fa-f]{64}")


@dataclass(frozen=True, slots=True)
class ObjectPlace:
    """Where one object is, and the name that it was reached by."""

    owner: ClassDirectory
    id: str
    name: str | None

    def __str__(self) -> str:
        return f"{self.owner.class_name}/{self.id if self.name is None else self.name}"

    @property
    def directory(self) -> Path:
        """Where its files are."""
        return self.owner.object_directory(self.id)

    @property
    def database(self) -> Path:
        """The database with its keys and tables."""
        return self.directory / "db.sqlite"


def hold(root: Path) -> StateDirectory:
    """Take hold of a state directory that is there already.

    Raises:
        StateError: there is none, or a server holds it.

    """
    if not root.exists():
        raise StateError(
            f"{root} is not there: nothing has been stored yet, or it is elsewhere"
            " (--persist-to names another place)"
        )
    return StateDirectory.open(root)


def find_class(state: StateDirectory, name: str) -> ClassDirectory:
    """Give the class of this name.

    Raises:
        StateError: there is none, or there are several.

    """
    known = list(state.class_directories())
    found = [each for each in known if name in (each.class_name, each.path.name)]
    if len(found) == 1:
        return found[0]
    if found:
        names = " or ".join(each.path.name for each in found)
        raise StateError(f'There are several classes "{name}"; say which one: {names}')
    raise StateError(
        f'{state.root} holds no objects of a class "{name}"'
        + _suggestion(name, (each.class_name for each in known))
    )


def find_object(state: StateDirectory, named: str) -> ObjectPlace:
    """Give the object that is named as `CLASS/NAME` or `CLASS/ID`.

    Raises:
        StateError: there is none.

    """
    class_name, slash, name = named.partition("/")
    owner = find_class(state, class_name)
    if not slash:
        raise StateError(f'"{named}" names a class; an object of it is {named}/NAME')
    for hex_id in (IdFactory(owner.unique_key).from_name(name).hex, name.lower()):
        if _HEX_ID.fullmatch(hex_id) and owner.object_directory(hex_id).is_dir():
            return _with_name(owner, hex_id)
    names = (each.name for each in objects_of(owner) if each.name is not None)
    raise StateError(f'{class_name} has no object "{name}"' + _suggestion(name, names))


def objects_of(owner: ClassDirectory) -> list[ObjectPlace]:
    """Give every object of a class: those with names first, in order.

    Raises:
        StateError: the file with the names cannot be read.

    """
    metadata = ClassMetadata(owner.metadata_path)
    try:
        names = metadata.names()
    finally:
        metadata.close()
    found = [ObjectPlace(owner, each, names.get(each)) for each in owner.list_objects()]
    return sorted(found, key=lambda each: (each.name is None, each.name or "", each.id))


def _with_name(owner: ClassDirectory, hex_id: str) -> ObjectPlace:
    return next(each for each in objects_of(owner) if each.id == hex_id)


def _suggestion(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else ""
