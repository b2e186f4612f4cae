"""Rules of classes: each that is bound was made by a migration, and each that lives is exported.

A deployment to where nothing is deployed yet decides: what Cloudflare has applied already cannot be
known here, so that a history whose beginning has gone from the file needs `pydo: ignore`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from pydo.check.finding import Finding
from pydo.config.read import read_document
from pydo.config.report import did_you_mean
from pydo.migrate.ledger import Ledger
from pydo.migrate.plan import plan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pydo.config import Config, Span
    from pydo.config.document import KeyPath

__all__ = ["check_classes"]

_MISSING_SOURCE = 10066  # of a transfer: only whoever has deployed the other Worker knows


def check_classes(config: Config, exported: Collection[str] | None) -> Iterator[Finding]:
    """Compare bindings, migrations, and what the code exports; None if it did not load."""
    places = _Places(config)
    refused = [*_refused(config, places)]
    yield from refused
    for index, binding in enumerate(config.durable_objects):
        name = binding.class_name
        is_told = any(f"'{name}'" in each.message for each in refused)
        is_own = binding.script_name is None
        if is_own and name not in config.declared_classes and not is_told:
            yield Finding(
                "no-migration",
                f"{binding.name} binds {name}, which no {places.lifecycle} declares: Cloudflare"
                " would refuse the deployment (code 10061)",
                places.declaration(name),
                places.of_binding(index),
            )
    for name in config.declared_classes:
        if exported is not None and name not in exported:
            yield Finding(
                "not-exported",
                f"{name} lives by the {places.lifecycle}, and {config.main.name} exports no such"
                " class: Cloudflare would refuse the deployment (code 10070, or 10064 once the"
                " class is there)",
                did_you_mean(name, exported)
                or f"export it, or delete or rename it by {places.lifecycle}",
                places.of_class(name),
            )


def _refused(config: Config, places: _Places) -> Iterator[Finding]:
    """Ask what production would answer to all the migrations at once; a map has no history."""
    if config.exports is not None:
        return
    answer = plan(config, Ledger(), {}, checks_version=False)
    for refusal in answer.refusals:
        if refusal.code != _MISSING_SOURCE:
            yield Finding(
                "migration",
                f"{refusal.message} (code {refusal.code})",
                "Cloudflare refuses it if that tag is still to be applied there",
                places.of_entry(refusal.tag, refusal.message),
            )


class _Places:
    """Where the file of a configuration says what it says of classes."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._document = read_document(config.path)
        self.lifecycle = "migrations" if config.exports is None else "`exports`"

    def of_binding(self, index: int) -> Span:
        at = (*self._path("durable_objects"), "bindings", index, "class_name")
        return self._document.value_span(at)

    def of_class(self, name: str) -> Span:
        """Give the latest mention of a class that is declared."""
        if self._config.exports is not None:
            return self._document.span((*self._path("exports"), name))
        path = self._path("migrations")
        *_, last = (path, *(at for at, text in self._texts(path) if text == name))
        return self._document.value_span(last)

    def of_entry(self, tag: str | None, message: str) -> Span:
        """Give the place in the entry `tag` that names what the message quotes, or the entry's."""
        path = self._path("migrations")
        index = next((n for n, each in enumerate(self._config.migrations) if each.tag == tag), 0)
        entry = (*path, index)
        quoted = (at for at, text in self._texts(entry) if f"'{text}'" in message)
        return self._document.value_span(next(quoted, entry))

    def declaration(self, name: str) -> str:
        """Say what to add for a class."""
        example = self._document.example
        if self._config.exports is not None:
            entry = example(name, {"type": "durable-object", "storage": "sqlite"})
            return f"add {entry} to `exports`"
        return f"add a migration with a new tag and {example('new_sqlite_classes', [name])}"

    def _path(self, key: str) -> KeyPath:
        """Give the path of the key's value that counts: the environment's own, or the file's."""
        environment = self._config.environment
        own: KeyPath = ("env", environment or "", key)
        return own if environment and self._value(own) is not None else (key,)

    def _value(self, path: KeyPath) -> object:
        value: object = self._document.values
        for part in path:
            match value:
                case dict():
                    value = cast("dict[object, object]", value).get(part)
                case list() if isinstance(part, int):
                    value = cast("list[object]", value)[part]
                case _:
                    return None
        return value

    def _texts(self, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
        """Give the strings below a path, each with its own."""
        match self._value(path):
            case str() as text:
                yield path, text
            case dict() as table:
                for key in cast("dict[str, object]", table):
                    yield from self._texts((*path, key))
            case list() as array:
                for index in range(len(cast("list[object]", array))):
                    yield from self._texts((*path, index))
            case _:
                pass
