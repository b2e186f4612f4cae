"""Assets and cron triggers of a project that `pydo dev` serves."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.seeds.conftest import copy_of_counter, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.seeds.conftest import Dev

CONFIG = """\
name = "beside"
main = "src/entry.py"
compatibility_date = "2026-03-01"
compatibility_flags = ["python_workers"]

[assets]
directory = "public"
binding = "ASSETS"

[triggers]
crons = ["*/5 * * * *"]
"""
ENTRY = """\
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        if request.url.endswith("/through"):
            return await self.env.ASSETS.fetch("http://assets/page.txt")
        return Response("worker")

    async def scheduled(self, controller, env, ctx):
        print("called for", controller.cron)
        if controller.cron == "fail":
            raise ValueError("boom")
"""


def with_assets(project: Path) -> Path:
    (project / "wrangler.toml").write_text(CONFIG)
    (project / "src" / "entry.py").write_text(ENTRY)
    (project / "public").mkdir()
    (project / "public" / "page.txt").write_text("page")
    return project


@pytest.fixture
def beside(project: Path) -> Path:
    return with_assets(project)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """A server for the tests that leave its files as they were."""
    project = copy_of_counter(tmp_path_factory.mktemp("beside") / "project")
    with serving(with_assets(project)) as dev:
        yield dev


def headers_of(dev: Dev, path: str) -> dict[str, str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{dev.port}{path}") as answer:
        return dict(answer.headers)


def test_assets_are_served_and_change_at_once(beside: Path, start: Callable[..., Dev]) -> None:
    dev = start("--port", "0")

    assert dev.get("/page.txt") == (200, "page")
    assert dev.get("/through") == (200, "page")
    assert dev.get("/other") == (200, "worker")
    (beside / "public" / "page.txt").write_text("changed")
    (beside / "public" / "new.txt").write_text("new")
    assert dev.get("/page.txt") == (200, "changed")
    assert dev.get("/new.txt") == (200, "new")


def test_an_asset_beside_the_module_is_no_code(beside: Path, start: Callable[..., Dev]) -> None:
    (beside / "wrangler.toml").write_text(CONFIG.replace("public", "src/public"))
    (beside / "public").rename(beside / "src" / "public")
    dev = start("--port", "0")

    (beside / "src" / "public" / "page.txt").write_text("changed")
    assert dev.get("/page.txt") == (200, "changed")
    time.sleep(1.5)  # long enough for a reload, if one were to come
    dev.save("src/entry.py", ENTRY.replace('"worker"', '"new"'))
    dev.until("updated and ready")

    assert dev.get("/other") == (200, "new")
    assert len([line for line in dev.said if "Reloading" in line]) == 1


def test_a_large_asset_takes_little_memory(beside: Path, start: Callable[..., Dev]) -> None:
    with (beside / "public" / "large.bin").open("wb") as file:
        file.truncate(200_000_000)
    dev = start("--port", "0")
    dev.get("/page.txt")
    before = dev.peak_memory_kb()

    with urllib.request.urlopen(f"http://127.0.0.1:{dev.port}/large.bin") as answer:
        size = sum(iter(lambda: len(answer.read(1 << 20)), 0))

    assert size == 200_000_000
    assert dev.peak_memory_kb() - before < 30_000


def test_assets_need_no_worker(beside: Path, start: Callable[..., Dev]) -> None:
    (beside / "wrangler.toml").write_text(
        'name = "alone"\ncompatibility_date = "2026-03-01"\n[assets]\ndirectory = "public"\n'
        'not_found_handling = "404-page"\n'
    )
    (beside / "public" / "404.html").write_text("not here")
    dev = start("--port", "0")

    assert dev.get("/page.txt") == (200, "page")
    assert dev.get("/other") == (404, "not here")
    assert headers_of(dev, "/page.txt")["etag"].startswith('"')


def test_cron_triggers_are_called_by_hand(shared: Dev) -> None:
    assert shared.get("/cdn-cgi/handler/scheduled?cron=a+b") == (200, "ok")
    shared.until("called for a b")
    assert shared.get("/cdn-cgi/handler/scheduled?cron=fail") == (500, "exception")
    shared.until("ValueError: boom")
    assert shared.get("/__scheduled?cron=c") == (200, "Ran scheduled event")
    assert shared.get("/cdn-cgi/handler/scheduled", host="127.0.0.1")[0] == 200
    for date in ("9" * 17, "9" * 5000, "x"):
        assert "not a valid Date" in shared.get(f"/cdn-cgi/handler/scheduled?time={date}")[1]
    assert shared.get(f"/cdn-cgi/handler/scheduled?time={'0' * 20}1")[0] == 200
    told = shared.get("/cdn-cgi/handler/scheduled?format=json")
    assert told == (200, '{"outcome":"ok","noRetry":false}')


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("Host", "evil.test", "Invalid Host header"),
        ("Host", "sub.localhost", "Invalid Host header"),
        ("Origin", "https://evil.test", "Invalid Origin header"),
        ("Origin", "null", "Invalid Origin header"),
    ],
)
def test_no_other_site_reaches_the_servers_own_paths(
    shared: Dev, name: str, value: str, text: str
) -> None:
    for path in (
        "/cdn-cgi/handler/scheduled",
        "/cdn-cgi/other",
        "/x/../cdn-cgi/handler/scheduled",
        "/.//../cdn-cgi/other",
    ):
        request = urllib.request.Request(f"http://127.0.0.1:{shared.port}{path}")
        request.add_header(name, value)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)  # noqa: S310 - our own server
        assert (refused.value.code, refused.value.read().decode()) == (403, text)
        refused.value.close()
