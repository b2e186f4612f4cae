"""The cursors of one database that have rows left: it stays open for them, or ends them."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING, Protocol
from weakref import ref

from pydo.errors import internal_error

if TYPE_CHECKING:
    from weakref import ReferenceType

__all__ = ["LiveCursor", "LiveCursors"]


class LiveCursor(Protocol):
    """A statement that has rows left."""

    def cancel(self) -> None:
        """End it: the database goes from under it."""
        ...


class LiveCursors:
    """Those that somebody holds, and among them those that have written.

    `open` has a mark for each, which goes with its cursor; `unread` the texts of those that have
    written, which SQLite can commit only when all of their rows are read.
    """

    __slots__ = ("open", "unread")

    def __init__(self) -> None:
        self.open: set[ReferenceType[LiveCursor]] = set()
        self.unread: dict[LiveCursor, str] = {}

    def watch(self, cursor: LiveCursor) -> ReferenceType[LiveCursor]:
        """Stay open for a cursor; until it is let go, or what this gives is out of `open`."""
        mark = ref(cursor, self.open.discard)
        self.open.add(mark)
        return mark

    def check_read(self) -> None:
        """See that what has written was read to its end.

        Raises:
            JsException: it was not, so that nothing can be committed.

        """
        if not self.unread:
            return
        text = shorten(next(iter(self.unread.values())), 120, placeholder=" …")
        self.unread.clear()
        raise internal_error() from RuntimeError(
            f"SQLite cannot commit before all rows of `{text}` are read: take them with one,"
            " toArray or a loop before the object waits for anything, or leave RETURNING out"
        )

    def cancel(self) -> None:
        """End them all."""
        held = filter(None, [mark() for mark in self.open])
        for cursor in [*held, *self.unread]:
            cursor.cancel()
