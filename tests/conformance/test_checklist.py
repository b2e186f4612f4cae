"""The numbered tests are complete: none of the checklist's numbers on storage is left out."""

from __future__ import annotations

import re
from pathlib import Path

# 71 and 72 are about sections alone, and tested with them.
ON_STORAGE = {*range(14, 71), 73, *range(77, 87)}


def test_every_number_on_storage_has_a_test() -> None:
    texts = [path.read_text() for path in Path(__file__).parent.glob("test_checklist_*.py")]

    found = {
        int(number)
        for text in texts
        for number in re.findall(r"^def test_(\d{3})_", text, re.MULTILINE)
    }

    assert found == ON_STORAGE
