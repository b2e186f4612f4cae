"""What SQL of the user's may do: tables, pragmas, functions, modules and sizes, as on Cloudflare.

Sources: src/workerd/util/sqlite.c++ (`isAuthorized`, the tables of functions and pragmas).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw

from pydo.errors import JsException

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Authorizer"]

_LIMITS = {
    apsw.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    apsw.SQLITE_LIMIT_COLUMN: 100,
    apsw.SQLITE_LIMIT_EXPR_DEPTH: 100,
    apsw.SQLITE_LIMIT_COMPOUND_SELECT: 5,
    apsw.SQLITE_LIMIT_VDBE_OP: 25_000,
    apsw.SQLITE_LIMIT_FUNCTION_ARG: 127,
    apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 50,
    apsw.SQLITE_LIMIT_VARIABLE_NUMBER: 100,
    apsw.SQLITE_LIMIT_TRIGGER_DEPTH: 10,
    apsw.SQLITE_LIMIT_WORKER_THREADS: 0,
}

_SWITCHED_ON = (
    apsw.SQLITE_DBCONFIG_DEFENSIVE,
    apsw.SQLITE_DBCONFIG_DQS_DML,  # "text" is a string where it is no name
    apsw.SQLITE_DBCONFIG_DQS_DDL,
)
_TRANSACTIONS = (
    "To execute a transaction, please use the state.storage.transaction() or"
    " state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT"
    " statements. The JavaScript API is safer because it will automatically roll back on"
    " exceptions, and because it interacts correctly with Durable Objects' automatic atomic write"
    " coalescing."
)
_MODULES = frozenset({"fts5", "fts5vocab", "rtree", "rtree_i32"})
_TABLES_OF_FUNCTIONS = frozenset({"json_each", "json_tree"})
_FUNCTIONS = frozenset(
    """
    abs changes char coalesce concat concat_ws format glob hex ifnull iif instr last_insert_rowid
    length like likelihood likely load_extension lower ltrim max min nullif octet_length printf
    quote random randomblob replace round rtrim sign soundex substr substring total_changes trim
    typeof unhex unicode unlikely upper zeroblob

    date time datetime julianday unixepoch strftime timediff current_date current_time
    current_timestamp

    avg count group_concat string_agg sum total

    row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value
    nth_value

    acos acosh asin asinh atan atan2 atanh ceil cos cosh degrees exp floor ln log log2 mod pi pow
    radians sin sinh sqrt tan tanh trunc

    json json_array json_array_length json_each json_extract json_group_array json_group_object
    json_insert json_object json_patch json_quote json_remove json_replace json_set json_tree
    json_type json_valid jsonb jsonb_array jsonb_extract jsonb_group_array jsonb_group_object
    jsonb_insert jsonb_object jsonb_patch jsonb_remove jsonb_replace jsonb_set -> ->>

    match highlight bm25 snippet rtreecheck

    sqlite_rename_table sqlite_rename_column sqlite_rename_test sqlite_rename_quotefix
    sqlite_drop_column sqlite_fail sqlite_add_constraint sqlite_find_constraint
    """.split()  # noqa: SIM905 - the names are read best as text
)
_BARE = frozenset({"data_version", "page_size"})
_BOOLEAN = frozenset(
    {
        "case_sensitive_like",
        "defer_foreign_keys",
        "foreign_keys",
        "ignore_check_constraints",
        "legacy_alter_table",
        "recursive_triggers",
        "reverse_unordered_selects",
    }
)
_BOOLEANS = frozenset({"true", "false", "yes", "no", "on", "off", "1", "0"})
_OF_A_NAME = frozenset(
    {
        "foreign_key_check",
        "foreign_key_list",
        "index_info",
        "index_list",
        "index_xinfo",
        "quick_check",
        "table_info",
        "table_xinfo",
    }
)


class Authorizer:
    """SQLite asks it about each thing that a statement is going to do; `is_open` lets all pass."""

    __slots__ = ("is_open",)

    def __init__(self) -> None:
        self.is_open = True

    def set_up(self, connection: apsw.Connection) -> None:
        """Watch over a connection, and set the limits of what it may be asked."""
        connection.authorizer = self
        for limit, value in _LIMITS.items():
            connection.limit(limit, value)
        for option in _SWITCHED_ON:
            connection.config(option, 1)
        connection.drop_modules(sorted(_MODULES | _TABLES_OF_FUNCTIONS))

    def __call__(
        self,
        operation: int,
        first: str | None,
        second: str | None,
        database: str | None,
        trigger: str | None,
    ) -> int:
        """Allow or deny one thing that a statement does.

        Raises:
            JsException: it is a transaction, which is not SQL's to make.

        """
        del trigger
        if self.is_open:
            return apsw.SQLITE_OK
        if operation in _MAKING_TRANSACTIONS:
            raise JsException("Error", _TRANSACTIONS)
        return apsw.SQLITE_OK if _allows(operation, first, second, database) else apsw.SQLITE_DENY


def _allows(operation: int, first: str | None, second: str | None, database: str | None) -> bool:
    if operation in _FREE:
        return True
    if operation == apsw.SQLITE_READ:
        return not _is_reserved(first)
    if database == "temp":  # where ALTER TABLE looks, whether there is anything or not
        return operation == apsw.SQLITE_UPDATE and first == "sqlite_temp_master"
    if operation in _OF_COLUMNS:
        return not _is_reserved(first)
    if operation in _OF_NAMES:
        return not (_is_reserved(first) or _is_reserved(second))
    check = _CHECKS.get(operation)
    return check is not None and check(first, second)


def _is_reserved(name: str | None) -> bool:
    return name is not None and name[:4].lower() == "_cf_"


def _allows_function(_: str | None, name: str | None) -> bool:
    # In the default of a column SQLite names CURRENT_TIMESTAMP as it was written.
    return (name or "").lower() in _FUNCTIONS


def _allows_module(table: str | None, module: str | None) -> bool:
    return not _is_reserved(table) and (module or "").lower() in _MODULES


def _allows_pragma(name: str | None, argument: str | None) -> bool:
    if name in _BARE:
        return argument is None
    if name in _BOOLEAN:
        return argument is None or argument.strip("\"'").lower() in _BOOLEANS
    if name == "optimize":
        return argument is None or _is_integer(argument)
    return name == "table_list" or (name in _OF_A_NAME and not _is_reserved(argument))


def _is_integer(text: str) -> bool:
    try:
        int(text, 0)
    except ValueError:
        return False
    return True


_FREE = frozenset(
    {apsw.SQLITE_SELECT, apsw.SQLITE_RECURSIVE, apsw.SQLITE_ANALYZE, apsw.SQLITE_COPY}
)
_MAKING_TRANSACTIONS = frozenset({apsw.SQLITE_TRANSACTION, apsw.SQLITE_SAVEPOINT})
# Their second name is that of a column, and may begin as it likes.
_OF_COLUMNS = frozenset({apsw.SQLITE_DELETE, apsw.SQLITE_INSERT, apsw.SQLITE_UPDATE})
_OF_NAMES = frozenset(
    {
        apsw.SQLITE_ALTER_TABLE,
        apsw.SQLITE_CREATE_INDEX,
        apsw.SQLITE_CREATE_TABLE,
        apsw.SQLITE_CREATE_TRIGGER,
        apsw.SQLITE_CREATE_VIEW,
        apsw.SQLITE_DROP_INDEX,
        apsw.SQLITE_DROP_TABLE,
        apsw.SQLITE_DROP_TRIGGER,
        apsw.SQLITE_DROP_VIEW,
        apsw.SQLITE_DROP_VTABLE,
        apsw.SQLITE_REINDEX,
    }
)
_CHECKS: dict[int, Callable[[str | None, str | None], bool]] = {
    apsw.SQLITE_CREATE_VTABLE: _allows_module,
    apsw.SQLITE_FUNCTION: _allows_function,
    apsw.SQLITE_PRAGMA: _allows_pragma,
}
