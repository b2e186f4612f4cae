"""A Worker's configuration: from the text of a file to checked, frozen values.

`discover` finds the file, `load` reads it.  Problems are gathered with their places: errors come
as one ConfigError that holds them all, warnings beside the Config.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydo.config.assets import Assets
from pydo.config.diagnostics import Diagnostic, Diagnostics, Severity
from pydo.config.discover import Location, discover, locate
from pydo.config.project import Project
from pydo.config.read import read_document
from pydo.config.schema import (
    ClassExport,
    Config,
    D1Database,
    DevOptions,
    DurableObjectBinding,
    ExportState,
    KvNamespace,
    Migration,
    Overrides,
    RenamedClass,
    ServiceBinding,
    StorageKind,
    TransferredClass,
)
from pydo.config.secrets import read_environ
from pydo.config.source import SourceFile, Span
from pydo.config.tool import ToolOptions, load_tool
from pydo.config.validate import validate
from pydo.errors import ConfigError

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

__all__ = [
    "Assets",
    "ClassExport",
    "Config",
    "ConfigError",
    "D1Database",
    "DevOptions",
    "Diagnostic",
    "Diagnostics",
    "DurableObjectBinding",
    "ExportState",
    "KvNamespace",
    "Location",
    "Migration",
    "Overrides",
    "Project",
    "RenamedClass",
    "ServiceBinding",
    "Severity",
    "SourceFile",
    "Span",
    "StorageKind",
    "ToolOptions",
    "TransferredClass",
    "discover",
    "load",
    "load_tool",
    "locate",
    "read_environ",
]

_NOTHING = Overrides()


def load(
    where: Path | Location, overrides: Overrides = _NOTHING, today: date | None = None
) -> tuple[Config, Diagnostics]:
    """Read the configuration at `where` under what the command line says.

    `today`, by default the date in UTC, judges and replaces compatibility dates.  The diagnostics
    returned hold warnings only.  Raises ConfigError, with the warnings too, if anything is wrong.
    """
    location = where if isinstance(where, Location) else Location(where.absolute())
    diagnostics = Diagnostics()
    for each in location.passed_over:
        message = f"{each.name} is not read: {location.path.name} beside it goes before it"
        diagnostics.warn(message, hint="remove one of the two, or choose with `--config`")
    document = read_document(location.path)
    config = validate(document, location, overrides, today or datetime.now(UTC).date(), diagnostics)
    if diagnostics.has_errors:
        raise ConfigError(diagnostics.in_order())
    return config, diagnostics.in_order()
