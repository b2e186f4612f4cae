"""Which configuration file is meant.

wrangler looks upward from where it stands (cloudflare/workers-sdk
`packages/workers-utils/src/config/config-helpers.ts`), and so does pydo; the nearest directory
that has a configuration decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.config.diagnostics import Diagnostics
from pydo.config.source import shortest
from pydo.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["discover", "refuse_other_formats"]


def discover(start: Path) -> Path:
    """Find the wrangler.toml of a directory, or of the nearest one above it that has any.

    Raises ConfigError if there is none, or one in a format that pydo does not read.
    """
    directory = start.absolute()
    for each in (directory, *directory.parents):
        toml = each / "wrangler.toml"
        if toml.is_file():
            return toml
        for name in ("wrangler.json", "wrangler.jsonc"):
            if (each / name).is_file():
                refuse_other_formats(each / name)
    diagnostics = Diagnostics()
    diagnostics.error(
        f"No wrangler.toml was found in {directory} or in a directory above it.",
        hint="`pydo init NAME` makes a project; `--config PATH` names a file elsewhere",
    )
    raise ConfigError(diagnostics)


def refuse_other_formats(path: Path) -> None:
    """Refuse wrangler.json and wrangler.jsonc by their names.

    Raises ConfigError.
    """
    if path.suffix not in {".json", ".jsonc"}:
        return
    diagnostics = Diagnostics()
    diagnostics.error(
        f"{shortest(path)}: pydo reads wrangler.toml for now, not {path.suffix[1:]}",
        hint="write the same keys as TOML into a wrangler.toml beside it",
    )
    raise ConfigError(diagnostics)
