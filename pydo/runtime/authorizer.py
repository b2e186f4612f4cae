"""What SQL of the user's may do: tables, pragmas, functions and modules, as on Cloudflare.

Sources: src/workerd/util/sqlite.c++ (`isAuthorized`, the tables of functions and pragmas).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LIMITS", "Authorizer"]

LIMITS = {
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

_MODULES = frozenset({"fts5", "fts5vocab", "rtree", "rtree_i32"})
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
_OF_A_TABLE = frozenset(
    {
        "foreign_key_check",
        "foreign_key_list",
        "index_info",
        "index_list",
        "index_xinfo",
        "optimize",
        "quick_check",
        "table_info",
        "table_list",
        "table_xinfo",
    }
)


class Authorizer:
    """SQLite asks it about each thing that a statement is going to do; `is_open` lets all pass."""

    __slots__ = ("is_open",)

    def __init__(self) -> None:
        self.is_open = True

    def __call__(
        self,
        operation: int,
        first: str | None,
        second: str | None,
        database: str | None,
        trigger: str | None,
    ) -> int:
        """Allow or deny one thing that a statement does."""
        del database, trigger
        if self.is_open:
            return apsw.SQLITE_OK
        if operation in _FREE:
            return apsw.SQLITE_OK
        if operation in _OF_NAMES:
            return _deny_if(_is_reserved(first) or _is_reserved(second))
        check = _CHECKS.get(operation)
        return apsw.SQLITE_DENY if check is None else _deny_if(not check(first, second))


def _deny_if(is_denied: bool) -> int:  # noqa: FBT001 - the one thing that it is about
    return apsw.SQLITE_DENY if is_denied else apsw.SQLITE_OK


def _is_reserved(name: str | None) -> bool:
    return name is not None and name[:4].lower() == "_cf_"


def _allows_function(_: str | None, name: str | None) -> bool:
    return name in _FUNCTIONS


def _allows_module(table: str | None, module: str | None) -> bool:
    return not _is_reserved(table) and (module or "").lower() in _MODULES


def _allows_pragma(name: str | None, argument: str | None) -> bool:
    pragma = (name or "").lower()
    if pragma in _BARE:
        return argument is None
    if pragma in _BOOLEAN:
        return argument is None or argument.strip("\"'").lower() in _BOOLEANS
    return pragma in _OF_A_TABLE and not _is_reserved(argument)


_FREE = frozenset(
    {apsw.SQLITE_SELECT, apsw.SQLITE_RECURSIVE, apsw.SQLITE_ANALYZE, apsw.SQLITE_COPY}
)
_OF_NAMES = frozenset(
    {
        apsw.SQLITE_ALTER_TABLE,
        apsw.SQLITE_CREATE_INDEX,
        apsw.SQLITE_CREATE_TABLE,
        apsw.SQLITE_CREATE_TRIGGER,
        apsw.SQLITE_CREATE_VIEW,
        apsw.SQLITE_DELETE,
        apsw.SQLITE_DROP_INDEX,
        apsw.SQLITE_DROP_TABLE,
        apsw.SQLITE_DROP_TRIGGER,
        apsw.SQLITE_DROP_VIEW,
        apsw.SQLITE_DROP_VTABLE,
        apsw.SQLITE_INSERT,
        apsw.SQLITE_READ,
        apsw.SQLITE_REINDEX,
        apsw.SQLITE_UPDATE,
    }
)
_CHECKS: dict[int, Callable[[str | None, str | None], bool]] = {
    apsw.SQLITE_CREATE_VTABLE: _allows_module,
    apsw.SQLITE_FUNCTION: _allows_function,
    apsw.SQLITE_PRAGMA: _allows_pragma,
}
