"""From a file to a document: its text, and the reader for its format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.config.diagnostics import Diagnostics
from pydo.config.source import SourceFile, shortest
from pydo.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from pydo.config.document import Document

__all__ = ["read_document", "read_source"]


def read_document(path: Path) -> Document:
    """Read a configuration; its name tells whether it is JSON or TOML.

    Raises ConfigError if it cannot be read, or is neither.
    """
    source = read_source(path)
    # Here and not above: a project has one of the two.
    if path.suffix in {".json", ".jsonc"}:
        from pydo.config import jsonc  # noqa: PLC0415 - as said

        return jsonc.parse(source)
    from pydo.config import toml  # noqa: PLC0415 - as said

    return toml.parse(source)


def read_source(path: Path) -> SourceFile:
    """Read a text of UTF-8.

    Raises ConfigError if it is none, or cannot be read.
    """
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
