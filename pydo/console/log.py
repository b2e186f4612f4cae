"""pydo's own logger, shown through the console.

Only the logger named `pydo` is touched: the root logger, the loggers of libraries and `warnings`
belong to the Worker.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pydo.console.level import Level

if TYPE_CHECKING:
    from pydo.console.console import Console

__all__ = ["configure_log"]


def configure_log(console: Console) -> None:
    """Send what pydo's modules log to `console`, which decides what of it is shown.

    A second call replaces the first.
    """
    logger = logging.getLogger("pydo")
    for handler in list(logger.handlers):
        if isinstance(handler, _ConsoleHandler):
            logger.removeHandler(handler)
    logger.addHandler(_ConsoleHandler(console))
    logger.setLevel(logging.DEBUG if console.shows(Level.DEBUG) else logging.INFO)
    logger.propagate = False


class _ConsoleHandler(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        if record.levelno >= logging.ERROR:
            self._console.error(text)
        elif record.levelno >= logging.WARNING:
            self._console.warn(text)
        elif record.levelno >= logging.INFO:
            self._console.info(text)
        else:
            self._console.debug(text)
