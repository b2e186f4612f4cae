"""A headless Chromium for the pages of the templates."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.seeds.conftest import TEMPLATE, Dev, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Not for the session: while playwright runs, its event loop is that of the main thread.
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - a browser is not always there

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        reason = "no chromium: apt-get install chromium"
        if os.environ.get("PYDO_TEST_BROWSER") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Dev]]:
    started: list[Dev] = []

    def serve(template: str) -> Dev:
        project = tmp_path_factory.mktemp(template) / "project"
        shutil.copytree(TEMPLATE.parent / template, project)
        dev = Dev(project, "--port", str(free_port()))
        started.append(dev)
        dev.until("Ready on ")
        return dev

    yield serve
    for dev in started:
        dev.close()
