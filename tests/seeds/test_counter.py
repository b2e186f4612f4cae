from __future__ import annotations

import re
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.seeds.conftest import TEMPLATE, copy_of_counter, free_port, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.seeds.conftest import Dev

    Start = Callable[..., Dev]

LOCALHOSTS = ["127.0.0.1", "[::1]"] if socket.has_ipv6 else ["127.0.0.1"]


def entry_of(project: Path) -> str:
    return (project / "src" / "entry.py").read_text()


def test_it_says_what_it_serves_and_counts(start: Start) -> None:
    dev = start()

    assert [dev.get("/", host)[1] for host in LOCALHOSTS] == ["test: 0", "test: 1"][
        : len(LOCALHOSTS)
    ]
    assert dev.until("GET / ").startswith("[pydo:info] GET / 200 OK (")
    assert any("env.COUNTER (Counter)" in line for line in dev.said)


def test_fifty_requests_at_once_get_fifty_values(start: Start) -> None:
    dev = start()

    with ThreadPoolExecutor(50) as pool:
        answers = set(pool.map(lambda _: dev.get()[1], range(50)))

    assert answers == {f"test: {number}" for number in range(50)}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_value_survives_every_end(start: Start, number: signal.Signals) -> None:
    dev = start()
    dev.get()
    dev.get()

    code, seconds = dev.stop(number)

    assert code == (-9 if number is signal.SIGKILL else 0)
    assert seconds < 1.5  # promised is one; a loaded machine may need a little more
    assert start().get() == (200, "test: 2")


def test_a_save_is_answered_by_the_new_code(start: Start, project: Path) -> None:
    dev = start()
    dev.get()

    dev.save("src/entry.py", entry_of(project).replace("{name}: ", "{name} is "))
    dev.until("updated and ready")

    assert dev.get() == (200, "test is 1")


@pytest.fixture(scope="module")
def breaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """A server whose code is broken and mended again and again."""
    with serving(copy_of_counter(tmp_path_factory.mktemp("breaking") / "project")) as dev:
        yield dev


@pytest.mark.parametrize(
    ("broken", "shown"),
    [
        ("def broken(:", "SyntaxError"),
        ("import nowhere_to_be_found", "ModuleNotFoundError"),
        ("raise ValueError('at the top')", "ValueError: at the top"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("import asyncio; asyncio.get_event_loop().stop()", "NotImplementedError"),
        ("import asyncio; asyncio.current_task().cancel()", "AttributeError"),
    ],
)
def test_broken_code_leaves_the_last_good_version_serving(
    breaking: Dev, broken: str, shown: str
) -> None:
    good = entry_of(TEMPLATE)
    said, _, value = breaking.get()[1].rpartition(" ")

    breaking.save("src/entry.py", f"{good}\n{broken}\n")
    breaking.until(rf"entry\.py:\d+.*{shown.split(':', maxsplit=1)[0]}")
    kept = breaking.get()
    breaking.save("src/entry.py", good.replace("{name}: ", f"{{name}} after {shown}: "))
    breaking.until("updated and ready")

    assert kept == (200, f"{said} {int(value) + 1}")
    assert breaking.get() == (200, f"test after {shown}: {int(value) + 2}")
    assert not any("pydo/" in line and "File" in line for line in breaking.said)


def test_code_that_is_broken_at_the_start_answers_500_and_waits(
    start: Start, project: Path
) -> None:
    good = entry_of(project)
    (project / "src" / "entry.py").write_text(good + "\nundefined_name\n")
    dev = start()

    status, text = dev.get()
    dev.save("src/entry.py", good)
    dev.until("updated and ready")

    what = "NameError: name 'undefined_name' is not defined"
    title, gap, *trace = text.splitlines()
    assert status == 500
    assert re.fullmatch(rf"{re.escape(str(project))}/src/entry\.py:\d+: {what}", title)
    assert (gap, trace[0], trace[-1]) == ("", "Traceback (most recent call last):", what)
    assert "pydo.errors" not in text
    assert dev.get() == (200, "test: 0")


def test_a_class_that_is_missing_at_the_start_is_named_once_to_the_client(
    start: Start, project: Path
) -> None:
    entry = project / "src" / "entry.py"
    entry.write_text(entry_of(project).replace("class Counter", "class Other"))
    dev = start()

    status, text = dev.get()

    assert status == 500
    assert text.startswith("Your Worker depends on the following Durable Objects")
    assert text.count("Counter") == 1
    assert "Error" not in text


def test_code_and_configuration_saved_one_after_the_other_never_misfit(
    start: Start, project: Path
) -> None:
    dev = start()
    config = (project / "wrangler.toml").read_text()

    dev.save(
        "wrangler.toml",
        config + '\n[[migrations]]\ntag = "v2"\nnew_sqlite_classes = ["Other"]\n'
        '\n[[durable_objects.bindings]]\nname = "OTHER"\nclass_name = "Other"\n',
    )
    dev.until("not exported")
    between = dev.get()
    dev.save(
        "src/entry.py",
        entry_of(project).replace("self.env.COUNTER", "self.env.OTHER")
        + "\n\nclass Other(Counter):\n    pass\n",
    )
    dev.until("updated and ready")

    assert between == (200, "test: 0")
    assert dev.get() == (200, "test: 0")


def test_a_request_in_flight_ends_on_the_code_it_began_with(start: Start, project: Path) -> None:
    slow = entry_of(project).replace(
        'await self.ctx.storage.put("value", value + 1)',
        'import asyncio\n        print("waiting")\n        await asyncio.sleep(1)\n'
        '        await self.ctx.storage.put("value", value + 1)',
    )
    (project / "src" / "entry.py").write_text(slow)
    dev = start()

    with ThreadPoolExecutor(1) as pool:
        in_flight = pool.submit(dev.get)
        dev.until("^waiting$")
        dev.save("src/entry.py", entry_of(project).replace("{name}: ", "{name} is "))
        dev.until("updated and ready")
        after = dev.get()

    assert in_flight.result() == (200, "test: 0")
    assert after == (200, "test is 1")


BODIES = {
    "raise ValueError('bad thing')": (500, "ValueError: bad thing"),
    "return None": (500, "returned None"),
    "return {'a': 1}": (500, "returned dict: {'a': 1}"),
    "import sys; sys.exit(3)": (500, "SystemExit: 3"),
    "return Response('fine', status=418)": (418, "fine"),
}


@pytest.fixture(scope="module")
def answering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """A server whose handler does what `BODIES` say, each under the path of its number."""
    project = copy_of_counter(tmp_path_factory.mktemp("answering") / "project")
    cases = "".join(
        f"        if request.url.endswith('/{number}'):\n            {body}\n"
        for number, body in enumerate(BODIES)
    )
    (project / "src" / "entry.py").write_text(
        "from workers import DurableObject, Response, WorkerEntrypoint\n"
        "class Counter(DurableObject):\n    pass\n"
        "class Default(WorkerEntrypoint):\n"
        f"    async def fetch(self, request):\n{cases}"
    )
    with serving(project) as dev:
        yield dev


@pytest.mark.parametrize("body", BODIES)
def test_what_a_handler_does_is_what_the_client_is_told(answering: Dev, body: str) -> None:
    path = f"/{[*BODIES].index(body)}"
    status, text = BODIES[body]

    found = answering.get(path)

    assert found[0] == status
    assert text in found[1]
    assert answering.get(path)[0] == status  # the server is still there


@pytest.fixture(scope="module")
def ageing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """A server whose code is replaced by older forms."""
    with serving(copy_of_counter(tmp_path_factory.mktemp("ageing") / "project")) as dev:
        yield dev


@pytest.mark.parametrize(
    "handler",
    [
        "async def on_fetch(request):\n    return Response('old')",
        "async def on_fetch(request, env, ctx):\n    return Response('old')",
        "@handler\nasync def on_fetch(request, env):\n    return Response('old')",
        """class _Old:
    async def fetch(self, request, env, ctx):
        return Response('old')
default = _Old()""",
    ],
)
def test_older_handlers_are_taken_with_a_warning(ageing: Dev, handler: str) -> None:
    said = len(ageing.said)
    ageing.save(
        "src/entry.py",
        "from workers import DurableObject, Response, handler\n"
        f"class Counter(DurableObject):\n    pass\n{handler}\n",
    )
    ageing.until("updated and ready")

    assert ageing.get() == (200, "old")
    assert sum("Cloudflare deploys it no more" in line for line in ageing.said[said:]) == 1


def test_several_default_handlers_are_refused(start: Start, project: Path) -> None:
    (project / "src" / "entry.py").write_text(
        entry_of(project) + "\nasync def on_fetch(request):\n    return Response('x')\n"
    )

    status, text = start().get()

    assert status == 500
    assert "Cannot define multiple default entrypoints" in text


def test_a_port_that_is_taken_is_an_error_when_it_was_named(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        dev = start("--port", str(taken.getsockname()[1]), ready=False)
        dev.until("Address already in use")

        assert dev.process.wait(15) == 1


def test_a_second_start_on_the_same_state_is_refused(start: Start) -> None:
    first = start()
    second = start(ready=False)

    line = second.until("is in use by pydo dev")

    assert str(first.process.pid) in line
    assert str(first.port) in line
    assert second.process.wait(15) == 1


def test_a_configuration_that_is_wrong_ends_the_start(start: Start, project: Path) -> None:
    (project / "wrangler.toml").write_text("name = 'my-app'\nmain = 'src/none.py'\n")
    dev = start(ready=False)

    dev.until(r"wrangler\.toml:2")

    assert dev.process.wait(15) == 1
