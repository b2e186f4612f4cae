"""`pydo migrate` from end to end: what lies in the state before and after."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Project

NEW = 'new_sqlite_classes = ["Counter"]'
RENAME = 'renamed_classes = [{from = "Counter", to = "Tally"}]'
DELETE = 'deleted_classes = ["Counter"]'


def test_a_new_class_is_applied_once(project: Project) -> None:
    project.write(NEW, classes="Counter")

    first, second = project.run(), project.run()

    assert (first.exit_code, first.stdout) == (0, "v1: create Counter (sqlite)\n")
    assert (second.exit_code, second.stdout) == (0, "Nothing is pending.\n")


def test_a_renamed_class_keeps_its_objects_with_their_ids_and_names(project: Project) -> None:
    project.write(NEW, classes="Counter")
    project.run()
    before = project.store("Counter", "a", 1)
    project.write(NEW, RENAME, classes="Tally")

    planned, done = project.run("--dry-run"), project.run()

    assert planned.exit_code == 3
    assert planned.stdout.startswith("v2\n  rename Counter → Tally: 1 object, ")
    assert done.exit_code == 0
    assert project.stored("Tally/a") == (before, 1)
    assert (project.state_root / "v1/do/app-Tally").is_dir()
    assert not (project.state_root / "v1/do/app-Counter").exists()


def test_a_new_class_takes_the_old_name_with_ids_of_its_own(project: Project) -> None:
    project.write(NEW, classes="Counter")
    project.run()
    old = project.store("Counter", "a", 1)
    project.write(NEW, f"{RENAME}\n{NEW}", classes="Counter Tally")

    project.run()
    new = project.store("Counter", "a", 2)

    assert new != old
    assert project.stored("Tally/a") == (old, 1)
    assert project.stored("Counter/a") == (new, 2)


def test_a_class_that_was_served_before_it_was_declared_is_taken_up(project: Project) -> None:
    kept = project.store("Counter", "a", 1)
    project.write(NEW, classes="Counter")

    result = project.run()

    assert result.stdout.startswith("v1: take up Counter (sqlite): 1 object, ")
    assert project.stored("Counter/a") == (kept, 1)


def test_a_delete_needs_a_yes_and_leaves_a_backup(project: Project) -> None:
    project.write(NEW, classes="Counter")
    project.run()
    project.store("Counter", "a", 1)
    project.write(NEW, DELETE)

    refused = project.run()
    done = project.run("--yes")

    assert refused.exit_code == 2
    assert "say --yes to mean it" in refused.stderr
    assert done.exit_code == 0
    assert project.everything() == {}
    status = project.json("status")
    assert [each["class"] for each in status["backups"]] == ["Counter"]
    assert [each["state"] for each in status["tags"]] == ["applied", "applied"]


def test_an_undone_delete_brings_the_objects_back(project: Project) -> None:
    project.write(NEW, classes="Counter")
    project.run()
    kept = project.store("Counter", "a", 1)
    project.write(NEW, DELETE)
    project.run("--yes")

    result = project.run("undo")

    assert result.exit_code == 0
    assert "on Cloudflare an applied migration stays applied" in result.stdout
    assert project.stored("Counter/a") == (kept, 1)
    assert project.run("--dry-run").exit_code == 3


def test_an_undone_rename_keeps_what_was_written_since(project: Project) -> None:
    project.write(NEW, classes="Counter")
    project.run()
    project.store("Counter", "a", 1)
    project.write(NEW, RENAME, classes="Tally")
    project.run()
    project.store("Tally", "b", 2)

    project.run("undo")

    assert project.everything() == {"app-Counter": {"a": 1, "b": 2}}


def test_an_undone_delete_is_refused_when_the_class_has_new_objects(project: Project) -> None:
    project.write(NEW, classes="Counter")
    project.run()
    project.store("Counter", "a", 1)
    project.write(NEW, DELETE)
    project.run("--yes")
    project.store("Counter", "b", 2)

    result = project.run("undo")

    assert result.exit_code == 1
    assert "Counter has 1 new object, which would be lost" in result.stdout
    assert project.everything() == {"app-Counter": {"b": 2}}


def test_a_transfer_takes_the_class_of_another_worker(project: Project) -> None:
    kept = project.store("Counter", "a", 1, worker="other")
    transfer = 'transferred_classes = [{from = "Counter", from_script = "other", to = "Mine"}]'
    project.write(transfer, classes="Mine")

    result = project.run("--yes")

    assert result.exit_code == 0
    assert project.stored("Mine/a") == (kept, 1)
    assert list(project.everything()) == ["app-Mine"]
    project.run("undo")
    assert list(project.everything()) == ["other-Counter"]


def test_a_transfer_copies_from_another_state_directory(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = type(project)(tmp_path_factory.mktemp("other"))
    kept = other.store("Counter", "a", 1, worker="other")
    transfer = 'transferred_classes = [{from = "Counter", from_script = "other", to = "Mine"}]'
    project.write(transfer, classes="Mine")

    absent = project.run("--yes")
    result = project.run("--yes", "--from-state", str(other.state_root))

    assert absent.exit_code == 1
    assert "[code: 10066]" in absent.stdout
    assert result.exit_code == 0, result.output
    assert project.stored("Mine/a") == (kept, 1)
    assert other.stored("Counter/a") == (kept, 1)


REFUSALS = [
    ([], [DELETE], "", 10074),
    ([], [RENAME], "Tally", 10074),
    ([NEW], [NEW, NEW], "Counter", 10074),
    ([NEW], [NEW, f'{RENAME}\nnew_classes = ["Tally"]'], "Tally", 10074),
    ([NEW], [NEW, DELETE], "Counter", 10061),
    ([NEW], [NEW, 'new_classes = ["Other"]'], "Counter Other Third", 10061),
    ([NEW], [NEW, 'new_classes = ["Other"]'], "Other", 10064),
]


@pytest.mark.parametrize(("before", "after", "classes", "code"), REFUSALS)
def test_what_production_refuses_is_refused_with_its_code(
    project: Project, before: list[str], after: list[str], classes: str, code: int
) -> None:
    project.write(*before, classes="Counter")
    project.run()
    project.write(*after, classes=classes)

    result = project.run("--yes")

    assert result.exit_code == 1
    assert f"[code: {code}]" in result.stdout
    assert len(project.json("status")["tags"]) == len(after)


def test_a_key_value_class_cannot_become_one_with_sqlite(project: Project) -> None:
    project.store("Counter", "a", 1, kind="key-value")
    project.write(NEW, classes="Counter")

    result = project.run()

    assert result.exit_code == 1
    assert "a class keeps its storage for ever" in result.stdout


def test_a_tag_that_is_expected_and_is_not_the_last_is_refused(project: Project) -> None:
    project.write(NEW, classes="Counter")
    project.run()

    result = project.run("--expect-tag", "v0")

    assert result.exit_code == 1
    assert "Migration tag precondition failed; current tag is v1 [code: 10079]" in result.stdout


def test_it_goes_no_further_than_it_is_told(project: Project) -> None:
    project.write(NEW, RENAME, classes="Tally")

    result = project.run("--to", "v1")

    assert (result.exit_code, result.stdout) == (0, "v1: create Counter (sqlite)\n")
    assert project.run("status").exit_code in {3, 4}


def test_an_edited_tag_and_one_that_has_gone_are_drift(project: Project) -> None:
    project.write(NEW, 'new_sqlite_classes = ["Other"]', classes="Counter Other")
    project.run()
    project.write('new_sqlite_classes = ["Counter", "Other"]', classes="Counter Other")

    result = project.run("status", "--json")

    assert result.exit_code == 4
    assert [each["kind"] for each in json.loads(result.stdout)["drift"]] == ["changed", "missing"]


def test_objects_of_no_class_are_drift(project: Project) -> None:
    project.write(NEW, classes="Counter")
    project.run()
    project.store("Countre", "a", 1)

    result = project.run("status")

    assert result.exit_code == 4
    assert "did you rename without a migration?" in result.stdout


def test_programs_get_the_plan_and_whether_it_was_applied(project: Project) -> None:
    project.write(NEW, classes="Counter")
    project.apply()
    project.store("Counter", "a", 1)
    project.write(NEW, RENAME, classes="Tally")

    planned, done = project.json("plan"), project.json()

    action = planned["steps"][0]["actions"][0]
    assert (planned["applied"], done["applied"]) == (False, True)
    assert planned["steps"] == done["steps"]
    assert (action["kind"], action["from"], action["class"]) == ("rename", "Counter", "Tally")
    assert (action["objects"], action["destructive"]) == (1, False)
    assert action["bytes"] > 0
    assert project.json("undo")["steps"][0]["undo"] is True


def test_a_refusal_is_told_to_programs_with_its_code(project: Project) -> None:
    project.write(DELETE)

    result = project.run("--json", "--yes")

    assert result.exit_code == 1
    assert [each["code"] for each in json.loads(result.stdout)["refusals"]] == [10074]


def test_each_environment_has_tags_and_objects_of_its_own(project: Project) -> None:
    project.write(NEW, RENAME, classes="Tally")
    path = project.root / "wrangler.toml"
    path.write_text(path.read_text() + "[env.dev]\nvars = {}\n")

    project.run("--to", "v1")

    assert project.run("status", "--env", "dev").exit_code == 3
    assert [each["state"] for each in project.json("status", "--env", "dev")["tags"]] == [
        "pending",
        "pending",
    ]
    assert project.run("--env", "dev").stdout.splitlines()[1].startswith("v2: rename Counter")
    assert [each["state"] for each in project.json("status")["tags"]] == ["applied", "pending"]


def test_a_key_value_class_whose_making_has_gone_from_the_file_is_served_as_it_is(
    project: Project,
) -> None:
    project.write('new_classes = ["Counter"]', classes="Counter")
    project.apply()
    kept = project.store("Counter", "a", 1, kind="key-value")
    project.write('new_classes = ["Counter"]', RENAME, classes="Tally")
    project.apply()
    path = project.root / "wrangler.toml"
    text = path.read_text()
    first = text.index('[[migrations]]\ntag = "v1"')
    path.write_text(text[:first] + text[text.index('[[migrations]]\ntag = "v2"') :])

    status = project.run("status")

    assert status.exit_code == 0, status.output
    assert "Tally (key-value): 1 object" in status.stdout
    assert project.stored("Tally/a") == (kept, 1)


def test_an_exports_map_is_applied_without_tags(project: Project) -> None:
    live = '{type = "durable-object", storage = "sqlite"}'
    project.exports(f"Counter = {live}", classes="Counter")
    first = project.run()
    kept = project.store("Counter", "a", 1)
    renamed = '{type = "durable-object", state = "renamed", renamed_to = "Tally"}'
    project.exports(f"Counter = {renamed}", f"Tally = {live}", classes="Tally")

    planned, done, stale = project.run("plan"), project.run(), project.run()

    assert first.stdout == "exports: create Counter (sqlite)\n"
    assert planned.exit_code == 3
    assert planned.stdout.startswith("exports\n  rename Counter → Tally: 1 object, ")
    assert done.exit_code == 0
    assert project.stored("Tally/a") == (kept, 1)
    assert "[stale_tombstone] Counter" in stale.stdout
    assert project.run("undo").exit_code == 0
    assert list(project.everything()) == ["app-Counter"]


def test_a_configuration_may_go_over_to_exports(project: Project) -> None:
    project.write(NEW, classes="Counter")
    project.apply()
    project.store("Counter", "a", 1)
    project.exports('Counter = {type = "durable-object", storage = "sqlite"}', classes="Counter")

    result = project.run("status")

    assert result.exit_code == 0, result.output
    assert project.run().stdout == "Nothing is pending.\n"
