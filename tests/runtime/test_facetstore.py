"""Where facets are stored, and the index of them in workerd's form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw
import pytest

from pydo.errors import JsException
from pydo.runtime.facetstore import DATABASE, FacetStore, index_of, read_index

if TYPE_CHECKING:
    from pathlib import Path

# Written by workerd 1.20260426: a facet "nd" of the object, and "n1" of that.
RECORDED = bytes.fromhex("57efb0c55bcecdc4 0000 0200 6e64 0100 0200 6e31")


def test_an_index_of_workerds_is_read_and_written() -> None:
    assert read_index(RECORDED) == [(0, "nd"), (1, "n1")]
    assert index_of([(0, "nd"), (1, "n1")]) == RECORDED


@pytest.mark.parametrize("cut", [1, 3, 5, 6])
def test_what_a_crash_has_left_unfinished_is_no_facet(cut: int) -> None:
    assert read_index(RECORDED[:-cut]) == [(0, "nd")]


@pytest.mark.parametrize("size", range(8))
def test_an_index_that_was_hardly_begun_is_begun_again(tmp_path: Path, size: int) -> None:
    (tmp_path / "facets").mkdir()
    index = tmp_path / "facets" / "index"
    index.write_bytes(RECORDED[:size])

    number = FacetStore(tmp_path).number(0, "nd")

    assert number == 1
    assert read_index(index.read_bytes()) == [(0, "nd")]


def test_a_new_facet_has_nothing_of_one_whose_entry_was_lost(tmp_path: Path) -> None:
    store = FacetStore(tmp_path)
    store.number(0, "alice")
    index = tmp_path / "facets" / "index"
    before_bob = index.read_bytes()
    folder = store.path(store.number(0, "bob"))
    folder.mkdir()
    (folder / DATABASE).write_bytes(b"bob's")
    index.write_bytes(before_bob)

    again = FacetStore(tmp_path)
    number = again.number(0, "carol")

    assert number == 2
    assert not again.path(number).exists()


def test_a_facet_keeps_its_number(tmp_path: Path) -> None:
    store = FacetStore(tmp_path)

    first, other, inner = store.number(0, "a"), store.number(0, "é"), store.number(1, "a")

    again = FacetStore(tmp_path)
    assert (first, other, inner) == (1, 2, 3)
    assert [again.number(0, "a"), again.number(0, "é"), again.find(1, "a")] == [1, 2, 3]
    assert again.find(2, "a") is None
    assert again.children(0) == [("a", 1), ("é", 2)]


def test_an_unfinished_entry_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "facets").mkdir()
    (tmp_path / "facets" / "index").write_bytes(RECORDED[:-1])

    number = FacetStore(tmp_path).number(1, "n1")

    assert number == 2
    assert (tmp_path / "facets" / "index").read_bytes() == RECORDED


def test_each_new_facet_is_appended(tmp_path: Path) -> None:
    store = FacetStore(tmp_path)
    index = tmp_path / "facets" / "index"
    store.number(0, "nd")
    with index.open("r+b") as file:  # what was there is not written again
        file.seek(8)
        file.write(b"\x07\0")

    store.number(1, "n1")

    assert index.read_bytes() == RECORDED[:8] + b"\x07\0" + RECORDED[10:]


def test_a_damaged_index_is_an_internal_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "facets").mkdir()
    (tmp_path / "facets" / "index").write_bytes(b"damaged")

    with pytest.raises(JsException, match="internal error") as caught:
        FacetStore(tmp_path).number(0, "a")

    assert str(tmp_path) in str(caught.value.__cause__)


def test_the_facets_of_a_facet_are_deleted_with_it(tmp_path: Path) -> None:
    store = FacetStore(tmp_path)
    for parent, name in [(0, "a"), (0, "b"), (1, "c"), (3, "d")]:
        folder = store.path(store.number(parent, name))
        folder.mkdir()
        (folder / "db.sqlite").touch()

    store.remove(1)

    assert sorted(each.name for each in store.directory.iterdir()) == ["2", "index"]


def test_a_copy_leaves_the_log_of_what_is_copied(tmp_path: Path) -> None:
    store = FacetStore(tmp_path)
    source = store.path(store.number(0, "a")) / DATABASE
    source.parent.mkdir(parents=True)
    written = apsw.Connection(str(source))
    written.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    written.execute("PRAGMA journal_mode=WAL; CREATE TABLE t (n)").fetchall()
    written.close()
    log = source.with_name(f"{DATABASE}-wal")
    before = log.read_bytes()

    store.copy(1, store.number(0, "b"))

    assert log.read_bytes() == before
    copied = apsw.Connection(str(store.path(2) / DATABASE))
    assert copied.execute("SELECT name FROM sqlite_master").fetchall() == [("t",)]
    copied.close()
