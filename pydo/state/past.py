"""The past of one object, from outside: its commits, a state among them, and the return to one.

Nobody else may use the directory meanwhile, or a running server brings the history up to date and
does the return itself (`Server`).
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Protocol, TypeVar

import apsw

from pydo.errors import JsException, StateError
from pydo.runtime.budget import OpenDatabases
from pydo.runtime.database import Database
from pydo.runtime.history.bookmark import NOTHING, Bookmark
from pydo.runtime.history.log import History, Retention
from pydo.runtime.history.recorder import Recording
from pydo.runtime.history.restore import located, time_located
from pydo.runtime.history.undisturbed import undisturbed
from pydo.runtime.metadata import ClassMetadata
from pydo.runtime.sqlitefile import left_as_found
from pydo.runtime.timetravel import TimeTravel
from pydo.state.changes import Changes, Content, changes, content_of
from pydo.statedir import KEY_VALUE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pydo.runtime.history.segment import Commit
    from pydo.state.place import ObjectPlace

__all__ = ["Entry", "Past", "Server", "has_past", "note_state"]

logger = logging.getLogger("pydo.state")

_Result = TypeVar("_Result")
_ALL = Retention(1 << 62, 1 << 62)


def has_past(database: Path) -> bool:
    """Tell whether a history of a database was ever kept."""
    return History(database, _ALL).exists


def note_state(database: Path, *, may_be_damaged: bool = False) -> None:
    """Let the history of a database have what it is now, before it is replaced and after.

    A return that was ordered is forgotten.  One that `may_be_damaged` has then no state to note.

    Raises:
        StateError: it cannot be written.

    """
    if may_be_damaged and _is_damaged(database):
        return
    recording = Recording(_now_ms, _ALL)
    opened = Database(database.parent, OpenDatabases(), lambda: None, recording)
    try:
        TimeTravel(opened, _now_ms).archive()
    except JsException as error:
        raise StateError(f"{database}: {error.message}") from error
    finally:
        opened.close()
    History(database, _ALL).order.unlink(missing_ok=True)


def _is_damaged(database: Path) -> bool:
    try:
        with left_as_found(database) as connection:
            connection.execute("SELECT name FROM sqlite_master").fetchall()
    except (apsw.CorruptError, apsw.NotADBError):
        return True
    except (apsw.Error, OSError):
        return False  # what it is then, who uses it finds out
    return False


class Server(Protocol):
    """A running server that has the object."""

    def archive(self, place: ObjectPlace) -> None:
        """Let its history be up to date."""
        ...

    def restore(self, place: ObjectPlace, bookmark: str) -> str:
        """Return to a bookmark; what undoes that."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A commit in a list: what it changed, and whether it was a return to an earlier state."""

    commit: Commit
    changes: Changes
    is_restore: bool


class Past:
    """The past of one object, by some clock; it is up to date when this was made.

    Raises:
        StateError: no history is kept of it, or it cannot be read.

    """

    def __init__(
        self,
        place: ObjectPlace,
        retention: Retention,
        server: Server | None,
        now_ms: Callable[[], int] | None = None,
    ) -> None:
        if place.owner.storage == KEY_VALUE:
            raise StateError(
                f"{place.owner.class_name} is declared with new_classes: objects with key-value"
                " storage have no history, here as on Cloudflare"
            )
        self.place = place
        self.history = History(place.database, retention)
        self._retention = retention
        self._server = server
        self._now_ms = now_ms or _now_ms
        if server is not None:
            server.archive(place)
        else:
            with self._travelling() as travel:
                travel.archive()

    # -- finding

    def at(self, time_ms: int) -> Bookmark:
        """Give the bookmark of what there was at a time.

        Raises:
            StateError: it is in the future, or before what is kept.

        """
        return self._read(lambda: time_located(self.history, time_ms, self._now_ms()))

    def find(self, bookmark: str) -> Bookmark:
        """Give the commit that a bookmark means.

        Raises:
            StateError: it is none of this object's, or no longer kept.

        """
        return self._read(lambda: located(self.history, bookmark, self._now_ms()))

    def commits(self) -> list[Commit]:
        """Give all commits that can be returned to, in order.

        Raises:
            StateError: they cannot be read.

        """
        return self._young(self._read(self.history.commits))

    def _young(self, commits: list[Commit]) -> list[Commit]:
        oldest_ms = self._now_ms() - self._retention.age_ms
        following = commits[1:]
        return [
            each
            for number, each in enumerate(commits)
            if number == len(following) or following[number].time_ms >= oldest_ms
        ]

    def entries(self, most: int) -> list[Entry]:
        """Give the last commits, `most` of them, each with what it changed.

        Raises:
            StateError: they cannot be read.

        """
        commits = self._read(self.history.commits)
        found = self._entries(commits, most)
        if not found and commits:  # all of them have gone meanwhile
            found = self._entries(self._read(self.history.commits), most)
        return found

    def _entries(self, commits: list[Commit], most: int) -> list[Entry]:
        """Give them from the last on, until one is not kept any more."""
        wanted = self._young(commits)[-most:]
        if not wanted:
            return []
        # What is too old to return to may still be there to compare with.
        behind = [NOTHING, *(each.bookmark for each in commits)]
        names = behind[-len(wanted) - 1 : -1]
        after = self._kept(wanted[-1].bookmark)
        found: list[Entry] = []
        for commit, name in zip(reversed(wanted), reversed(names), strict=True):
            before = self._kept(name)
            # The base follows what goes: it was before this commit if that is still there.
            is_lost = name == NOTHING and self._kept(commit.bookmark) is None
            if after is None or before is None or is_lost:
                break
            # What does not continue the commit before it follows a loss, or what has been pruned.
            is_next = commit.position - commit.frames == name.position
            is_restore = is_next and commit.bookmark.epoch > max(name.epoch, 1)
            found.append(Entry(commit, changes(before, after), is_restore))
            after = before
        return found[::-1]

    def _kept(self, bookmark: Bookmark) -> Content | None:
        """Give what there was at a commit; None if it is no longer kept.

        What was before the first commit that is kept is the base of the history.
        """

        def read() -> Content | None:
            is_kept = bookmark == NOTHING or self.history.find(bookmark) is not None
            return self._content(bookmark) if is_kept else None

        return self._read(read)

    def content_at(self, bookmark: Bookmark) -> Content:
        """Give what there was at a commit.

        Raises:
            StateError: it is no longer kept, or cannot be read.

        """
        return self._read(
            lambda: self._content(located(self.history, str(bookmark), self._now_ms()))
        )

    def _content(self, bookmark: Bookmark) -> Content:
        with TemporaryDirectory(prefix="pydo-") as folder:
            copy = Path(folder) / "db.sqlite"
            self.history.pages_at(bookmark).write_to(copy)
            return content_of(copy)

    def _read(self, read: Callable[[], _Result]) -> _Result:
        try:
            return undisturbed(self.history, read)
        except JsException as error:
            raise StateError(error.message) from error
        except (apsw.Error, OSError) as error:
            raise StateError(f"{self.history.directory} cannot be read ({error})") from error

    def changes_by(self, target: Bookmark) -> Changes:
        """Give what a return to a commit would change today.

        Raises:
            StateError: one of the two states cannot be read.

        """
        try:
            now = content_of(self.place.database)
        except (apsw.Error, OSError) as error:
            raise StateError(f"{self.place.database} cannot be read ({error})") from error
        return changes(now, self.content_at(target))

    # -- the return

    def restore(self, target: Bookmark) -> str:
        """Return to a commit; the bookmark that undoes it.

        Raises:
            StateError: it cannot be done.

        """
        if self._server is not None:
            return self._server.restore(self.place, str(target))
        with self._travelling() as travel:
            undo = travel.order(str(target))
            travel.carry_out(self._alarm_will_be, self._alarm_now_is, must=True)
            return undo

    def _alarm_will_be(self, at_ms: int | None) -> None:
        if at_ms is not None:
            self._note_alarm(at_ms)

    def _alarm_now_is(self, at_ms: int | None) -> None:
        if at_ms is None:  # another is noted already
            try:
                self._note_alarm(None)
            except StateError as error:
                # The return is made, and the object's own row is looked at before an alarm rings.
                logger.warning("%s", error)

    def _note_alarm(self, at_ms: int | None) -> None:
        metadata = ClassMetadata(self.place.owner.metadata_path)
        try:
            if at_ms is None:
                metadata.delete_alarm(self.place.id)
            else:
                metadata.set_alarm(self.place.id, self.place.name, at_ms)
        except apsw.Error as error:
            raise StateError(
                f"{self.place}: its alarm cannot be noted in {metadata.path} ({error})"
            ) from error
        finally:
            metadata.close()

    @contextmanager
    def _travelling(self) -> Generator[TimeTravel]:
        recording = Recording(self._now_ms, self._retention)
        database = Database(self.place.directory, OpenDatabases(), lambda: None, recording)
        try:
            yield TimeTravel(database, self._now_ms)
        except JsException as error:
            raise StateError(_said(self.place, error)) from error
        finally:
            database.close()


def _said(place: ObjectPlace, error: JsException) -> str:
    reason = "" if error.__cause__ is None else f" ({error.__cause__})"
    return f"{place}: {error.message}{reason}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
