from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .lab import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """Objects that run what they are given."""
    lab = Lab(tmp_path)
    yield lab
    lab.close()
