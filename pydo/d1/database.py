"""One database of the configuration, with its file in the state directory.

Texts and the form of results: cloudflare/workers-sdk `packages/wrangler/src/d1/execute.ts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from pydo.bindings.d1 import plain_rows
from pydo.bindings.store import Query, SqlStore
from pydo.errors import JsException, PydoError
from pydo.runtime.statement import split
from pydo.statedir import store_directory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydo.config import Config, D1Database

__all__ = ["D1Error", "LocalDatabase", "Rows"]

_BINARY = b"SQLite format 3"


class D1Error(PydoError):
    """What was asked of a database cannot be done."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What a statement gave: its rows as JSON values, and how long it took."""

    rows: list[dict[str, Any]]
    duration_ms: int

    def as_json(self) -> dict[str, Any]:
        """Give it in wrangler's form, where bytes are a text."""
        results = [{key: _shown(value) for key, value in row.items()} for row in self.rows]
        return {"results": results, "success": True, "meta": {"duration": self.duration_ms}}


class LocalDatabase:
    """A database that is open."""

    def __init__(self, config: Config, settings: D1Database, state_root: Path) -> None:
        self.settings = settings
        self.config = config
        self.directory = store_directory(state_root, "d1", settings.database_id)
        self._store = SqlStore(self.directory)

    @classmethod
    def find(cls, config: Config, name: str, state_root: Path) -> Self:
        """Open the database that the configuration calls so, by name or by binding.

        Raises:
            D1Error: there is none.

        """
        for each in config.d1_databases:
            if name in {each.database_name, each.binding}:
                return cls(config, each, state_root)
        raise D1Error(
            f"Couldn't find a D1 DB with the name or binding '{name}' in your {config.path.name}"
            " file."
        )

    def execute(self, text: str) -> list[Rows]:
        """Run statements, all of them or none.

        Raises:
            D1Error: one failed, and nothing was done.

        """
        return self.run([Query(each) for each in split_queries(text)])

    def run(self, queries: Sequence[Query]) -> list[Rows]:
        """Run queries, all of them or none.

        Raises:
            D1Error: one failed, and nothing was done.

        """
        try:
            results = self._store.run(queries)
        except JsException as error:
            raise D1Error(error.message) from error
        return [Rows(plain_rows(each), each.duration_ms) for each in results]

    def close(self) -> None:
        """Close it."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def split_queries(text: str) -> list[str]:
    """Give the statements of a text; comments and blanks alone are none."""
    return [each.text for each in split(text) if not each.is_blank]


def read_sql(path: Path, shown: str) -> str:
    """Read a file of SQL.

    Raises:
        D1Error: it cannot be read, or is a database itself.

    """
    try:
        content = path.read_bytes()
    except OSError:
        raise D1Error(
            f'Unable to read SQL text file "{shown}". Please check the file path and try again.'
        ) from None
    if content.startswith(_BINARY):
        raise D1Error(
            "Provided file is a binary SQLite database file instead of an SQL text file. The"
            " execute command can only process SQL text files. Please export an SQL file from your"
            " SQLite database and try again."
        )
    return content.decode("utf-8", "replace").removeprefix("\ufeff")


def _shown(value: Any) -> Any:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else value
