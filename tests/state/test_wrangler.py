"""To and from the form of wrangler's directory; the real wrangler has its own test beside this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import apsw
import pytest

from pydo.clone import PLAIN
from pydo.errors import StateError
from pydo.runtime.facetstore import FacetStore, index_of
from pydo.runtime.history.log import Retention
from pydo.runtime.ids import IdFactory
from pydo.runtime.metadata import ClassMetadata
from pydo.state import export_to, find_class, find_object, import_from, objects_of, read
from pydo.state.past import Past
from pydo.statedir import SQLITE

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Stored

AT_MS = 1_800_000_000_000
KV = "CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID"


def sqlite(_: str) -> str:
    return SQLITE


def of_wrangler(
    state: Path,
    name: str | None,
    value: object,
    *,
    alarm_ms: int | None = None,
    key: str = "my-app-Notes",
) -> str:
    """Write an object as workerd and miniflare do; its id."""
    ids = IdFactory(key)
    object_id = (ids.unique() if name is None else ids.from_name(name)).hex
    folder = state / "v3" / "do" / key
    folder.mkdir(parents=True, exist_ok=True)
    connection = apsw.Connection(str(folder / f"{object_id}.sqlite"))
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute(KV)
    connection.execute("INSERT INTO _cf_KV VALUES ('k', ?)", (PLAIN.encode(value),))
    if name is not None:
        connection.execute("CREATE TABLE __miniflare_do_name (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("INSERT INTO __miniflare_do_name VALUES (1, ?)", (name,))
    if alarm_ms is not None:
        connection.execute("CREATE TABLE _cf_METADATA (key INTEGER PRIMARY KEY, value BLOB)")
        connection.execute("INSERT INTO _cf_METADATA VALUES (1, ?)", (alarm_ms * 1_000_000,))
    connection.close()
    return object_id


def rows(file: Path, query: str) -> list[Any]:
    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READWRITE)
    found = connection.execute(query).fetchall()
    connection.close()
    return found


def alarms_of(stored: Stored) -> list[tuple[str, int]]:
    metadata = ClassMetadata(find_class(stored.state, "Notes").metadata_path)
    found = [(each.object_id, each.scheduled_ms) for each in metadata.alarms()]
    metadata.close()
    return found


def test_objects_are_taken_over_with_names_and_alarms(stored: Stored, tmp_path: Path) -> None:
    named = of_wrangler(tmp_path / "w", "a", {"x": [1]}, alarm_ms=AT_MS)
    nameless = of_wrangler(tmp_path / "w", None, 2)

    (carried,) = import_from(stored.state, tmp_path / "w", sqlite)

    assert (carried.class_name, carried.objects, carried.alarms) == ("Notes", 2, 1)
    assert not carried.was_renamed
    contents = read(find_object(stored.state, "Notes/a"))
    assert (contents.keys, contents.alarm_ms, contents.tables) == ({"k": {"x": [1]}}, AT_MS, ())
    assert {each.id for each in objects_of(find_class(stored.state, "Notes"))} == {named, nameless}
    assert alarms_of(stored) == [(named, AT_MS)]


@pytest.mark.parametrize("inner", ["", "v3", "v3/do"])
def test_the_directory_may_be_given_from_any_height(
    stored: Stored, tmp_path: Path, inner: str
) -> None:
    of_wrangler(tmp_path / "w", "a", 1)

    assert import_from(stored.state, tmp_path / "w" / inner, sqlite)[0].objects == 1


def test_objects_that_are_there_already_stay_unless_they_are_overwritten(
    stored: Stored, tmp_path: Path
) -> None:
    stored.write("a", {"k": "ours"}, alarm_ms=AT_MS)
    of_wrangler(tmp_path / "w", "a", "theirs")

    (first,) = import_from(stored.state, tmp_path / "w", sqlite)
    ours = read(find_object(stored.state, "Notes/a")).keys
    (second,) = import_from(stored.state, tmp_path / "w", sqlite, overwrites=True)

    assert (first.kept, first.objects, ours) == (1, 0, {"k": "ours"})
    assert (second.kept, second.objects) == (0, 1)
    contents = read(find_object(stored.state, "Notes/a"))
    assert (contents.keys, contents.alarm_ms) == ({"k": "theirs"}, None)
    assert alarms_of(stored) == []


def renamed(stored: Stored) -> None:
    """Let the class that was made as `Drafts` be called `Notes`."""
    stored.write("a", {"k": "ours"}, class_name="Drafts", alarm_ms=AT_MS)
    stored.write(None, {"k": "nameless"}, class_name="Drafts")
    folder = find_class(stored.state, "Drafts").path
    record = folder / "namespace.json"
    record.write_text(record.read_text().replace('"class": "Drafts"', '"class": "Notes"'))
    folder.rename(folder.with_name("my-app-Notes"))


def test_objects_of_a_renamed_class_are_taken_over_by_name(stored: Stored, tmp_path: Path) -> None:
    renamed(stored)
    of_wrangler(tmp_path / "w", "b", "theirs")
    of_wrangler(tmp_path / "w", None, "nameless")

    (carried,) = import_from(stored.state, tmp_path / "w", sqlite)

    assert (carried.objects, carried.nameless, carried.other_key) == (1, 1, "my-app-Notes")
    assert read(find_object(stored.state, "Notes/b")).keys == {"k": "theirs"}


def test_objects_are_written_as_wrangler_reads_them(stored: Stored, tmp_path: Path) -> None:
    named = stored.write("a", {"k": {"x": 1}}, "CREATE TABLE t AS SELECT 5 AS n", alarm_ms=AT_MS)
    nameless = stored.write(None, {"k": 2})

    (carried,) = export_to(stored.state, tmp_path / "w")

    assert (carried.objects, carried.alarms, carried.was_renamed) == (2, 1, False)
    folder = tmp_path / "w" / "v3" / "do" / "my-app-Notes"
    file = folder / f"{named}.sqlite"
    assert PLAIN.decode(rows(file, "SELECT value FROM _cf_KV")[0][0]) == {"x": 1}
    assert rows(file, "SELECT n FROM t") == [(5,)]
    assert rows(file, "SELECT * FROM __miniflare_do_name") == [(1, "a")]
    assert rows(file, "PRAGMA journal_mode") == [("wal",)]
    assert rows(folder / "metadata.sqlite", "SELECT * FROM _cf_ALARM") == [
        (named, AT_MS * 1_000_000)
    ]
    assert (folder / f"{nameless}.sqlite").exists()


def test_objects_of_a_renamed_class_are_written_by_name(stored: Stored, tmp_path: Path) -> None:
    renamed(stored)

    (carried,) = export_to(stored.state, tmp_path / "w")

    assert (carried.objects, carried.nameless, carried.other_key) == (1, 1, "my-app-Drafts")
    there = IdFactory("my-app-Notes").from_name("a").hex
    assert (tmp_path / "w" / "v3" / "do" / "my-app-Notes" / f"{there}.sqlite").exists()


def test_what_was_written_is_taken_over_again(stored: Stored, tmp_path: Path) -> None:
    stored.write("a", {"k": 1}, alarm_ms=AT_MS)
    export_to(stored.state, tmp_path / "w")

    first = import_from(stored.state, tmp_path / "w", sqlite, overwrites=True)
    again = export_to(stored.state, tmp_path / "w")
    over = export_to(stored.state, tmp_path / "w", overwrites=True)

    assert (first[0].objects, again[0].kept, over[0].objects) == (1, 1, 1)
    assert read(find_object(stored.state, "Notes/a")).keys == {"k": 1}


def test_facets_are_carried_with_their_object(stored: Stored, tmp_path: Path) -> None:
    object_id = of_wrangler(tmp_path / "w", "a", 1)
    folder = tmp_path / "w" / "v3" / "do" / "my-app-Notes"
    (folder / f"{object_id}.facets").write_bytes(index_of([(0, "left"), (1, "in it"), (0, "none")]))
    for number in (1, 2):
        facet = apsw.Connection(str(folder / f"{object_id}.{number}.sqlite"))
        facet.execute("CREATE TABLE t (n)")
        facet.execute("INSERT INTO t VALUES (?)", (number,))
        facet.close()

    there = import_from(stored.state, tmp_path / "w", sqlite)
    back = export_to(stored.state, tmp_path / "back")

    assert (there[0].facets, back[0].facets) == (2, 2)
    found = read(find_object(stored.state, "Notes/a")).facets
    assert list(found) == ["left"]
    assert found["left"].tables[0].rows == ((1,),)
    assert found["left"].facets["in it"].tables[0].rows == ((2,),)
    returned = tmp_path / "back" / "v3" / "do" / "my-app-Notes"
    index = f"{object_id}.facets"
    assert (returned / index).read_bytes() == (folder / index).read_bytes()
    assert (returned / f"{object_id}.2.sqlite").exists()


def test_facets_that_are_taken_over_again_replace_those_that_were_there(
    stored: Stored, tmp_path: Path
) -> None:
    object_id = of_wrangler(tmp_path / "w", "a", 1)
    store = FacetStore(stored.state.class_directory("my-app", "Notes", "sqlite").path / object_id)
    import_from(stored.state, tmp_path / "w", sqlite)
    store.number(0, "old")

    import_from(stored.state, tmp_path / "w", sqlite, overwrites=True)

    assert not store.directory.exists()


def test_an_object_that_only_facets_store_for_is_carried(stored: Stored, tmp_path: Path) -> None:
    owner = stored.state.class_directory("my-app", "Notes", "sqlite")
    store = FacetStore(owner.path / ("a" * 64))
    folder = store.path(store.number(0, "f"))
    folder.mkdir()
    apsw.Connection(str(folder / "db.sqlite")).execute("CREATE TABLE t (n)")

    carried = export_to(stored.state, tmp_path / "w")

    assert (carried[0].objects, carried[0].facets) == (1, 1)
    assert (tmp_path / "w" / "v3" / "do" / "my-app-Notes" / f"{'a' * 64}.sqlite").exists()


def test_what_holds_no_objects_is_refused(stored: Stored, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(StateError, match="holds no objects"):
        import_from(stored.state, tmp_path / "empty", sqlite)
    with pytest.raises(StateError, match="is not there"):
        import_from(stored.state, tmp_path / "nowhere", sqlite)


def test_a_damaged_object_of_wrangler_s_is_told_with_its_path(
    stored: Stored, tmp_path: Path
) -> None:
    object_id = of_wrangler(tmp_path / "w", "a", 1)
    file = tmp_path / "w" / "v3" / "do" / "my-app-Notes" / f"{object_id}.sqlite"
    file.write_bytes(b"no database" * 1000)

    (carried,) = import_from(stored.state, tmp_path / "w", sqlite)

    assert carried.damaged == [f"{file} cannot be carried over: file is not a database"]


def test_a_damaged_object_does_not_hold_up_the_others(stored: Stored, tmp_path: Path) -> None:
    for name in "abc":
        stored.write(name, {"k": 1})
    damaged = find_object(stored.state, "Notes/a").database
    damaged.write_bytes(b"no database" * 1000)
    damaged.with_name("db.sqlite-wal").unlink()
    index = find_object(stored.state, "Notes/b").directory / "facets" / "index"
    index.parent.mkdir()
    index.write_bytes(b"no index")

    (carried,) = export_to(stored.state, tmp_path / "w")

    assert carried.objects == 1
    assert [each.split(" cannot")[0] for each in carried.damaged] == [str(damaged), str(index)]


def with_facet(folder: Path, object_id: str, content: bytes) -> None:
    """Give an object of wrangler's a facet, whose database is this."""
    (folder / f"{object_id}.facets").write_bytes(index_of([(0, "f")]))
    (folder / f"{object_id}.1.sqlite").write_bytes(content)


def everything(folder: Path) -> dict[Path, bytes]:
    return {each: each.read_bytes() for each in folder.rglob("*") if each.is_file()}


@pytest.mark.parametrize("alarm_ms", [None, AT_MS + 1000])
def test_an_object_with_a_damaged_facet_replaces_nothing(
    stored: Stored, tmp_path: Path, alarm_ms: int | None
) -> None:
    object_id = stored.write("a", {"k": "ours"}, alarm_ms=AT_MS)
    directory = find_object(stored.state, "Notes/a").directory
    FacetStore(directory).number(0, "ours")
    of_wrangler(tmp_path / "w", "a", "theirs", alarm_ms=alarm_ms)
    folder = tmp_path / "w" / "v3" / "do" / "my-app-Notes"
    with_facet(folder, object_id, b"no database" * 1000)

    for _ in range(2):
        (carried,) = import_from(stored.state, tmp_path / "w", sqlite, overwrites=True)

        assert (carried.objects, carried.alarms, carried.facets) == (0, 0, 0)
        assert carried.damaged == [
            f"{folder}/{object_id}.1.sqlite cannot be carried over: file is not a database"
        ]
    assert read(find_object(stored.state, "Notes/a")).keys == {"k": "ours"}
    assert FacetStore(directory).find(0, "ours") == 1
    assert not list(directory.glob(".*"))
    assert alarms_of(stored) == [(object_id, AT_MS)]


def test_an_object_with_a_damaged_facet_is_no_object_afterwards(
    stored: Stored, tmp_path: Path
) -> None:
    object_id = of_wrangler(tmp_path / "w", "a", "theirs")
    with_facet(tmp_path / "w" / "v3" / "do" / "my-app-Notes", object_id, b"no database" * 1000)

    for _ in range(2):
        (carried,) = import_from(stored.state, tmp_path / "w", sqlite)

        assert (carried.objects, carried.kept, len(carried.damaged)) == (0, 0, 1)
    assert objects_of(find_class(stored.state, "Notes")) == []


def test_what_cannot_be_replaced_keeps_its_alarm(stored: Stored, tmp_path: Path) -> None:
    object_id = stored.write("a", {"k": "ours"}, alarm_ms=AT_MS)
    history = find_object(stored.state, "Notes/a").directory / "db.history"
    history.touch()  # where a folder belongs
    of_wrangler(tmp_path / "w", "a", "theirs")

    (carried,) = import_from(stored.state, tmp_path / "w", sqlite, overwrites=True)

    assert (carried.objects, len(carried.damaged)) == (0, 1)
    assert read(find_object(stored.state, "Notes/a")).keys == {"k": "ours"}
    assert alarms_of(stored) == [(object_id, AT_MS)]


def test_what_cannot_be_put_in_its_place_leaves_the_facets_that_are_there(
    stored: Stored, tmp_path: Path
) -> None:
    object_id = stored.write("a", {"k": "ours"})
    place = find_object(stored.state, "Notes/a")
    FacetStore(place.directory).number(0, "ours")
    place.database.unlink()
    place.database.mkdir()  # a file belongs there
    of_wrangler(tmp_path / "w", "a", "theirs")
    with_facet(tmp_path / "w" / "v3" / "do" / "my-app-Notes", object_id, b"")

    (carried,) = import_from(
        stored.state, tmp_path / "w", sqlite, overwrites=True, has_history=False
    )

    assert (carried.objects, len(carried.damaged)) == (0, 1)
    assert FacetStore(place.directory).find(0, "ours") == 1


@pytest.mark.parametrize("has_history", [True, False])
def test_a_damaged_object_is_replaced_by_one_that_is_not(
    stored: Stored, tmp_path: Path, caplog: pytest.LogCaptureFixture, *, has_history: bool
) -> None:
    stored.write("a", {"k": "ours"}, alarm_ms=AT_MS)
    damaged = find_object(stored.state, "Notes/a").database
    damaged.write_bytes(b"no database" * 1000)
    damaged.with_name("db.sqlite-wal").unlink()
    of_wrangler(tmp_path / "w", "a", "theirs")

    (carried,) = import_from(
        stored.state, tmp_path / "w", sqlite, overwrites=True, has_history=has_history
    )

    assert (carried.objects, carried.damaged) == (1, [])
    assert read(find_object(stored.state, "Notes/a")).keys == {"k": "theirs"}
    assert alarms_of(stored) == []
    assert caplog.messages == []


def test_a_damaged_object_with_a_history_is_replaced_and_followed(
    stored: Stored, tmp_path: Path
) -> None:
    of_wrangler(tmp_path / "w", "a", 1)
    import_from(stored.state, tmp_path / "w", sqlite)
    damaged = find_object(stored.state, "Notes/a").database
    damaged.write_bytes(b"no database" * 1000)
    of_wrangler(tmp_path / "other", "a", 2)

    (carried,) = import_from(stored.state, tmp_path / "other", sqlite, overwrites=True)

    assert (carried.objects, carried.damaged) == (1, [])
    past = Past(find_object(stored.state, "Notes/a"), Retention(1 << 62, 1 << 62), None)
    states = [past.content_at(each.bookmark) for each in past.commits()]
    assert [PLAIN.decode(each.keys["k"]) for each in states] == [1, 2]


def test_an_object_that_cannot_be_written_out_leaves_what_is_there(
    stored: Stored, tmp_path: Path
) -> None:
    object_id = stored.write("a", {"k": 1}, alarm_ms=AT_MS)
    export_to(stored.state, tmp_path / "w")
    folder = tmp_path / "w" / "v3" / "do" / "my-app-Notes"
    before = everything(folder)
    store = FacetStore(find_object(stored.state, "Notes/a").directory)
    facet = store.path(store.number(0, "f"))
    facet.mkdir()
    (facet / "db.sqlite").write_bytes(b"no database" * 1000)
    database = apsw.Connection(str(find_object(stored.state, "Notes/a").database))
    database.execute("DELETE FROM _cf_METADATA")
    database.close()

    (carried,) = export_to(stored.state, tmp_path / "w", overwrites=True)

    assert (carried.objects, carried.alarms, len(carried.damaged)) == (0, 0, 1)
    assert before.items() <= everything(folder).items()
    assert rows(folder / "metadata.sqlite", "SELECT * FROM _cf_ALARM") == [
        (object_id, AT_MS * 1_000_000)
    ]


def test_what_is_in_the_way_is_named(stored: Stored, tmp_path: Path) -> None:
    object_id = stored.write("a", {"k": 1})
    in_the_way = tmp_path / "w" / "v3" / "do" / "my-app-Notes" / f"{object_id}.1.sqlite"
    in_the_way.mkdir(parents=True)

    (carried,) = export_to(stored.state, tmp_path / "w")

    assert carried.objects == 0
    assert [each.split(" cannot")[0] for each in carried.damaged] == [str(in_the_way)]


def test_what_is_taken_over_has_a_history_if_one_is_kept(stored: Stored, tmp_path: Path) -> None:
    of_wrangler(tmp_path / "w", "a", 1)

    def history() -> Path:
        return find_object(stored.state, "Notes/a").directory / "db.history"

    import_from(stored.state, tmp_path / "w", sqlite, has_history=False)
    assert not history().exists()
    import_from(stored.state, tmp_path / "w", sqlite, overwrites=True)
    assert history().exists()


def test_an_object_without_a_file_is_left_out(stored: Stored, tmp_path: Path) -> None:
    stored.write("a", {"k": 1})
    find_object(stored.state, "Notes/a").database.unlink()

    assert export_to(stored.state, tmp_path / "w")[0].objects == 0


def test_what_an_interrupted_copy_has_left_is_replaced(stored: Stored, tmp_path: Path) -> None:
    object_id = stored.write("a", {"k": 1})
    folder = tmp_path / "w" / "v3" / "do" / "my-app-Notes"
    folder.mkdir(parents=True)
    (folder / f".{object_id}.sqlite.new").write_bytes(b"half")

    assert export_to(stored.state, tmp_path / "w")[0].objects == 1
    assert not list(folder.glob(".*"))
