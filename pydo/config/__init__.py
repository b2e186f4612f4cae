"""A Worker's configuration: from the text of wrangler.toml to checked, frozen values.

`discover` finds the file, `load` reads it.  Problems are gathered with their places: errors come
as one ConfigError that holds them all, warnings beside the Config.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydo.config.diagnostics import Diagnostic, Diagnostics, Severity
from pydo.config.discover import discover, refuse_other_formats
from pydo.config.schema import (
    Config,
    D1Database,
    DevOptions,
    DurableObjectBinding,
    KvNamespace,
    Migration,
    Overrides,
    RenamedClass,
    StorageKind,
    TransferredClass,
)
from pydo.config.source import SourceFile, Span, shortest
from pydo.config.toml import parse
from pydo.config.tool import ToolOptions, load_tool
from pydo.config.validate import validate
from pydo.errors import ConfigError

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

__all__ = [
    "Config",
    "ConfigError",
    "D1Database",
    "DevOptions",
    "Diagnostic",
    "Diagnostics",
    "DurableObjectBinding",
    "KvNamespace",
    "Migration",
    "Overrides",
    "RenamedClass",
    "Severity",
    "SourceFile",
    "Span",
    "StorageKind",
    "ToolOptions",
    "TransferredClass",
    "discover",
    "load",
    "load_tool",
]

_NOTHING = Overrides()


def load(
    path: Path, overrides: Overrides = _NOTHING, today: date | None = None
) -> tuple[Config, Diagnostics]:
    """Read the configuration at `path` under what the command line says.

    `today`, by default the date in UTC, judges and replaces compatibility dates.  The diagnostics
    returned hold warnings only.  Raises ConfigError, with the warnings too, if anything is wrong.
    """
    source = _read(path.absolute())
    diagnostics = Diagnostics()
    document = parse(source)
    config = validate(document, overrides, today or datetime.now(UTC).date(), diagnostics)
    if diagnostics.has_errors:
        raise ConfigError(diagnostics.in_order())
    return config, diagnostics.in_order()


def _read(path: Path) -> SourceFile:
    refuse_other_formats(path)
    diagnostics = Diagnostics()
    try:
        # Not as text: that would turn a lone carriage return, which TOML refuses, into a line end.
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8")
        shown = SourceFile(path, before + error.object[error.start :].decode("utf-8", "replace"))
        diagnostics.error(
            f"The byte 0x{error.object[error.start]:02x} is not UTF-8.",
            shown.span(len(before)),
            "save the file as UTF-8",
        )
    except OSError as error:
        diagnostics.error(
            f"Could not read {shortest(path)}: {error.strerror}",
            hint="`--config PATH` names another file",
        )
    else:
        return SourceFile(path, text.replace("\r\n", "\n"))
    raise ConfigError(diagnostics)
