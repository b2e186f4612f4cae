"""The table of what a Worker finds in its `env`, as wrangler prints it.

Source: cloudflare/workers-sdk `packages/wrangler/src/utils/print-bindings.ts`.
"""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING

from pydo.console.visible import visible_line

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from pydo.config import Config, DurableObjectBinding, ServiceBinding
    from pydo.config.schema import Unsimulated
    from pydo.console.ink import Paint

__all__ = ["format_bindings", "width"]

_GAP = 6
_LONGEST_VALUE = 40

Row = tuple[str, str, str]


def format_bindings(config: Config, paint: Paint, served: Sequence[str] = ()) -> str:
    """Give the table with its heading, or the sentence that says there is nothing in it.

    `served` names the Workers that are served together; a single one is not called by its name.
    """
    connected = {config.name, *served}
    rows = [
        *(_durable_object(each, connected) for each in config.durable_objects),
        *(_service(each, connected) for each in config.services),
        *(_row(each.binding, each.shown_id, "KV Namespace") for each in config.kv_namespaces),
        *(_row(each.binding, each.database_name, "D1 Database") for each in config.d1_databases),
        *_assets(config),
        *(_unsimulated(each) for each in config.unsimulated),
        *(_variable(name, value, config.hidden) for name, value in config.vars.items()),
    ]
    if not rows:
        return f"{who} has no bindings." if (who := _who(config, served)) else "No bindings found."
    table = [("Binding", "Resource", "Mode"), *rows]
    widths = [max(width(row[column]) for row in table) + _GAP for column in (0, 1)]
    heading, *lines = (_line(row, widths) for row in table)
    return "\n".join(
        [
            f"{_who(config, served) or 'Your Worker'} has access to the following bindings:",
            paint(heading, "bold"),
            *lines,
        ]
    )


def _who(config: Config, served: Sequence[str]) -> str:
    return config.name if len(served) > 1 else ""


def _mode(worker: str, connected: Container[str]) -> str:
    return f"local [{'connected' if worker in connected else 'not connected'}]"


def _service(binding: ServiceBinding, connected: Container[str]) -> Row:
    what = binding.service + (f"#{binding.entrypoint}" if binding.entrypoint else "")
    place = visible_line(f"env.{binding.binding} ({what})")
    return place, "Worker", _mode(binding.service, connected)


def _durable_object(binding: DurableObjectBinding, connected: Container[str]) -> Row:
    place = f"env.{binding.name} ({binding.class_name}"
    if binding.script_name is None:
        return visible_line(f"{place})"), "Durable Object", "local"
    return (
        visible_line(f"{place}, defined in {binding.script_name})"),
        "Durable Object",
        _mode(binding.script_name, connected),
    )


def _unsimulated(binding: Unsimulated) -> Row:
    return visible_line(f"env.{binding.binding}"), binding.label, "not simulated"


def _assets(config: Config) -> list[Row]:
    if config.assets is None or config.assets.binding is None:
        return []
    return [_row(config.assets.binding, "", "Assets")]


def _row(name: str, what: str, kind: str) -> Row:
    return visible_line(f"env.{name} ({what})" if what else f"env.{name}"), kind, "local"


def _variable(name: str, value: object, hidden: Container[str]) -> Row:
    if name in hidden:
        text = '"(hidden)"'
    elif isinstance(value, str):
        text = f'"{_shortened(value)}"'
    else:
        text = _shortened(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str))
    return visible_line(f"env.{name} ({text})"), "Environment Variable", "local"


def _shortened(text: str) -> str:
    return text if len(text) < _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def _line(row: Row, widths: Sequence[int]) -> str:
    binding, resource, mode = row
    return f"{_padded(binding, widths[0])}{_padded(resource, widths[1])}{mode}"


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def width(text: str) -> int:
    """Count the columns that a text takes: two for wide characters, none for accents."""
    return sum(
        0 if unicodedata.combining(each) else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in text
    )
