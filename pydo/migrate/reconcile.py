"""An `exports` map: what it declares, compared with what there is.

Production compares on each deploy, tells of each class that does not fit by a scenario, and refuses
all if one does (code 100402); a tombstone without effect is only told of.  Here a class with
`legacy-kv` may be new, since whoever clones a project starts with an empty state.

Source: developers.cloudflare.com, Durable Object class exports; cloudflare/workers-sdk
`packages/deploy-helpers/src/deploy/helpers/exports-reconciliation.ts`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from pydo.config.schema import ExportState
from pydo.migrate.action import EXPORTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydo.config.schema import ClassExport
    from pydo.migrate.action import Elsewhere
    from pydo.migrate.classes import Classes
    from pydo.migrate.ledger import Ledger

__all__ = ["reconcile"]

_CODE = 100402


def reconcile(  # noqa: PLR0913 - all that a pure function needs to know
    exports: Sequence[ClassExport],
    ledger: Ledger,
    classes: Classes,
    elsewhere: Elsewhere | None,
    exported: frozenset[str] | None,
    *,
    refuses_undeclared: bool,
) -> None:
    """Note in `classes` what it takes to have them as the map says.

    `exported` are the names in the main module, None where it is not to be looked at.  A live class
    that the map does not have is refused only if asked for.
    """
    classes.begin(EXPORTS)
    reconciliation = _Reconciliation(exports, ledger, classes, elsewhere, exported)
    reconciliation.run()
    if refuses_undeclared:
        reconciliation.look_for_what_is_not_declared()
    if not classes.is_idle or classes.refusals:
        text = json.dumps([asdict(each) for each in exports], default=str)
        classes.end(hashlib.sha256(text.encode()).hexdigest())


class _Reconciliation:
    def __init__(
        self,
        exports: Sequence[ClassExport],
        ledger: Ledger,
        classes: Classes,
        elsewhere: Elsewhere | None,
        exported: frozenset[str] | None,
    ) -> None:
        self._exports = exports
        self._ledger = ledger
        self._classes = classes
        self._elsewhere = elsewhere
        self._exported = exported

    def run(self) -> None:
        self._declare_what_was_served()
        for state, act in (
            (ExportState.DELETED, self._delete),
            (ExportState.RENAMED, self._rename),
            (ExportState.TRANSFERRED, self._hand_over),
            (ExportState.CREATED, self._create),
            (ExportState.EXPECTING_TRANSFER, self._expect),
        ):
            for each in self._exports:
                if each.state is state:
                    act(each)
        self._cancel_what_is_not_expected()

    def _declare_what_was_served(self) -> None:
        """Take up the classes of tombstones that have objects and were never declared."""
        for each in self._exports:
            found = self._classes.own(each.class_name)
            is_known = each.class_name in self._classes.live
            if found is not None and found.objects and not is_known and not each.state.is_live:
                self._classes.create(each.class_name, found.storage)

    def _delete(self, export: ClassExport) -> None:
        name = export.class_name
        if name not in self._classes.live:
            self._is_stale(export)
        elif self._exported is not None and name in self._exported:
            self._refuse(
                "tombstone_delete_class_still_in_code",
                name,
                "A `deleted` tombstone names a class that is still exported in code.",
                "Remove the class from your code first, then deploy the tombstone.",
            )
        else:
            self._classes.delete(name)

    def _rename(self, export: ClassExport) -> None:
        name, target = export.class_name, export.renamed_to
        if name not in self._classes.live:
            self._is_stale(export)
        elif target in self._classes.live:
            self._refuse(
                "tombstone_renamed_to_occupied",
                name,
                f"The `renamed_to` target '{target}' collides with an existing namespace under "
                "that name.",
                f"Delete '{target}' via its own `deleted` tombstone in a prior deploy.",
            )
        else:
            self._classes.rename(name, target)

    def _hand_over(self, export: ClassExport) -> None:
        name, target, worker = export.class_name, export.transferred_to, self._classes.worker
        if name not in self._classes.live:
            self._is_stale(export)
        elif self._ledger.of(target).expected.get(name) != worker:
            self._refuse(
                "transferred_pending_not_found",
                name,
                "A `transferred` tombstone has no matching `expecting-transfer` entry on the "
                "target.",
                f"Deploy '{target}' first with an `expecting-transfer` entry naming this Worker.",
            )
        else:
            self._classes.transfer((worker, name), (target, name))

    def _create(self, export: ClassExport) -> None:
        name, storage = export.class_name, export.storage.value
        live = self._classes.live.get(name)
        if live is not None and live != storage:
            self._refuse(
                "storage_type_mismatch",
                name,
                f"The declared `storage` value ({storage}) does not match the provisioned "
                f"namespace's storage backend ({live}).",
                "Storage backends cannot be changed in place.",
            )
        elif self._exported is not None and name not in self._exported:
            if live is None:
                self._refuse(
                    "config_references_nonexistent_class",
                    name,
                    "A live entry declares a class that is neither in code nor provisioned.",
                    "Remove the entry, or add the class to your Worker code.",
                )
            else:
                self._refuse(
                    "config_export_not_in_code",
                    name,
                    "A live entry declares a class that the Worker code does not export.",
                    "Add the class to your code, or replace the entry with a tombstone.",
                )
        elif live is None:
            self._classes.create(name, storage)

    def _expect(self, export: ClassExport) -> None:
        name, source = export.class_name, (export.transfer_from, export.class_name)
        if name in self._classes.live:
            self._note(f"[stale_entry] {name}: the class is there; make it a live entry.")
        elif self._elsewhere is not None and source in self._elsewhere.inventory:
            found = self._elsewhere.inventory[source]
            self._classes.receive(source, name, self._elsewhere.path, found)
        elif source not in self._classes.found:
            self._refuse(
                "phase_one_transfer_source_namespace_missing",
                name,
                f"The source Worker '{source[0]}' has no namespace for the class in this state "
                "directory.",
                "Make sure the source Worker has the class deployed before the target declares "
                "`expecting-transfer`, or name its state directory with --from-state DIRECTORY.",
            )
        elif self._ledger.of(self._classes.worker).expected.get(name) != source[0]:
            self._classes.expect(name, export.storage.value, source[0])

    def _cancel_what_is_not_expected(self) -> None:
        expecting = {
            each.class_name: each.transfer_from
            for each in self._exports
            if each.state is ExportState.EXPECTING_TRANSFER
        }
        for name, worker in self._ledger.of(self._classes.worker).expected.items():
            if name not in expecting:
                storage = self._classes.live.get(name, "sqlite")
                self._classes.cancel(name, storage, worker)

    def look_for_what_is_not_declared(self) -> None:
        declared = {each.class_name for each in self._exports}
        for name in self._classes.live:
            if name in declared:
                continue
            if self._exported is not None and name not in self._exported:
                self._refuse(
                    "orphaned_provisioned_namespace",
                    name,
                    f"A namespace exists for '{name}' but no `exports` entry declares it.",
                    f"add an `exports` entry for '{name}', or add a `deleted` tombstone to remove "
                    "the namespace.",
                )
            else:
                self._refuse(
                    "provisioned_class_missing_from_config",
                    name,
                    f"A namespace exists for '{name}' but `exports` has no entry for it.",
                    'Add a live entry (`state: "created"`) to keep the namespace, or add a '
                    "tombstone to retire it.",
                )

    def _is_stale(self, export: ClassExport) -> None:
        self._note(
            f"[stale_tombstone] {export.class_name}: Tombstone of type '{export.state.value}' for "
            f"class '{export.class_name}' has no effect (no namespace exists with this class "
            "name). Safe to remove from `exports`."
        )

    def _note(self, text: str) -> None:
        self._classes.notes.append(text)

    def _refuse(self, scenario: str, name: str, message: str, suggestion: str) -> None:
        self._classes.refuse(
            f"[{scenario}] class '{name}': {message}\n    Suggestion: {suggestion}", _CODE
        )
