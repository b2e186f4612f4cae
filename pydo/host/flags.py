"""Compatibility flags: what a date and a list of flags switch on, in one table.

Source: src/workerd/io/compatibility-date.capnp.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["FLAGS", "CompatibilityFlag", "Flags"]


@dataclass(frozen=True, slots=True)
class CompatibilityFlag:
    """One flag: on from `since` (a date, or never by itself), or when it is named."""

    name: str
    since: str | None
    disabled_by: str | None = None


FLAGS = {
    flag.name: flag
    for flag in (
        CompatibilityFlag("python_workers", None),
        CompatibilityFlag("python_workers_20250116", "2025-09-29"),
        CompatibilityFlag("python_workers_20260610", "2026-09-08"),
        CompatibilityFlag(
            "assets_navigation_prefers_asset_serving",
            "2025-04-01",
            "assets_navigation_has_no_effect",
        ),
        CompatibilityFlag(
            "python_workers_force_new_vendor_path",
            "2025-08-11",
        ),
        CompatibilityFlag(
            "python_no_global_handlers", "2025-08-14", "disable_python_no_global_handlers"
        ),
        CompatibilityFlag("python_workflows", "2025-09-20", "disable_python_workflows"),
        CompatibilityFlag(
            "python_dedicated_snapshot", "2025-10-16", "disable_python_dedicated_snapshot"
        ),
        CompatibilityFlag("enable_ctx_exports", "2025-11-17", "disable_ctx_exports"),
        CompatibilityFlag("python_check_rng_state", "2025-12-16", "disable_python_check_rng_state"),
        CompatibilityFlag(
            "python_request_headers_preserve_commas",
            "2026-02-17",
            "disable_python_request_headers_preserve_commas",
        ),
        CompatibilityFlag("delete_all_deletes_alarm", "2026-02-24", "delete_all_preserves_alarm"),
        CompatibilityFlag("websocket_close_reason_byte_limit", "2026-03-03"),
        CompatibilityFlag("websocket_standard_binary_type", "2026-03-17"),
        CompatibilityFlag("web_socket_auto_reply_to_close", "2026-04-07"),
        CompatibilityFlag(
            "python_workflows_implicit_dependencies",
            "2026-02-25",
            "no_python_workflows_implicit_dependencies",
        ),
        CompatibilityFlag(
            "enable_python_external_sdk", "2026-04-21", "disable_python_external_sdk"
        ),
        CompatibilityFlag(
            "enhanced_error_serialization", "2026-04-21", "legacy_error_serialization"
        ),
        CompatibilityFlag("enable_request_signal", None, "disable_request_signal"),
        CompatibilityFlag("request_signal_passthrough", None, "no_request_signal_passthrough"),
        CompatibilityFlag("python_process_pth_files", "2026-05-26"),
    )
}


class Flags:
    """The flags in force; each is an attribute, one that is not known is off unless named."""

    def __init__(self, date: str, named: Collection[str] = ()) -> None:
        for flag in FLAGS.values():
            is_old = flag.since is not None and flag.since <= date
            is_on = flag.name in named or (is_old and flag.disabled_by not in named)
            setattr(self, flag.name, is_on)
        self._named = frozenset(named)

    def __getattr__(self, name: str) -> bool:
        if name.startswith("__"):
            raise AttributeError(name)
        return name in self._named
