"""Standard output, as a server that others read from needs it."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["open_stdout"]


def open_stdout() -> TextIO:
    """Give standard output, and put it in `sys.stdout` if it had to be made anew.

    A pipe or a file gets each line when it ends.  Once nobody reads from a pipe any more, what is
    written is lost without a word, whether pydo writes it or the Worker's `print`: the server
    goes on.
    """
    out = sys.stdout
    if out is None:  # started with a closed descriptor
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - until the end
    elif isinstance(out, io.TextIOWrapper) and not out.isatty():
        sys.stdout = _lasting(out)
    return sys.stdout


def _lasting(out: io.TextIOWrapper) -> TextIO:
    out.flush()
    try:
        raw = _LastingFile(out.fileno(), "w", closefd=False)
    except io.UnsupportedOperation:  # captured in memory: there is no reader to lose
        out.reconfigure(line_buffering=True)
        return out
    buffer = io.BufferedWriter(raw)
    return io.TextIOWrapper(buffer, out.encoding, out.errors, line_buffering=True)


class _LastingFile(io.FileIO):
    """A descriptor that becomes the null device when its reader has gone."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return memoryview(data).nbytes
