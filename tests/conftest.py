"""What holds for every part of the suite."""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    """Keep the collector from the tests themselves: many of them have it look at all there is."""
    gc.collect()
    gc.freeze()
