"""Bindings that are not simulated say so when they are used, and only then."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from pydo.bindings.unsimulated import UnsimulatedBinding
from pydo.config import load
from tests.host.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BINDINGS = {
    "BUCKET": "R2 Bucket",
    "QUEUE": "Queue",
    "FLOW": "Workflow",
    "EVENTS": "Analytics Engine Dataset",
    "LIMIT": "Rate Limit",
    "AI": "AI",
    "INDEX": "Vectorize Index",
    "BROWSER": "Browser",
    "HYPERDRIVE": "Hyperdrive Config",
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = {name: UnsimulatedBinding(name, label) for name, label in BINDINGS.items()}
    project = Project(tmp_path, bindings=made)
    yield project
    project.close()


@pytest.mark.parametrize(
    ("use", "text"),
    [
        (
            'await env.BUCKET.put("a", "b")',
            "env.BUCKET.put() failed: pydo does not simulate R2",
        ),
        ('await env.BUCKET.get("a")', "env.BUCKET.get() failed"),
        ("await env.QUEUE.send({})", "env.QUEUE.send() failed: pydo does not simulate Queue"),
        ("await env.FLOW.create(params={})", "env.FLOW.create() failed"),
        ("env.EVENTS.writeDataPoint({})", "env.EVENTS.writeDataPoint() failed"),
        ("await env.LIMIT.limit({'key': 'a'})", "env.LIMIT.limit() failed"),
        ("await env.AI.run('m', {})", "env.AI.run() failed: pydo does not simulate AI bindings."),
        ("await env.INDEX.query([1])", "env.INDEX.query() failed"),
        ("await env.BROWSER.fetch('http://x')", "env.BROWSER.fetch() failed"),
        ("env.HYPERDRIVE.connectionString", "env.HYPERDRIVE.connectionString failed"),
    ],
)
def test_a_use_fails_and_says_why(project: Project, use: str, text: str) -> None:
    found = project.run(
        dedent(f"""
        async def main(env, ctx):
            try:
                {use}
            except JsException as error:
                return str(error)
    """)
    )

    assert found.startswith(f"Error: {text}")


def test_a_binding_may_be_held_and_handed_around(project: Project) -> None:
    found = project.run(
        dedent("""
        async def main(env, ctx):
            bucket = env.BUCKET
            return [bool(bucket), bucket is not None, hasattr(bucket, "put")]
    """)
    )

    assert found == [True, True, True]


def test_the_configuration_names_them(tmp_path: Path) -> None:
    (tmp_path / "entry.py").touch()
    path = tmp_path / "wrangler.toml"
    path.write_text("""\
main = "entry.py"
compatibility_date = "2026-01-01"
compatibility_flags = ["python_workers"]
r2_buckets = [{ binding = "BUCKET", bucket_name = "b" }]
analytics_engine_datasets = [{ binding = "EVENTS" }]
ratelimits = [{ name = "LIMIT", namespace_id = "1", simple = { limit = 1, period = 10 } }]
hyperdrive = [{ binding = "HYPERDRIVE", id = "x" }]
vectorize = [{ binding = "INDEX", index_name = "i" }]
[[queues.producers]]
binding = "QUEUE"
queue = "q"
[[workflows]]
binding = "FLOW"
name = "f"
class_name = "F"
[ai]
binding = "AI"
[browser]
binding = "BROWSER"
""")

    config, warnings = load(path)

    assert {each.binding: each.label for each in config.unsimulated} == BINDINGS
    assert len([each for each in warnings if "is not simulated by pydo" in each.message]) == len(
        BINDINGS
    )
