"""Rules of classes: each that is bound was made by a migration, and each that lives is exported.

Texts and codes are those that the API of Cloudflare answers a deployment with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.check.finding import Finding
from pydo.config.schema import replay

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pydo.config import Config

__all__ = ["check_classes"]


def check_classes(config: Config, exported: Collection[str] | None) -> Iterator[Finding]:
    """Compare bindings, migrations, and what the code exports; None if it did not load."""
    history = replay(config.migrations)
    for binding in config.durable_objects:
        name = binding.class_name
        if binding.script_name is None and name not in history.classes:
            yield Finding(
                "no-migration",
                f"{binding.name} binds {name}, which no migration makes: Cloudflare"
                " would refuse the deployment (code 10061)",
                f'add [[migrations]] with a new tag and new_sqlite_classes = ["{name}"]',
            )
    for mismatch in history.mismatches:
        yield Finding(
            "migration",
            f"migrations[{mismatch.migration}].{mismatch.kind} names {mismatch.class_name}, and the"
            f" classes that live by then are {', '.join(mismatch.live) or 'none'}",
            "Cloudflare refuses it (code 10074) if that tag is still to be applied there",
        )
    if exported is None:
        return
    for name in history.classes:
        if name not in exported:
            yield Finding(
                "not-exported",
                f"{name} lives by the migrations, and {config.main.name} exports no such class:"
                " Cloudflare would refuse the deployment (code 10064)",
                "export it, or delete or rename it by a migration",
            )
