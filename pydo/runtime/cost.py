"""What a statement costs: the rows that it reads and writes.

Cloudflare counts them in an SQLite of its own, at each step of a cursor on a table or an index.
A plain SQLite counts only the steps of full scans and the rows that are changed, so the rest is
told from the program it compiles.  Statements are not watched while they run, which would cost
each of them a third of its time: whoever asks pays.

The same as on Cloudflare are rows found by a scan or by their rowid, sorted or counted by
`count(*)`, and rows inserted, updated and deleted with the entries of their indexes.  What finds
rows by an index, joins or asks in a subquery reads somewhat more there; partial indexes,
AUTOINCREMENT and triggers differ by a row; changes of the schema cost nothing here.  Source:
src/workerd/api/sql.c++ (`getRowsRead`, `getRowsWritten`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import apsw

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Cost", "cost_of", "rows_scanned"]

_OPENS = frozenset({"OpenRead", "OpenWrite", "OpenEphemeral", "SorterOpen", "VOpen"})
_INSERTS = frozenset({"Insert", "IdxInsert"})


@dataclass(frozen=True, slots=True)
class Cost:
    """How a statement goes about it.

    It may use no table at all, count `counted` rows without looking at them, read what it has
    found once more in order, and write each row to `places`: a table and its indexes.
    """

    uses_tables: bool = True
    counted: int = 0
    is_sorted: bool = False
    places: int = 1

    def rows_read(self, fetched: int, changed: int, scanned: int) -> int:
        """Give the rows that were read when `fetched` rows came out of it."""
        if not self.uses_tables:
            return 0
        read = max(fetched, changed, scanned)
        if self.is_sorted:
            read *= 2
        return max(read, self.counted)

    def rows_written(self, directly: int, in_all: int) -> int:
        """Give the rows that were written; those that triggers change have no indexes."""
        return directly * self.places + in_all - directly


def cost_of(connection: apsw.Connection, text: str, bindings: int) -> Cost:
    """Compile a statement again to see how it goes about it."""
    try:
        program: list[Any] = connection.execute(
            text, (None,) * bindings, explain=1, can_cache=False
        ).fetchall()
    except apsw.Error:  # what it was about is not there any more
        return Cost()
    main = list(_until_next_program(program))
    codes = {operation[1] for operation in main}
    written = {operation[2] for operation in main if operation[1] == "OpenWrite"}
    inserted = {operation[2] for operation in main if operation[1] in _INSERTS}
    return Cost(
        uses_tables=not codes.isdisjoint(_OPENS),
        counted=sum(_counted(connection, main)),
        is_sorted="SorterSort" in codes,
        places=max(1, len(written & inserted)),
    )


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


def _counted(connection: apsw.Connection, program: list[Any]) -> Iterable[int]:
    roots = {operation[2]: operation[3] for operation in program if operation[1] == "OpenRead"}
    for operation in program:
        if operation[1] == "Count" and operation[2] in roots:
            table: Any = connection.execute(
                "SELECT format('SELECT count(*) FROM \"%w\"', tbl_name) FROM sqlite_master"
                " WHERE rootpage = ?",
                (roots[operation[2]],),
            ).get
            yield connection.execute(table).get if table else 0
