"""Migrations of a database: numbered SQL files, and the table of those that were applied.

Source: cloudflare/workers-sdk `packages/wrangler/src/d1/migrations/{helpers,apply,create}.ts`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydo.bindings.store import Query
from pydo.d1.database import D1Error, read_sql, split_queries

if TYPE_CHECKING:
    from pathlib import Path

    from pydo.d1.database import LocalDatabase

__all__ = ["MigrationFailedError", "Migrations"]

_TABLE = """CREATE TABLE IF NOT EXISTS {table}(
\t\tid         INTEGER PRIMARY KEY AUTOINCREMENT,
\t\tname       TEXT UNIQUE,
\t\tapplied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
);"""
_DEFAULT = "migrations"


class MigrationFailedError(D1Error):
    """A migration could not be applied; those before it stay."""


class Migrations:
    """The migrations of one database."""

    def __init__(self, database: LocalDatabase) -> None:
        self._database = database
        self._given = database.settings.migrations_dir
        self._table = database.settings.migrations_table
        self.folder: Path = database.config.root / self._given

    def check_folder(self) -> None:
        """Make sure that there is a folder.

        Raises:
            D1Error: there is none.

        """
        if not self.folder.is_dir():
            raise D1Error(f"No migrations present at {self.folder}.")

    @property
    def advice(self) -> str:
        """What to say where there is no folder."""
        name = self._database.config.path.name
        how = f" Set `migrations_dir` in your {name} file to choose a different path."
        return f"No migrations folder found.{how if self._given == _DEFAULT else ''}"

    def names(self) -> list[str]:
        """Give the names of all migrations in order."""
        return sorted(each.name for each in self.folder.iterdir() if each.name.endswith(".sql"))

    def pending(self) -> list[str]:
        """Give those that were not applied yet, in the order of their names."""
        self._database.execute(_TABLE.format(table=self._table))
        rows = self._database.execute(f"SELECT * FROM {self._table} ORDER BY id")[0].rows  # noqa: S608 - the user's own table
        applied = {row["name"] for row in rows}
        return [name for name in self.names() if name not in applied]

    def in_order(self, names: list[str]) -> list[str]:
        """Give migrations in the order in which they are applied: that of their numbers."""
        return sorted(names, key=_number)

    def apply(self, name: str) -> int:
        """Apply one and note that it was, both or neither; the count of its statements.

        Raises:
            MigrationFailedError: it failed, and has done nothing.

        """
        path = self.folder / name
        queries = [Query(each) for each in split_queries(read_sql(path, str(path)))]
        note = Query(f"INSERT INTO {self._table} (name) values (?);", (name,))  # noqa: S608 - as above
        try:
            return len(self._database.run([*queries, note]))
        except D1Error as error:
            raise MigrationFailedError(str(error)) from error

    def create(self, message: str) -> Path:
        """Write a new, empty migration, numbered after the highest there is."""
        number = f"{max([0, *map(_number, self.names())]) + 1:04}"
        path = self.folder / f"{number}_{message.replace(' ', '_')}.sql"
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        path.write_text(f"-- Migration number: {number} \t {now}\n", encoding="utf-8")
        return path


def _number(name: str) -> int:
    found = re.match(r"\s*(\d+)", name)
    return 0 if found is None else int(found[1])
