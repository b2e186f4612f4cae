"""The handler `scheduled`, in each form that an entry module may have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pydo.errors import JsException
from pydo.host.scheduled import ScheduledController
from tests.host.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    yield project
    project.close()


def called(project: Project) -> ScheduledController:
    controller = ScheduledController(5, "* * * * *")
    project.loop.run_until_complete(project.runtime.schedule(controller))
    return controller


def test_a_method_of_the_class_gets_controller_env_and_context(project: Project) -> None:
    code = project.load("""
        seen = []
        class Default(WorkerEntrypoint):
            async def scheduled(self, controller, env, ctx):
                seen.append((controller.cron, controller.scheduledTime, env.GREETING))
                seen.append(ctx.constructor.name)
                controller.noRetry()
            async def fetch(self, request):
                return Response(repr(seen))
    """)
    controller = called(project)

    assert project.ask().text == "[('* * * * *', 5, 'hi'), 'ExecutionContext']"
    assert controller.__is_final__
    assert code.warning is None


def test_a_method_that_takes_fewer_fails_as_it_does_deployed(project: Project) -> None:
    project.load("""
        class Default(WorkerEntrypoint):
            async def scheduled(self, controller):
                pass
    """)

    with pytest.raises(JsException, match="takes 2 positional arguments but 4 were given"):
        called(project)


@pytest.mark.parametrize("parameters", ["", "controller", "controller, env, ctx"])
def test_a_function_takes_what_it_wants(project: Project, parameters: str) -> None:
    project.load(f"""
        seen = []
        async def on_scheduled({parameters}):
            seen.append(1)
        async def on_fetch(request):
            return js.Response.new(str(len(seen)))
    """)

    called(project)

    assert project.ask().text == "1"


@pytest.mark.parametrize("source", ["class Default(WorkerEntrypoint): pass", "x = 1"])
def test_a_worker_without_a_handler_says_so(project: Project, source: str) -> None:
    project.load(source)

    with pytest.raises(JsException, match=r"does not export a scheduled\(\) function"):
        called(project)


def test_what_wait_until_was_given_is_waited_for(project: Project) -> None:
    project.load("""
        done = []
        async def later(fails):
            await asyncio.sleep(0.01)
            done.append(1)
            if fails:
                raise ValueError("later")
        class Default(WorkerEntrypoint):
            async def scheduled(self, controller, env, ctx):
                ctx.waitUntil(later(controller.cron == "fail"))
            async def fetch(self, request):
                return Response(str(len(done)))
    """)
    first, second = ScheduledController(5, "ok"), ScheduledController(5, "fail")

    async def call(controller: ScheduledController) -> bool:
        await project.runtime.schedule(controller)
        assert controller.__execution__ is not None
        return await controller.__execution__.rest()

    outcomes = [project.loop.run_until_complete(call(each)) for each in (first, second)]

    assert outcomes == [True, False]
    assert project.ask().text == "2"
    assert [str(error) for error in project.heard.errors] == ["later"]
