"""What a configuration says, as frozen values.

Everything here is checked and complete; how a file comes to be such values is the business of
`validate.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from pydo.config.assets import NO_WORKER, Assets
from pydo.config.secrets import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "ClassExport",
    "Config",
    "D1Database",
    "DevOptions",
    "DurableObjectBinding",
    "ExportState",
    "History",
    "KvNamespace",
    "Migration",
    "Mismatch",
    "Overrides",
    "RenamedClass",
    "ServiceBinding",
    "StorageKind",
    "TransferredClass",
    "Unsimulated",
    "replay",
]


class StorageKind(Enum):
    """What the objects of a class store their data in; fixed for ever when the class is made."""

    SQLITE = "sqlite"
    KEY_VALUE = "key-value"


@dataclass(frozen=True, slots=True)
class DurableObjectBinding:
    """A name in `env` under which a Worker reaches the objects of a class.

    `script_name` names the Worker that holds the class; None is this Worker itself.
    """

    name: str
    class_name: str
    script_name: str | None = None


@dataclass(frozen=True, slots=True)
class KvNamespace:
    """A name in `env` for a key-value store.

    `namespace_id` tells stores apart on this machine; `shown_id` is what the file calls it.
    """

    binding: str
    namespace_id: str
    shown_id: str = ""


@dataclass(frozen=True, slots=True)
class D1Database:
    """A name in `env` for a SQL database; `migrations_dir` is relative to the configuration."""

    binding: str
    database_name: str
    database_id: str
    migrations_dir: str = "migrations"
    migrations_table: str = "d1_migrations"


@dataclass(frozen=True, slots=True)
class ServiceBinding:
    """A name in `env` for another Worker: its default entrypoint, or the one that is named.

    `props` are what the entrypoint finds in `ctx.props`.
    """

    binding: str
    service: str
    entrypoint: str | None = None
    props: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Unsimulated:
    """A name in `env` that pydo does not simulate, and wrangler's word for what it would be."""

    binding: str
    label: str


@dataclass(frozen=True, slots=True)
class RenamedClass:
    """One `{from = ..., to = ...}` of `renamed_classes`."""

    old_name: str
    new_name: str


@dataclass(frozen=True, slots=True)
class TransferredClass:
    """One `{from = ..., from_script = ..., to = ...}` of `transferred_classes`."""

    old_name: str
    old_script: str
    new_name: str


@dataclass(frozen=True, slots=True)
class Migration:
    """One entry of `migrations`: a step in the life of the Worker's classes."""

    tag: str
    new_classes: tuple[str, ...] = ()
    new_sqlite_classes: tuple[str, ...] = ()
    renamed_classes: tuple[RenamedClass, ...] = ()
    deleted_classes: tuple[str, ...] = ()
    transferred_classes: tuple[TransferredClass, ...] = ()


class ExportState(Enum):
    """Where a class of an `exports` map is in its life; the last three have no code any more."""

    CREATED = "created"
    EXPECTING_TRANSFER = "expecting-transfer"
    DELETED = "deleted"
    RENAMED = "renamed"
    TRANSFERRED = "transferred"

    @property
    def is_live(self) -> bool:
        """Whether the Worker has the class, or is about to get it."""
        return self in {ExportState.CREATED, ExportState.EXPECTING_TRANSFER}


@dataclass(frozen=True, slots=True)
class ClassExport:
    """One Durable Object class of `exports`.

    `storage` counts for a live one; `renamed_to`, `transferred_to` (a Worker) and `transfer_from`
    (a Worker) for the states of these names.
    """

    class_name: str
    state: ExportState = ExportState.CREATED
    storage: StorageKind = StorageKind.SQLITE
    renamed_to: str = ""
    transferred_to: str = ""
    transfer_from: str = ""


@dataclass(frozen=True, slots=True)
class DevOptions:
    """Where `pydo dev` listens; a port of None is 8787 or the next free one."""

    ip: str = "localhost"
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the command line says; it goes before what the file says.

    `name` is taken as it is, without the name of the environment `env` behind it.  `env_files` are
    meant from the directory of the configuration.  `environ` are the variables of the process, as
    far as the command line does not say the same.
    """

    name: str | None = None
    compatibility_date: str | None = None
    vars: Mapping[str, str] = field(default_factory=dict[str, str])
    env: str | None = None
    ip: str | None = None
    port: int | None = None
    env_files: Sequence[Path] = ()
    environ: Mapping[str, str] = field(default_factory=dict[str, str])
    assets: Path | None = None

    def wanted(self, home: Path) -> Wanted:
        """Say which secrets count for the project in a directory."""
        env = self.environ.get("CLOUDFLARE_ENV") if self.env is None else self.env
        return Wanted(home, env, self.env_files, self.environ)


@dataclass(frozen=True, slots=True)
class Config:
    """A Worker's configuration: one file, one environment of it, and the command line.

    `path` is the file, `root` its directory and `main` the entry module; `made_for` is the
    directory of the project that a tool made the file for; all are absolute.  `vars` holds strings
    and other JSON values, secrets among them; the names in `hidden` are not to be shown, and
    `secret_origins` says where secrets were found.  `uploads` are the patterns of files that
    `rules` add to those that are deployed in any case.
    `exports` are its Durable Object classes, None where `migrations` (or nothing) declare them.
    """

    path: Path
    root: Path
    name: str
    main: Path
    compatibility_date: str
    compatibility_flags: tuple[str, ...]
    vars: Mapping[str, object]
    durable_objects: tuple[DurableObjectBinding, ...]
    migrations: tuple[Migration, ...]
    dev: DevOptions
    uploads: tuple[str, ...] = ()
    kv_namespaces: tuple[KvNamespace, ...] = ()
    d1_databases: tuple[D1Database, ...] = ()
    services: tuple[ServiceBinding, ...] = ()
    hidden: frozenset[str] = frozenset()
    secret_origins: tuple[str, ...] = ()
    made_for: Path | None = None
    assets: Assets | None = None
    crons: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    unsimulated: tuple[Unsimulated, ...] = ()
    exports: tuple[ClassExport, ...] | None = None
    environment: str | None = None

    @property
    def home(self) -> Path:
        """The directory of the project: .dev.vars and the state are there."""
        return self.made_for or self.root

    @property
    def has_worker(self) -> bool:
        """Whether there is a Worker at all, and not assets alone."""
        return self.main != NO_WORKER

    @property
    def bound_classes(self) -> tuple[str, ...]:
        """The classes of this Worker that it binds."""
        bound = (each.class_name for each in self.durable_objects if each.script_name is None)
        return tuple(dict.fromkeys(bound))

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that this Worker itself holds: those bound, then the others declared."""
        return tuple(dict.fromkeys((*self.bound_classes, *self.declared_classes)))

    @property
    def declared_storage(self) -> Mapping[str, StorageKind]:
        """What classes store in, of those whose making the file still tells."""
        if self.exports is not None:
            return self.declared_classes
        return replay(self.migrations).made

    def storage_of(self, class_name: str) -> StorageKind:
        """Tell what the objects of a class store in: SQLite, unless the file says otherwise."""
        return self.declared_classes.get(class_name, StorageKind.SQLITE)

    @property
    def declared_classes(self) -> Mapping[str, StorageKind]:
        """The classes that live by `exports` or by the migrations, and what they store in."""
        if self.exports is None:
            return replay(self.migrations).classes
        return {each.class_name: each.storage for each in self.exports if each.state.is_live}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A step that does not fit the classes it meets: `migrations[migration].<kind>[index]`.

    `live` are the classes there were when it came.
    """

    migration: int
    kind: str
    index: int
    class_name: str
    live: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class History:
    """What a list of migrations leads to: the live classes in order, and what did not fit.

    `made` are those of the classes that an entry of the list has made.
    """

    classes: Mapping[str, StorageKind]
    made: Mapping[str, StorageKind]
    mismatches: tuple[Mismatch, ...]


def replay(migrations: Iterable[Migration]) -> History:
    """Follow migrations from an empty start, in wrangler's order within each entry.

    That order is delete, rename, new, new with SQLite (cloudflare/workers-sdk
    `getDurableObjectClassNameToUseSQLiteMap`).  Where wrangler gives up, this goes on: a Worker
    that has been deployed may have a history which its file no longer tells in full.  A class that
    came from nowhere, or from another Worker, counts as SQLite; one made twice stays what it was.
    """
    history = _Replay()
    for number, migration in enumerate(migrations):
        history.apply(number, migration)
    made = {name: kind for name, kind in history.classes.items() if name in history.made}
    return History(history.classes, made, tuple(history.mismatches))


class _Replay:
    """The classes that are live so far."""

    def __init__(self) -> None:
        self.classes: dict[str, StorageKind] = {}
        self.made: set[str] = set()
        self.mismatches: list[Mismatch] = []

    def apply(self, number: int, migration: Migration) -> None:
        for index, name in enumerate(migration.deleted_classes):
            self._expect(name in self.classes, number, "deleted_classes", index, name)
            self.classes.pop(name, None)
            self.made.discard(name)
        for index, rename in enumerate(migration.renamed_classes):
            old = rename.old_name
            self._expect(old in self.classes, number, "renamed_classes", index, old)
            self.classes[rename.new_name] = self.classes.pop(old, StorageKind.SQLITE)
            if old in self.made:
                self.made.remove(old)
                self.made.add(rename.new_name)
        for kind, names, storage in (
            ("new_classes", migration.new_classes, StorageKind.KEY_VALUE),
            ("new_sqlite_classes", migration.new_sqlite_classes, StorageKind.SQLITE),
        ):
            for index, name in enumerate(names):
                self._expect(name not in self.classes, number, kind, index, name)
                self.classes.setdefault(name, storage)
                self.made.add(name)
        for transfer in migration.transferred_classes:
            self.classes.setdefault(transfer.new_name, StorageKind.SQLITE)

    def _expect(self, fits: bool, *where: *tuple[int, str, int, str]) -> None:  # noqa: FBT001 - a claim
        if not fits:
            self.mismatches.append(Mismatch(*where, live=tuple(self.classes)))
