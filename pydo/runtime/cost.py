"""What a statement costs: the rows that it reads and writes.

Cloudflare counts them in an SQLite of its own, at each step of a cursor on a table or an index.
A plain SQLite counts only the steps of full scans and the rows that are changed, so the rest is
told from the program it compiles.  Statements are not watched while they run, which would cost
each of them a third of its time: whoever asks pays.

The same as on Cloudflare are rows found by a scan or by their rowid, sorted or counted by
`count(*)`, and rows inserted, updated and deleted with the entries of their indexes, those of
virtual tables (FTS5) too, and the row in which AUTOINCREMENT counts.  What finds rows by an index,
joins or asks in a subquery reads somewhat more there; partial indexes and the indexes that triggers
write to differ by a row; changes of the schema cost nothing here.  Source: src/workerd/api/sql.c++
(`getRowsRead`, `getRowsWritten`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import apsw

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Cost", "cost_of", "rows_scanned"]

_BLOB = re.compile(r"\bx'[0-9a-f]*'", re.IGNORECASE)
_OPENS = frozenset({"OpenRead", "OpenWrite", "OpenEphemeral", "SorterOpen", "VOpen"})
_INSERTS = frozenset({"Insert", "IdxInsert"})
_LOOKUPS = frozenset({"SeekRowid", "NotExists"})  # of a row by its rowid, counted if it is missing
_LOOPS = frozenset({"Rewind", "Last", "SeekGE", "SeekGT", "SeekLE", "SeekLT"})


@dataclass(frozen=True, slots=True)
class Cost:
    """How a statement goes about it.

    It may read no table at all, look for one row by its rowid, count `counted` rows without
    looking at them, read what it has found once more in order, and write each row to `places`: a
    table and its indexes.  Triggers write `triggered` rows for each, unless only the count of all
    changes tells; what a virtual table writes into its own tables is not the statement's.  If it
    goes through a table to change it, `left` rows are there now, and those that it has deleted were
    there before.
    """

    reads_tables: bool = True
    looks_up: bool = False
    counted: int = 0
    is_sorted: bool = False
    places: int = 1
    counts_rowids: bool = False  # AUTOINCREMENT, in a row of its own
    triggered: int | None = None
    left: int = 0
    deletes: bool = False

    def rows_read(self, fetched: int, changed: int, scanned: int) -> int:
        """Give the rows that were read when `fetched` rows came out of it."""
        if not self.reads_tables:
            return 0
        read = max(fetched, changed, scanned)
        if self.is_sorted:
            read *= 2
        gone_through = self.left + (changed if self.left and self.deletes else 0)
        return max(read, self.counted, gone_through, int(self.looks_up))

    def rows_written(self, directly: int, in_all: int) -> int:
        """Give the rows that were written; those that triggers change have no indexes."""
        triggered = in_all - directly if self.triggered is None else directly * self.triggered
        return directly * self.places + triggered + int(self.counts_rowids)


def cost_of(connection: apsw.Connection, text: str, bindings: int) -> Cost:
    """Compile a statement again to see how it goes about it."""
    try:
        program = _program(connection, text, bindings)
    except (apsw.Error, UnicodeDecodeError):  # what it was about is not there any more
        return Cost()
    main = list(_until_next_program(program))
    codes = {operation[1] for operation in main}
    sequence = _root_of_sequence(connection)
    written = {
        operation[2]
        for operation in main
        if operation[1] == "OpenWrite" and operation[3] != sequence
    }
    inserted = {operation[2] for operation in main if operation[1] in _INSERTS}
    return Cost(
        reads_tables=not codes.isdisjoint(_OPENS) and not _only_appends(codes),
        looks_up=not codes.isdisjoint(_LOOKUPS) and codes.isdisjoint(_LOOPS),
        counted=sum(_counted(connection, main)),
        is_sorted="SorterSort" in codes,
        places=max(1, len(written & inserted)),
        counts_rowids=any(each[1] == "OpenWrite" and each[3] == sequence for each in main),
        triggered=_triggered(program, len(main)),
        left=sum(_left(connection, main)),
        deletes=codes.isdisjoint(_INSERTS),
    )


def _program(connection: apsw.Connection, text: str, bindings: int) -> list[Any]:
    """Give what SQLite compiles a statement to; the bytes of its blobs are of no account."""
    # SQLite lists the bytes of a blob as if they were text, which they need not be.
    plain = _BLOB.sub("x'00'", text)
    try:
        return _explained(connection, plain, bindings)
    except (apsw.SQLError, UnicodeDecodeError):
        if plain == text:
            raise
    return _explained(connection, text, bindings)  # a string had something like a blob in it


def _explained(connection: apsw.Connection, text: str, bindings: int) -> list[Any]:
    parameters = (None,) * bindings
    return connection.execute(text, parameters, explain=1, can_cache=False).fetchall()


def _only_appends(codes: set[str]) -> bool:
    # A row whose rowid is given is looked for first, which is counted; others are put in place.
    is_put = not codes.isdisjoint({"NewRowid", "NoConflict"})
    return is_put and codes.isdisjoint({"OpenRead", *_LOOKUPS, *_LOOPS})


def _triggered(program: list[Any], main: int) -> int | None:
    # What FTS5 has kept in memory it writes when the next statement begins, whichever that is.
    codes: list[str] = [operation[1] for operation in program]
    if "VUpdate" not in codes and main < len(codes):
        return None
    return sum(each == "VUpdate" or each in _INSERTS for each in codes[main:])


def _root_of_sequence(connection: apsw.Connection) -> int | None:
    query = "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_sequence'"
    found: Any = connection.execute(query).get
    return None if found is None else int(found)


def rows_scanned(connection: apsw.Connection, text: str, bindings: Sequence[object]) -> int:
    """Run a statement that only reads again, to hear how many rows it scans."""
    heard: list[int] = []

    def hear(event: Mapping[str, Any]) -> None:
        heard.append(event["stmt_status"]["SQLITE_STMTSTATUS_FULLSCAN_STEP"])

    connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, hear, id=hear)
    try:
        for _ in connection.execute(text, bindings, can_cache=False):
            pass
    except apsw.Error:
        return 0
    finally:
        connection.trace_v2(0, None, id=hear)
    return heard[-1] + 1 if heard and heard[-1] else 0  # the first row is no step


def _until_next_program(program: Iterable[Any]) -> Iterable[Any]:
    for index, operation in enumerate(program):
        if operation[0] != index:  # the programs of triggers follow, each counted from 0
            return
        yield operation


def _left(connection: apsw.Connection, program: list[Any]) -> Iterable[int]:
    roots = {operation[2]: operation[3] for operation in program if operation[1] == "OpenWrite"}
    for operation in program:
        if operation[1] == "Rewind" and operation[2] in roots:
            yield _count(connection, roots[operation[2]])


def _counted(connection: apsw.Connection, program: list[Any]) -> Iterable[int]:
    roots = {operation[2]: operation[3] for operation in program if operation[1] == "OpenRead"}
    for operation in program:
        if operation[1] == "Count" and operation[2] in roots:
            yield _count(connection, roots[operation[2]])


def _count(connection: apsw.Connection, root: int) -> int:
    query: Any = connection.execute(
        "SELECT format('SELECT count(*) FROM \"%w\"', tbl_name) FROM sqlite_master"
        " WHERE rootpage = ?",
        (root,),
    ).get
    return int(connection.execute(query).get) if query else 0
