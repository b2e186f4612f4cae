"""Which migrations are made while a Worker is served, and where its classes lie meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pydo.config import load
from pydo.errors import MigrationError
from pydo.migrate.served import ServedClasses
from pydo.statedir import StateDirectory

from .test_migrate import DELETE, NEW, RENAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydo.migrate.served import Coming

    from .conftest import Project

LIVE = '{type = "durable-object", storage = "sqlite"}'
RENAMED = '{type = "durable-object", state = "renamed", renamed_to = "Tally"}'


class Served:
    """A project whose classes are served, as far as files go."""

    def __init__(self, project: Project, *, is_auto: bool = False) -> None:
        self.project = project
        self.state = StateDirectory.open(project.state_root)
        self.classes = ServedClasses(self.state, is_auto=is_auto)

    def prepare(self) -> Coming:
        return self.classes.prepare(load(self.project.root / "wrangler.toml")[0])

    def make(self) -> list[str]:
        return [each.partition(":")[0] for each in self.classes.make(self.prepare())]

    def key(self, class_name: str) -> str:
        return self.prepare().places[class_name].unique_key


@pytest.fixture
def stored(project: Project) -> Project:
    project.write(NEW, classes="Counter")
    project.apply()
    project.store("Counter", "a", 1)
    return project


@pytest.fixture
def served(stored: Project) -> Iterator[Served]:
    served = Served(stored)
    yield served
    served.state.close()


def test_nothing_is_made_until_the_code_fits(served: Served) -> None:
    served.project.write(NEW, f"{RENAME}\n{NEW}", classes="Tally Counter")

    coming = served.prepare()
    before = [each.label for each in served.state.class_directories()]
    served.classes.make(coming)

    assert before == ["app-Counter"]
    assert coming.places["Tally"].unique_key == "app-Counter"
    assert coming.places["Counter"].unique_key == "app-Counter#2"
    assert coming.gone == ()
    assert {each.label: each.unique_key for each in served.state.class_directories()} == {
        "app-Tally": "app-Counter",
        "app-Counter": "app-Counter#2",
    }


def test_what_has_been_taken_up_is_not_planned_again(served: Served) -> None:
    config, _ = load(served.project.root / "wrangler.toml")

    first = served.classes.prepare(config)
    served.classes.make(first)
    again = served.classes.prepare(config)

    assert (first.is_new, again.is_new) == (True, False)
    assert first.places == again.places


def test_objects_are_not_taken_away_unasked(served: Served) -> None:
    served.project.write(NEW, DELETE)

    with pytest.raises(MigrationError, match=r"delete Counter: 1 object, .*, after a backup"):
        served.prepare()


def test_history_that_does_not_fit_is_refused_with_its_code(served: Served) -> None:
    served.project.write(NEW, 'deleted_classes = ["Nobody"]', classes="Counter")

    with pytest.raises(MigrationError, match=r"\[code: 10074\]"):
        served.prepare()


def test_what_goes_is_named_before_it_goes(stored: Project) -> None:
    served = Served(stored, is_auto=True)
    stored.write(NEW, DELETE)

    coming = served.prepare()
    lines = served.classes.make(coming)
    served.state.close()

    assert coming.gone == ("app-Counter",)
    assert lines[0].startswith("Migrated v2: delete Counter: 1 object")


def test_only_a_tag_of_this_process_goes_back_by_itself(served: Served) -> None:
    served.project.write(NEW, RENAME, classes="Tally")
    made = served.make()
    served.project.write(NEW, classes="Counter")
    back = served.make()
    served.project.write(classes="Counter")
    older = served.make()

    assert (made, back, older) == (["Migrated v2"], ["Took back v2"], [])
    assert served.key("Counter") == "app-Counter"


def test_a_tag_with_new_objects_of_a_new_class_stays(served: Served) -> None:
    served.project.write(NEW, 'new_sqlite_classes = ["Other"]', classes="Counter Other")
    served.make()
    served.state.close()
    served.project.store("Other", "b", 2)
    served.state = StateDirectory.open(served.project.state_root)
    served.project.write(NEW, classes="Counter")

    assert served.make() == []


def test_a_tombstone_that_goes_takes_nothing_back(served: Served) -> None:
    served.project.exports(f"Counter = {RENAMED}", f"Tally = {LIVE}", classes="Tally")
    renamed = served.make()
    served.project.exports(f"Tally = {LIVE}", classes="Tally")

    assert renamed == ["Migrated exports"]
    assert served.make() == []
    assert served.key("Tally") == "app-Counter"
