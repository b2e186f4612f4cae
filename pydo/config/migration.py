"""`migrations`, and what they say of the classes that are bound.

pydo reads a history as far as it goes: steps that do not fit are warnings, since a Worker may have
been deployed with entries that have gone from its file.  Texts: cloudflare/workers-sdk
`packages/workers-utils/src/config/validation.ts`, `validateMigrations`.
"""

from __future__ import annotations

import keyword
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from pydo.config.document import spell
from pydo.config.report import as_array, as_strings, as_table, did_you_mean, show
from pydo.config.schema import Migration, RenamedClass, TransferredClass, replay

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydo.config.binding import PlacedBinding
    from pydo.config.document import KeyPath
    from pydo.config.environment import Environment
    from pydo.config.exports import PlacedExport
    from pydo.config.report import Report

__all__ = ["PlacedMigration", "check_classes", "check_history", "read_migrations"]


@dataclass(frozen=True, slots=True)
class PlacedMigration:
    """A migration and the path of its table."""

    path: KeyPath
    migration: Migration


def read_migrations(report: Report, environment: Environment) -> tuple[PlacedMigration, ...]:
    """Read the migrations; what is malformed in one is reported and counts as empty."""
    found = environment.find("migrations")
    if found is None:
        return ()
    array = as_array(found.value)
    if array is None:
        message = (
            f'The optional "{spell(found.path)}" field should be an array, '
            f"but got {show(found.value)}"
        )
        report.error(message, found.path, _shape(report))
        return ()
    read = (_migration(report, (*found.path, index), each) for index, each in enumerate(array))
    return tuple(each for each in read if each is not None)


def check_history(report: Report, migrations: Sequence[PlacedMigration]) -> None:
    """Refuse a tag used twice, which wrangler lets through; warn of steps that cannot be made."""
    tags: dict[str, KeyPath] = {}
    for each in migrations:
        path, tag = (*each.path, "tag"), each.migration.tag
        if tag in tags:
            line = report.document.span(tags[tag]).line
            message = f'Migration tag "{tag}" is used twice, on line {line} already.'
            report.error(message, path, "a tag is applied once: give each migration its own")
        elif tag:
            tags[tag] = path
    for mismatch in replay(each.migration for each in migrations).mismatches:
        is_new = mismatch.kind.startswith("new")
        report.warn(
            f"Cannot apply {mismatch.kind} migration to {'existing' if is_new else 'non-existent'} "
            f"class {mismatch.class_name}",
            (*migrations[mismatch.migration].path, mismatch.kind, mismatch.index),
            "the class exists already, and keeps the storage it has"
            if is_new
            else did_you_mean(mismatch.class_name, mismatch.live)
            or "no migration before this one makes a class of that name",
        )


def check_classes(
    report: Report,
    bindings: Sequence[PlacedBinding],
    migrations: Sequence[PlacedMigration],
    exports: Sequence[PlacedExport] | None = None,
) -> None:
    """Check the classes that the Worker holds: their names, and that those bound are declared.

    Two that differ only in case are refused, since each has a directory of its name.
    """
    listed = {} if exports is None else _listed(exports)
    live = listed or replay(each.migration for each in migrations).classes
    places: dict[str, KeyPath] = {}
    for each in bindings:
        if each.binding.script_name is None:
            places.setdefault(each.binding.class_name, (*each.path, "class_name"))
    bound = list(places)
    for name in live:
        places.setdefault(name, listed.get(name) or _place_of(name, migrations))
    _check_class_names(report, places)
    undeclared = [name for name in bound if name not in live]
    if undeclared and exports is not None:
        _warn_of_unlisted(report, undeclared, places[undeclared[0]])
    elif undeclared:
        _warn_of_undeclared(report, undeclared, places[undeclared[0]], migrations)


def _shape(report: Report) -> str:
    if report.document.is_json:
        return f"write it as {report.example('migrations', [{'tag': 'v1'}])}"
    return "each migration begins with a line [[migrations]]"


def _listed(exports: Sequence[PlacedExport]) -> dict[str, KeyPath]:
    return {each.export.class_name: each.path for each in exports if each.export.state.is_live}


def _migration(report: Report, path: KeyPath, value: object) -> PlacedMigration | None:
    table = as_table(value)
    if table is None:
        report.error(f'"{spell(path)}" should be an object but got {show(value)}.', path)
        return None
    report.unexpected(path, table, _KEYS)
    reader = _Reader(report, path)
    migration = Migration(
        tag=reader.tag(table.get("tag")),
        new_classes=reader.names("new_classes", table.get("new_classes", [])),
        new_sqlite_classes=reader.names("new_sqlite_classes", table.get("new_sqlite_classes", [])),
        renamed_classes=tuple(
            RenamedClass(each["from"], each["to"])
            for each in reader.moves("renamed_classes", table, ("from", "to"))
        ),
        deleted_classes=reader.names("deleted_classes", table.get("deleted_classes", [])),
        transferred_classes=tuple(
            TransferredClass(each["from"], each["from_script"], each["to"])
            for each in reader.moves("transferred_classes", table, ("from", "from_script", "to"))
        ),
    )
    return PlacedMigration(path, migration)


_KEYS = (
    *("tag", "new_classes", "new_sqlite_classes"),
    *("renamed_classes", "deleted_classes", "transferred_classes"),
)


class _Reader:
    """Reads the keys of the migration at `path`."""

    def __init__(self, report: Report, path: KeyPath) -> None:
        self._report = report
        self._path = path

    def tag(self, value: object) -> str:
        path = (*self._path, "tag")
        if value is None:
            hint = f"add {self._report.example('tag', '…')}, a name that no other migration has"
            self._report.error(f'"{spell(path)}" is a required field.', path, hint)
        elif not isinstance(value, str):
            self._report.wrong_type(path, "string", value)
        elif not value:
            self._report.error(f'"{spell(path)}" is empty.', path, "give the migration a name")
        return value if isinstance(value, str) else ""

    def names(self, key: str, value: object) -> tuple[str, ...]:
        names = as_strings(value)
        if names is None:
            self._wrong(key, "an array of strings", value)
        return names or ()

    def moves(
        self, key: str, table: Mapping[str, object], fields: tuple[str, ...]
    ) -> list[dict[str, str]]:
        value = table.get(key, [])
        moves = [_texts(each, fields) for each in as_array(value) or [None]]
        if value == []:
            return []
        if None in moves:
            shape = ", ".join(f"{field}: string" for field in fields)
            self._wrong(key, f'an array of "{{{shape}}}" objects', value)
            return []
        return [each for each in moves if each is not None]

    def _wrong(self, key: str, shape: str, value: object) -> None:
        path = (*self._path, key)
        self._report.error(f'Expected "{spell(path)}" to be {shape} but got {show(value)}.', path)


def _texts(value: object, fields: tuple[str, ...]) -> dict[str, str] | None:
    """Give these fields of a table if they are strings, and there are no others."""
    table = as_table(value)
    if table is None or set(table) != set(fields):
        return None
    texts = {key: each for key, each in table.items() if isinstance(each, str)}
    return texts if len(texts) == len(fields) else None


def _place_of(name: str, migrations: Sequence[PlacedMigration]) -> KeyPath:
    """Find the latest mention that makes a live class: as new, or as what one was renamed to."""
    return next(
        (*each.path, key, names.index(name))
        for each in reversed(migrations)
        for key, names in _made(each.migration)
        if name in names
    )


def _made(migration: Migration) -> Iterator[tuple[str, Sequence[str]]]:
    yield "transferred_classes", [each.new_name for each in migration.transferred_classes]
    yield "new_sqlite_classes", migration.new_sqlite_classes
    yield "new_classes", migration.new_classes
    yield "renamed_classes", [each.new_name for each in migration.renamed_classes]


def _check_class_names(report: Report, places: dict[str, KeyPath]) -> None:
    folded: dict[str, str] = {}
    for name, path in places.items():
        if not name.isidentifier() or keyword.iskeyword(name):
            report.error(
                f'"{name}" cannot be the name of a class in Python.',
                path,
                "Durable Objects are bound by the names of their classes in the main module",
            )
        other = folded.setdefault(name.casefold(), name)
        if other != name:
            report.error(
                f'The classes "{other}" and "{name}" differ only in case.',
                path,
                "some file systems cannot keep the data of both apart: rename one",
            )


def _warn_of_undeclared(
    report: Report, names: list[str], at: KeyPath, migrations: Sequence[PlacedMigration]
) -> None:
    tags = {each.migration.tag for each in migrations}
    tag = next(f"v{n}" for n in count(len(migrations) + 1) if f"v{n}" not in tags)
    report.warn(
        f"`durable_objects` binds classes of this Worker ({', '.join(names)}), but no migration "
        "declares them.",
        at,
        "pydo gives them SQLite storage, Cloudflare refuses to deploy them until they have one.\n"
        "Add the following to your configuration:\n\n" + _snippet(report, tag, names),
    )


def _snippet(report: Report, tag: str, names: list[str]) -> str:
    if report.document.is_json:
        return report.example("migrations", [{"tag": tag, "new_sqlite_classes": names}])
    lines = (report.example("tag", tag), report.example("new_sqlite_classes", names))
    return "\n".join(("[[migrations]]", *lines))


def _warn_of_unlisted(report: Report, names: list[str], at: KeyPath) -> None:
    entry = {"type": "durable-object", "storage": "sqlite"}
    example = "\n".join(report.example(name, entry) for name in names)
    report.warn(
        f"`durable_objects` binds classes of this Worker ({', '.join(names)}), but no live "
        "`exports` entry declares them.",
        at,
        "pydo gives them SQLite storage, Cloudflare refuses to deploy them until they have one.\n"
        f"Add the following to `exports`:\n\n{example}",
    )
