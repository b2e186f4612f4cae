"""What a project says to pydo alone: `[tool.pydo]` in the pyproject.toml beside its configuration.

    [tool.pydo]
    lost-memory = "warn"                    # or "ignore": say nothing of what sleeping objects lose
    may-forget = ["Chat.typing_users"]      # say nothing of these; "cache" is any class's
    durability = "normal"                   # or "full": commits survive a power loss as well
    history-days = 30                       # how far back objects can be restored; 0: not at all
    history-size-mb = 256                   # how much is kept for that of each object

wrangler complains of keys that it does not know, so these do not stand in its file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from pydo.config.diagnostics import Diagnostics
from pydo.config.source import SourceFile
from pydo.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["ToolOptions", "load_tool"]


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """What `[tool.pydo]` says; `may_forget` names attributes, with their class or of any."""

    warns_of_lost_memory: bool = True
    may_forget: tuple[str, ...] = ()
    survives_power_loss: bool = False
    history_days: int = 30
    history_size_mb: int = 256


def load_tool(root: Path) -> ToolOptions:
    """Read what the pyproject.toml of a project says; nothing, if there is none.

    Raises:
        ConfigError: it is not TOML, or says what pydo does not understand.

    """
    path = root / "pyproject.toml"
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace").replace("\r\n", "\n")
    except OSError:
        return ToolOptions()
    # Here and not above: it is for those who have one.
    from pydo.config.toml import parse  # noqa: PLC0415 - as said

    document = parse(SourceFile(path, text))
    table = _table(_table(document.values.get("tool")).get("pydo"))
    diagnostics = Diagnostics()

    def wrong(key: str, expected: str) -> None:
        place = document.value_span(("tool", "pydo", key))
        diagnostics.error(f'"tool.pydo.{key}" should be {expected}.', place)

    lost = table.get("lost-memory", "warn")
    if lost not in ("warn", "ignore"):
        wrong("lost-memory", '"warn" or "ignore"')
    forgettable = table.get("may-forget", [])
    if not isinstance(forgettable, list) or not all(map(_is_attribute, forgettable)):
        wrong("may-forget", 'an array of attributes such as "Chat.typing_users"')
    durability = table.get("durability", "normal")
    if durability not in ("normal", "full"):
        wrong("durability", '"normal" or "full"')
    days = table.get("history-days", 30)
    if not _is_count(days):
        wrong("history-days", "a number of days, 0 for no history")
    size = table.get("history-size-mb", 256)
    if not _is_count(size) or size == 0:
        wrong("history-size-mb", "a number of megabytes")
    if diagnostics.has_errors:
        raise ConfigError(diagnostics)
    return ToolOptions(
        lost == "warn",
        tuple(cast("list[str]", forgettable)),
        durability == "full",
        cast("int", days),
        cast("int", size),
    )


def _table(value: object) -> Mapping[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _is_attribute(value: object) -> bool:
    return isinstance(value, str) and all(part.isidentifier() for part in value.split(".", 1))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
