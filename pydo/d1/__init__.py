"""D1 from the command line: SQL and migrations on the databases of this machine.

The databases may be in use by a `pydo dev` meanwhile: each call is one transaction of SQLite's, and
waits for those of the server.
"""

from __future__ import annotations

from pydo.d1.database import D1Error, LocalDatabase, Rows
from pydo.d1.migration import MigrationFailedError, Migrations

__all__ = ["D1Error", "LocalDatabase", "MigrationFailedError", "Migrations", "Rows"]
