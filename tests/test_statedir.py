from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pydo.errors import StateError
from pydo.statedir import KEY_VALUE, SQLITE, StateDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator

SOME_ID = "e6ebe911c538ab73c9dcca3e875f77fe4cddf19dfee0d823a83744c651280531"

needs_permissions = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / ".pydo" / "state"


@pytest.fixture
def state(root: Path) -> Iterator[StateDirectory]:
    with StateDirectory.open(root) as state:
        yield state


def read_json(path: Path) -> Any:
    return json.loads(path.read_text())


def tree(directory: Path) -> dict[str, bytes | None]:
    """Everything below a directory, with the content of files."""
    return {
        str(path.relative_to(directory)): None if path.is_dir() else path.read_bytes()
        for path in directory.rglob("*")
    }


def test_a_class_directory_is_made_on_first_use(state: StateDirectory, root: Path) -> None:
    found = state.class_directory("app", "Counter", SQLITE)

    assert found.path == root / "v1" / "do" / "app-Counter"
    assert (found.unique_key, found.storage, found.class_name) == ("app-Counter", SQLITE, "Counter")
    assert tree(found.path).keys() == {"namespace.json"}
    assert read_json(found.path / "namespace.json") == {
        "format": 1,
        "unique_key": "app-Counter",
        "storage": "sqlite",
        "worker": "app",
        "class": "Counter",
    }


def test_a_class_directory_is_a_value(state: StateDirectory) -> None:
    found = state.class_directory("app", "Counter", SQLITE)

    with pytest.raises(dataclasses.FrozenInstanceError):
        found.storage = KEY_VALUE  # type: ignore[misc]  # what the test is about


def test_a_class_directory_is_found_again_by_a_later_run(root: Path) -> None:
    with StateDirectory.open(root) as state:
        first = state.class_directory("app", "Counter", SQLITE)
    before = tree(root / "v1" / "do")

    with StateDirectory.open(root) as state:
        second = state.class_directory("app", "Counter", SQLITE)

    assert second == first
    assert tree(root / "v1" / "do") == before


def test_a_class_directory_says_where_its_files_belong_and_makes_none(
    state: StateDirectory,
) -> None:
    found = state.class_directory("app", "Counter", SQLITE)

    assert found.metadata_path == found.path / "metadata.sqlite"
    assert found.object_directory(SOME_ID) == found.path / SOME_ID
    assert tree(found.path).keys() == {"namespace.json"}


def test_the_objects_of_a_class_are_those_that_have_a_directory(state: StateDirectory) -> None:
    found = state.class_directory("app", "Counter", SQLITE)
    assert list(found.list_objects()) == []

    for name in (SOME_ID, "0" * 64, "0" * 63, "0" * 65, "E" * 64, "metadata"):
        (found.path / name).mkdir()
    (found.path / ("1" * 64)).touch()

    assert set(found.list_objects()) == {SOME_ID, "0" * 64}


def test_a_storage_kind_recorded_differently_is_shown_and_kept(state: StateDirectory) -> None:
    state.class_directory("app", "Counter", KEY_VALUE)

    found = state.class_directory("app", "Counter", SQLITE)

    assert found.storage == KEY_VALUE
    assert read_json(found.path / "namespace.json")["storage"] == "key-value"


def test_a_renamed_class_directory_keeps_its_key_and_a_new_class_gets_another(
    state: StateDirectory,
) -> None:
    old = state.class_directory("app", "Counter", SQLITE)
    old.path.rename(old.path.with_name("app-Tally"))

    renamed = state.class_directory("app", "Tally", SQLITE)
    new = state.class_directory("app", "Counter", SQLITE)
    new.path.rename(new.path.with_name("app-Sum"))
    newer = state.class_directory("app", "Counter", SQLITE)

    assert renamed.unique_key == "app-Counter"
    assert new.unique_key == "app-Counter#2"
    assert newer.unique_key == "app-Counter#3"
    assert state.class_directory("app", "Counter", SQLITE) == newer


def test_all_class_directories_are_listed_by_name(state: StateDirectory, root: Path) -> None:
    made = [state.class_directory("app", name, SQLITE) for name in ("Zoo", "Counter")]
    (root / "v1" / "do" / "half-Made").mkdir()
    (root / "v1" / "do" / ".DS_Store").touch()

    assert list(state.class_directories()) == sorted(made, key=lambda each: each.path.name)


def test_a_class_directory_that_a_crash_left_half_made_is_completed(
    state: StateDirectory, root: Path
) -> None:
    half_made = root / "v1" / "do" / "app-Counter"
    half_made.mkdir()
    (half_made / ".namespace.json.0a1b2c3d").write_bytes(b'{"for')

    assert state.class_directory("app", "Counter", SQLITE).unique_key == "app-Counter"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("app", "Counter"), ("app", "counter")),
        (("app", "Counter"), ("App", "Counter")),
        (("app", "Stra\u00dfe"), ("app", "STRASSE")),
        (("app", "Caf\u00e9"), ("app", unicodedata.normalize("NFD", "Caf\u00e9"))),
    ],
)
def test_names_that_differ_only_in_case_are_refused(
    state: StateDirectory, first: tuple[str, str], second: tuple[str, str]
) -> None:
    made = state.class_directory(*first, SQLITE)

    with pytest.raises(StateError, match="differ only in case") as refused:
        state.class_directory(*second, SQLITE)

    assert f'"{"-".join(second)}" and "{"-".join(first)}"' in str(refused.value)
    assert list(state.class_directories()) == [made]


@pytest.mark.parametrize(
    ("worker", "class_name"),
    [("..", "/etc"), ("app", "../../x"), (".", "x"), ("a\0b", "C"), ("app", "\ud800"), ("a\\", "")],
)
def test_a_name_that_leads_elsewhere_is_refused(
    state: StateDirectory, root: Path, worker: str, class_name: str
) -> None:
    with pytest.raises(StateError, match="cannot be the name of a directory"):
        state.class_directory(worker, class_name, SQLITE)

    assert tree(root / "v1" / "do") == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is damaged"),
        (b"{", "is damaged"),
        (b"\xff", "is damaged"),
        (b"[]", "is damaged (no JSON object)"),
        (b"{}", 'is damaged ("format" is None)'),
        (b'{"format": 0}', 'is damaged ("format" is 0)'),
        (b'{"format": 1}', 'is damaged ("unique_key" is None)'),
        (b'{"format": 1, "unique_key": "k", "storage": 1}', 'is damaged ("storage" is 1)'),
        (b'{"format": 2, "new": true}', "newer pydo (format 2, this one reads 1): upgrade"),
    ],
)
def test_a_record_that_cannot_be_read_is_refused_and_kept(
    state: StateDirectory, content: bytes, said: str
) -> None:
    made = state.class_directory("app", "Counter", SQLITE)
    (made.path / "namespace.json").write_bytes(content)

    with pytest.raises(StateError) as refused:
        state.class_directory("app", "Counter", SQLITE)
    # Its key is not known, so no other class can be sure to get a key of its own.
    with pytest.raises(StateError):
        state.class_directory("app", "Other", SQLITE)

    assert str(refused.value).startswith(str(made.path / "namespace.json"))
    assert said in str(refused.value)
    assert (made.path / "namespace.json").read_bytes() == content
    assert not (made.path.with_name("app-Other") / "namespace.json").exists()


def test_a_record_that_is_missing_beside_objects_is_refused(state: StateDirectory) -> None:
    made = state.class_directory("app", "Counter", SQLITE)
    made.object_directory(SOME_ID).mkdir()
    (made.path / "namespace.json").unlink()

    with pytest.raises(StateError, match=r"namespace\.json is missing though"):
        state.class_directory("app", "Counter", SQLITE)

    assert not (made.path / "namespace.json").exists()


def test_a_record_that_is_no_file_is_refused(state: StateDirectory, root: Path) -> None:
    (root / "v1" / "do" / "app-Counter" / "namespace.json").mkdir(parents=True)

    with pytest.raises(StateError, match=r"namespace\.json cannot be used"):
        state.class_directory("app", "Counter", SQLITE)


def test_a_class_directory_that_cannot_be_made_is_refused(
    state: StateDirectory, root: Path
) -> None:
    (root / "v1" / "do" / "app-Counter").touch()

    with pytest.raises(StateError, match="app-Counter cannot be used"):
        state.class_directory("app", "Counter", SQLITE)


def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").touch()

    with pytest.raises(StateError, match="make it a directory"):
        StateDirectory.open(tmp_path / "state")


@needs_permissions
def test_a_root_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)

    with pytest.raises(StateError, match="Permission denied"):
        StateDirectory.open(tmp_path / "state")


def test_the_projects_own_directory_is_kept_out_of_version_control(
    state: StateDirectory, tmp_path: Path
) -> None:
    assert state.root == tmp_path / ".pydo" / "state"
    assert (tmp_path / ".pydo" / ".gitignore").read_text() == "*\n"
    assert not (tmp_path / ".pydo" / "state" / ".gitignore").exists()


def test_a_directory_of_the_users_is_kept_out_of_version_control_if_pydo_made_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "theirs").mkdir()

    for name in ("theirs", "new", "deep/new", ".pydo"):
        StateDirectory.open(tmp_path / name).close()

    ignored = {path.parent.relative_to(tmp_path) for path in tmp_path.rglob(".gitignore")}
    assert ignored == {Path("new"), Path("deep/new"), Path(".pydo")}


def test_what_the_user_wrote_into_gitignore_stays(tmp_path: Path) -> None:
    (tmp_path / ".pydo").mkdir()
    (tmp_path / ".pydo" / ".gitignore").write_text("# mine\n")

    StateDirectory.open(tmp_path / ".pydo" / "state").close()

    assert (tmp_path / ".pydo" / ".gitignore").read_text() == "# mine\n"


def test_a_relative_root_stays_where_it_was_when_the_process_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with StateDirectory.open(Path("state")) as state:
        monkeypatch.chdir("/")

        found = state.class_directory("app", "Counter", SQLITE)

    assert found.path == tmp_path / "state" / "v1" / "do" / "app-Counter"


def test_a_second_open_is_refused_and_names_the_first(root: Path) -> None:
    with (
        StateDirectory.open(root, port=8787),
        pytest.raises(StateError) as refused,
    ):
        StateDirectory.open(root)

    assert str(refused.value) == (
        f"{root} is in use by pydo dev (pid {os.getpid()}, port 8787); "
        "stop that one, or choose another directory with --persist-to"
    )


def test_the_port_is_named_once_it_is_known(root: Path) -> None:
    with StateDirectory.open(root) as state:
        with pytest.raises(StateError, match=rf"\(pid {os.getpid()}\)"):
            StateDirectory.open(root)

        state.record_port(8788)

        with pytest.raises(StateError, match=rf"\(pid {os.getpid()}, port 8788\)"):
            StateDirectory.open(root)


def test_the_lock_says_since_when_it_is_held(root: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)

    with StateDirectory.open(root, port=1):
        owner = read_json(root / "v1" / "lock")

    assert owner == {"pid": os.getpid(), "port": 1, "started": owner["started"]}
    assert before <= datetime.fromisoformat(owner["started"]) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "by pydo dev;"),
        ('{"pi', "by pydo dev;"),
        ("[1]", "by pydo dev;"),
        ("{}", "by pydo dev;"),
        ('{"pid": 7, "port": null}01"}', r"by pydo dev \(pid 7\);"),
    ],
    ids=["not written yet", "partly written", "foreign", "empty", "shorter than the last"],
)
def test_a_lock_file_caught_while_it_is_written_is_read_as_far_as_it_goes(
    root: Path, content: str, said: str
) -> None:
    with StateDirectory.open(root):
        (root / "v1" / "lock").write_text(content)

        with pytest.raises(StateError, match=said):
            StateDirectory.open(root)


def test_a_closed_directory_can_be_opened_again(root: Path) -> None:
    state = StateDirectory.open(root)
    state.close()
    state.close()

    StateDirectory.open(root).close()


def test_a_killed_process_holds_the_directory_no_longer(root: Path) -> None:
    program = (
        "import sys, pathlib; from pydo.statedir import StateDirectory\n"
        "state = StateDirectory.open(pathlib.Path(sys.argv[1]), port=8787)\n"
        "state.class_directory('app', 'Counter', 'sqlite')\n"
        "print('ready', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(  # noqa: S603 - the program is the test's own
        [sys.executable, "-c", program, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        with pytest.raises(StateError, match=rf"\(pid {holder.pid}, port 8787\)"):
            StateDirectory.open(root)

        holder.kill()
        holder.wait()

    with StateDirectory.open(root) as state:
        assert state.class_directory("app", "Counter", SQLITE).unique_key == "app-Counter"


def test_objects_without_a_namespace_are_not_passed_over(tmp_path: Path) -> None:
    with StateDirectory.open(tmp_path) as state:
        place = state.class_directory("my-app", "Counter", SQLITE)
        place.object_directory("a" * 64).mkdir()
        (place.path / "namespace.json").unlink()

        with pytest.raises(StateError, match=r"namespace\.json is missing though"):
            list(state.class_directories())
