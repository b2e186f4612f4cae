"""pydo's logger, and no other."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from pydo.console import configure_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Terminal


@pytest.fixture(autouse=True)
def _logger_as_it_was() -> Iterator[None]:
    logger = logging.getLogger("pydo")
    handlers, level, propagate = list(logger.handlers), logger.level, logger.propagate
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)
    logger.propagate = propagate


def test_each_level_of_the_logger_has_its_form(terminal: Terminal) -> None:
    configure_log(terminal.console("debug"))
    logger = logging.getLogger("pydo.runtime")

    logger.debug("a %s", 1)
    logger.info("b")
    logger.warning("c")
    logger.error("d")

    assert terminal.text == ("[pydo:debug] a 1\n[pydo:info] b\n▲ [WARNING] c\n✘ [ERROR] d\n")


def test_the_root_logger_is_left_alone(terminal: Terminal) -> None:
    root = logging.getLogger()
    before = (list(root.handlers), root.level)

    configure_log(terminal.console())
    logging.getLogger("pydo").warning("heard once")

    assert (list(root.handlers), root.level) == before
    assert terminal.text == "▲ [WARNING] heard once\n"


def test_a_second_console_takes_over_from_the_first(terminal: Terminal) -> None:
    configure_log(terminal.console())
    configure_log(terminal.console())

    logging.getLogger("pydo").warning("once")

    assert terminal.text == "▲ [WARNING] once\n"
