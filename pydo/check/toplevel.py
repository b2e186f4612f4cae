"""Rules of the top level, which Cloudflare runs when it deploys, without any request.

There is no randomness then, no network and no timer; the time stands still, and with a snapshot
what was computed of it is kept for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.check.finding import Finding
from pydo.check.process import BLOCKING_REQUESTS
from pydo.config import Severity
from pydo.host.flags import Flags

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from pydo.check.module import Call
    from pydo.check.project import Project

__all__ = ["check_top_level"]

_RANDOM = ("random.", "secrets.", "numpy.random.")
_RANDOM_CALLS = {"os.urandom", "uuid.uuid1", "uuid.uuid4", "js.crypto.randomUUID"}
_NOT_RANDOM = {"random.Random", "random.getstate", "random.setstate", "secrets.compare_digest"}
_NETWORK = {
    *("js.fetch", "workers.fetch", "pyodide.http.pyfetch", "js.caches.open", "js.connect"),
    *BLOCKING_REQUESTS,
}
_TIMERS = {"js.setTimeout", "js.setInterval", "js.scheduler.wait"}
_TIME = {
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "js.Date.now",
    "time.localtime",
    "time.time",
    "time.time_ns",
}


def check_top_level(project: Project) -> Iterator[Finding]:
    """Find what is done while modules are imported and has to wait for a request."""
    flags = Flags(project.config.compatibility_date, project.config.compatibility_flags)
    for module in project.modules:
        for call in module.calls:
            if project.runs_at_import(call):
                for found in _look(call, has_snapshot=flags.python_dedicated_snapshot):
                    rule, text, hint, severity = found
                    message = f"{call.name}() {text}"
                    yield Finding(rule, message, hint, module.span(call.node), severity)


def _look(call: Call, *, has_snapshot: bool) -> Iterator[tuple[str, str, str, Severity]]:
    name = call.name
    if name in _RANDOM_CALLS or (name.startswith(_RANDOM) and name not in _NOT_RANDOM):
        yield (
            "top-level-entropy",
            "is called while the module is imported, where Cloudflare has no randomness",
            "call it in a handler",
            Severity.ERROR,
        )
    elif name in _NETWORK:
        yield (
            "top-level-network",
            "is called while the module is imported, where Cloudflare allows no requests",
            "call it in a handler",
            Severity.ERROR,
        )
    elif name in _TIMERS and not _is_at_once(call.node):
        yield (
            "top-level-timer",
            "is called while the module is imported, where Cloudflare has no timers",
            "call it in a handler",
            Severity.ERROR,
        )
    elif name in _TIME:
        frozen = ", and is kept in the snapshot that every instance starts from"
        yield (
            "top-level-time",
            "gives the time of the deployment, or zero, while the module is imported"
            + (frozen if has_snapshot else ""),
            "ask for the time in a handler",
            Severity.WARNING,
        )


def _is_at_once(node: ast.Call) -> bool:
    """Whether it is a timer of no milliseconds, which is a microtask there."""
    delays = [getattr(each, "value", None) for each in node.args[1:2]]
    return delays in ([], [0])
