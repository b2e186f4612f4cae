"""`navigator` and `performance`.

Sources: src/workerd/api/global-scope.h (`Navigator`), src/workerd/api/performance.h.
"""

from __future__ import annotations

import time

from pydo.host.js.array import JsArray
from pydo.host.js.function import Namespace
from pydo.host.js.illegal import RuntimeObject

__all__ = ["Navigator", "Performance"]


class Navigator(RuntimeObject):
    """What the Worker runs in."""

    __slots__ = ("__dict__",)
    userAgent = "Cloudflare-Workers"
    hardwareConcurrency = 1
    language = "en"
    platform = ""

    @property
    def languages(self) -> JsArray:
        """What the Worker's people are taken to read."""
        return JsArray(["en"])


class Performance(Namespace, js_name="Performance"):
    """The clock; it shows the time of day, since its origin is that of the clock."""

    __slots__ = ()
    TAG = "Performance"
    timeOrigin = 0

    def now(self, *_: object) -> int:
        """Give the milliseconds since `timeOrigin`."""
        return time.time_ns() // 1_000_000
