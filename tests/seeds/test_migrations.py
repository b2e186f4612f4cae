"""Migrations while `pydo dev` runs and when it starts: files are saved, objects are looked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .wire import Client

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Dev

    Start = Callable[..., Dev]

HEAD = """
name = "app"
main = "entry.py"
compatibility_date = "2026-03-20"
compatibility_flags = ["python_workers"]
"""
ENTRY = """
from urllib.parse import urlsplit

from js import WebSocketPair
from workers import DurableObject, Response, WorkerEntrypoint


class Base(DurableObject):
    async def fetch(self, request):
        if request.headers.get("upgrade"):
            client, server = WebSocketPair.new().object_values()
            self.ctx.acceptWebSocket(server)
            return Response(None, status=101, web_socket=client)
        return Response(f"{type(self).__name__} {await self.count()} {self.ctx.id}")

    async def count(self):
        count = (await self.ctx.storage.get("count") or 0) + 1
        await self.ctx.storage.put("count", count)
        return count

    async def webSocketMessage(self, ws, message):
        ws.send(f"{type(self).__name__} {await self.count()}")


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        _, binding, name = urlsplit(request.url).path.split("/")
        return await getattr(self.env, binding).getByName(name).fetch(request)
"""
NEW = 'new_sqlite_classes = ["Counter"]'
RENAME = 'renamed_classes = [{from = "Counter", to = "Tally"}]'
DELETE = 'deleted_classes = ["Counter"]'


def config(*migrations: str, classes: str, head: str = HEAD) -> str:
    bindings = (
        f'[[durable_objects.bindings]]\nname = "{each.upper()}"\nclass_name = "{each}"\n'
        for each in classes.split()
    )
    entries = (
        f'[[migrations]]\ntag = "v{number}"\n{each}\n' for number, each in enumerate(migrations, 1)
    )
    return head + "".join(bindings) + "".join(entries)


def entry(classes: str) -> str:
    return ENTRY + "".join(f"\n\nclass {each}(Base):\n    pass\n" for each in classes.split())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "wrangler.toml").write_text(config(NEW, classes="Counter"))
    (tmp_path / "entry.py").write_text(entry("Counter"))
    return tmp_path


def ledger(project: Path) -> list[str]:
    record = json.loads((project / ".pydo/state/v1/migrations.json").read_text())
    return [each["tag"] for each in record["workers"]["app"]["applied"]]


def directories(project: Path) -> list[str]:
    return sorted(each.name for each in (project / ".pydo/state/v1/do").iterdir())


@pytest.mark.parametrize("order", [("wrangler.toml", "entry.py"), ("entry.py", "wrangler.toml")])
def test_a_rename_is_made_when_both_files_say_so_and_sockets_stay(
    start: Start, project: Path, order: tuple[str, str]
) -> None:
    dev = start()
    first, count, kept = dev.get("/COUNTER/a")[1].split()
    client = Client(dev.port, "/COUNTER/a")
    heard = client.ask("x")
    texts = {
        "wrangler.toml": config(NEW, RENAME, classes="Tally"),
        "entry.py": entry("Tally"),
    }

    dev.save(order[0], texts[order[0]])
    dev.until("not exported")
    between = dev.get("/COUNTER/a")[1].split()
    dev.save(order[1], texts[order[1]])
    line = dev.until("Migrated")
    dev.until("updated and ready")
    after = dev.get("/TALLY/a")[1].split()

    assert (first, count, heard) == ("Counter", "1", "Counter 2")
    assert between == ["Counter", "3", kept]
    assert "Migrated v2: rename Counter → Tally: 1 object, " in line
    assert after == ["Tally", "4", kept]
    assert client.ask("x") == "Tally 5"
    assert ledger(project) == ["v1", "v2"]
    client.drop()
    dev.stop()
    again = start()
    assert again.get("/TALLY/a")[1].split() == ["Tally", "6", kept]
    assert directories(project) == ["app-Tally"]


def test_a_new_class_takes_the_old_name_while_it_runs(start: Start, project: Path) -> None:
    dev = start()
    old = dev.get("/COUNTER/a")[1].split()[2]

    dev.save("entry.py", entry("Tally Counter"))
    dev.until("updated and ready")
    dev.save("wrangler.toml", config(NEW, f"{RENAME}\n{NEW}", classes="Tally Counter"))
    dev.until("Migrated")
    dev.until("updated and ready")
    renamed, new = dev.get("/TALLY/a")[1].split(), dev.get("/COUNTER/a")[1].split()
    dev.stop()
    again = start()

    assert renamed == ["Tally", "2", old]
    assert new[:2] == ["Counter", "1"]
    assert new[2] != old
    assert again.get("/TALLY/a")[1].split() == ["Tally", "3", old]
    assert again.get("/COUNTER/a")[1].split() == ["Counter", "2", new[2]]
    assert directories(project) == ["app-Counter", "app-Tally"]


def test_a_rename_that_is_withdrawn_while_it_runs_goes_back(start: Start, project: Path) -> None:
    dev = start()
    kept = dev.get("/COUNTER/a")[1].split()[2]
    dev.save("entry.py", entry("Counter Tally"))
    dev.until("updated and ready")
    dev.save("wrangler.toml", config(NEW, RENAME, classes="Tally"))
    dev.until("updated and ready")
    assert dev.get("/TALLY/a")[1].split() == ["Tally", "2", kept]

    dev.save("wrangler.toml", config(NEW, classes="Counter"))
    line = dev.until("Took back")
    dev.until("updated and ready")

    assert "v2: rename Tally → Counter: 1 object" in line
    assert dev.get("/COUNTER/a")[1].split() == ["Counter", "3", kept]
    assert ledger(project) == ["v1"]


def test_a_delete_is_refused_with_the_plan_and_what_to_do(start: Start, project: Path) -> None:
    dev = start()
    dev.get("/COUNTER/a")
    deleting = config(NEW, f'{DELETE}\nnew_sqlite_classes = ["Other"]', classes="Other")

    dev.save("entry.py", entry("Counter Other"))
    dev.until("updated and ready")
    dev.save("wrangler.toml", deleting)
    dev.until("The migrations would take objects away")
    dev.until("delete Counter: 1 object, .*, after a backup")
    dev.until("run `pydo migrate`")
    assert dev.get("/COUNTER/a")[1].split()[:2] == ["Counter", "2"]
    dev.stop()
    refused = start(ready=False)
    refused.until("delete Counter: 1 object, .*, after a backup")
    code = refused.process.wait(15)
    willing = start("--auto-migrate")

    assert code == 1
    assert any("Migrated v2: delete Counter: 1 object" in each for each in willing.said)
    assert willing.get("/OTHER/a")[1].split()[:2] == ["Other", "1"]
    assert directories(project) == ["app-Other"]
    assert len(list((project / ".pydo/state/v1/backups").iterdir())) == 1


def test_a_process_that_would_refuse_to_start_does_not_take_over(start: Start) -> None:
    dev = start("--reload", "process")
    dev.get("/COUNTER/a")

    dev.save("wrangler.toml", config(NEW, DELETE, classes=""))
    dev.until("The migrations would take objects away")
    dev.save("entry.py", entry("Counter Other"))
    dev.until("The migrations would take objects away")
    kept = dev.get("/COUNTER/a")[1].split()
    dev.save("wrangler.toml", config(NEW, RENAME, classes="Tally"))
    dev.save("entry.py", entry("Tally"))
    dev.until("Migrated v2")
    dev.until("updated and ready")

    assert kept[:2] == ["Counter", "2"]
    assert dev.get("/TALLY/a")[1].split()[:2] == ["Tally", "3"]


def test_a_delete_is_made_while_it_runs_if_that_was_asked_for(start: Start) -> None:
    dev = start("--auto-migrate")
    dev.get("/COUNTER/a")
    client = Client(dev.port, "/COUNTER/a")
    assert client.ask("x") == "Counter 2"
    deleting = f'{DELETE}\nnew_sqlite_classes = ["Other"]'

    dev.save("entry.py", entry("Counter Other"))
    dev.until("updated and ready")
    dev.save("wrangler.toml", config(NEW, deleting, classes="Other"))
    dev.until("Migrated v2: delete Counter")
    dev.until("updated and ready")
    other = dev.get("/OTHER/a")[1].split()
    dev.save("wrangler.toml", config(NEW, deleting, NEW, classes="Other Counter"))
    dev.until("Migrated v3")
    dev.until("updated and ready")

    assert other[:2] == ["Other", "1"]
    assert dev.get("/COUNTER/a")[1].split()[:2] == ["Counter", "1"]
    client.drop()


def test_objects_of_no_class_are_told_of_at_the_start(start: Start, project: Path) -> None:
    (project / "wrangler.toml").write_text(config(classes="Counter"))
    dev = start()
    dev.get("/COUNTER/a")
    dev.stop()
    (project / "wrangler.toml").write_text(config(classes="Tally"))
    (project / "entry.py").write_text(entry("Tally"))

    again = start()

    said = "app-Counter holds 1 object of no class: did you rename without a migration?"
    assert any(said in each for each in again.said)
