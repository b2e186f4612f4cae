"""The pages of the templates in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.seeds.conftest import Dev

pytestmark = pytest.mark.timeout(60)


def lines(page: Page, count: int) -> list[str]:
    """Wait for so many lines in the page's log, and give them."""
    page.wait_for_function(f"document.querySelectorAll('#log li').length >= {count}")
    return page.locator("#log li").all_inner_texts()


def test_the_page_of_hibernation_shows_what_it_sends_and_hears(
    serve: Callable[[str], Dev], page: Page
) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"http://localhost:{serve('hibernation').port}/")

    assert lines(page, 3) == ["open", "Hello", "[echo] Hello in 1"]
    page.fill("#text", "and more")
    page.click("button")
    assert lines(page, 5)[3:] == ["and more", "[echo] and more in 1"]
    assert "[socket:received] [echo] and more in 1" in said


def test_the_page_stays_connected_over_a_change_of_the_code(
    serve: Callable[[str], Dev], page: Page
) -> None:
    dev = serve("hibernation")
    page.goto(f"http://localhost:{dev.port}/")
    lines(page, 3)

    code = (dev.project / "src" / "entry.py").read_text()
    dev.save("src/entry.py", code.replace("[echo]", "[new]"))
    dev.until("updated and ready")
    page.fill("#text", "again")
    page.click("button")

    assert lines(page, 5)[3:] == ["again", "[new] again in 1"]


def test_a_page_that_is_left_takes_its_socket_along(
    serve: Callable[[str], Dev], page: Page
) -> None:
    dev = serve("hibernation")
    page.goto(f"http://localhost:{dev.port}/")
    lines(page, 3)

    page.reload()

    assert lines(page, 3) == ["open", "Hello", "[echo] Hello in 1"]


def test_the_page_of_rpc_calls_and_is_answered(serve: Callable[[str], Dev], page: Page) -> None:
    page.goto(f"http://localhost:{serve('rpc').port}/")

    assert lines(page, 3) == ["foo(1) = 2", "bar() = 3", "panic() failed: panic!"]
    assert page.evaluate("() => rpc.foo(41)") == 42
    assert page.evaluate(
        "() => Promise.all(Array.from({length: 200}, (_, n) => rpc.foo(n)))"
    ) == list(range(1, 201))
    assert page.evaluate("() => rpc.nope().catch(error => error.message)") == (
        "[unknown-method] nope"
    )


def test_calls_that_wait_fail_when_the_socket_closes(
    serve: Callable[[str], Dev], page: Page
) -> None:
    dev = serve("rpc")
    page.goto(f"http://localhost:{dev.port}/")
    lines(page, 3)

    page.evaluate("() => { window.waiting = rpc.foo(1).catch(e => e.message); return 0 }")
    dev.close()
    page.wait_for_function("document.body.innerText.includes('closed')")

    assert page.evaluate("() => rpc.foo(1).catch(error => error.message)") == (
        "foo() was called on a socket that is not open"
    )
