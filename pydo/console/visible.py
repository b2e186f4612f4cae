"""Text of others made fit for a terminal: what would act on it is shown as an escape instead.

A path, a message or a line of source can hold control sequences that move the cursor, change
colours or the title, or turn the direction of writing around; a request must not be able to do
that to the terminal of whoever runs pydo.
"""

from __future__ import annotations

import re

__all__ = ["visible", "visible_line"]

# C0 without tab and line feed, DEL and C1, line separators, bidirectional controls, and halves
# of surrogate pairs, which no encoding takes.
_ACTING = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_SURROGATES = "\ud800-\udfff"
_UNFIT = re.compile(f"[{_ACTING}{_SURROGATES}]")
_UNFIT_IN_A_LINE = re.compile(f"[\t\n{_ACTING}{_SURROGATES}]")


def visible(text: str) -> str:
    r"""Give the text with control characters as escapes such as `\x1b`; tabs and lines stay."""
    return _UNFIT.sub(_escape, text.replace("\r\n", "\n"))


def visible_line(text: str) -> str:
    r"""Give the text as one line: line feeds and tabs are escaped too."""
    return _UNFIT_IN_A_LINE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
