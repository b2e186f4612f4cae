"""A project on disk with objects in its state, and the command line on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from pydo.cli import cli
from pydo.clone import PLAIN
from pydo.config import load
from pydo.migrate import Migrator
from pydo.runtime.database import Database, OpenDatabases
from pydo.runtime.ids import IdFactory
from pydo.runtime.kv import KeyValueTable
from pydo.runtime.metadata import ClassMetadata
from pydo.state import find_object, objects_of, read
from pydo.statedir import StateDirectory

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """
name = "app"
main = "entry.py"
compatibility_date = "2026-01-01"
compatibility_flags = ["python_workers"]
"""


class Project:
    """A folder with a wrangler.toml; classes are bound and exported as `classes` says."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state_root = root / ".pydo" / "state"

    def write(self, *migrations: str, classes: str = "", worker: str = "app") -> None:
        """Write the configuration, and a module with the classes of the names given."""
        names = classes.split()
        bindings = "".join(
            f'[[durable_objects.bindings]]\nname = "{each.upper()}"\nclass_name = "{each}"\n'
            for each in names
        )
        text = "".join(
            f'[[migrations]]\ntag = "v{number}"\n{each}\n'
            for number, each in enumerate(migrations, 1)
        )
        head = HEAD.replace('"app"', f'"{worker}"')
        (self.root / "wrangler.toml").write_text(head + bindings + text)
        (self.root / "entry.py").write_text(
            "".join(f"class {each}: ...\n" for each in names) + "class Default: ...\n"
        )

    def exports(self, *entries: str, classes: str = "", worker: str = "app") -> None:
        """Write a configuration with an `exports` map, and a module with the classes."""
        self.write(classes=classes, worker=worker)
        path = self.root / "wrangler.toml"
        path.write_text(path.read_text() + "[exports]\n" + "".join(f"{e}\n" for e in entries))

    def store(
        self,
        class_name: str,
        name: str,
        value: object,
        *,
        worker: str = "app",
        kind: str = "sqlite",
    ) -> str:
        """Let an object keep a value; its id."""
        with StateDirectory.open(self.state_root) as state:
            owner = state.class_directory(worker, class_name, kind)
            object_id = IdFactory(owner.unique_key).from_name(name)
            metadata = ClassMetadata(owner.metadata_path)
            database = Database(
                owner.object_directory(object_id.hex),
                OpenDatabases(8),
                lambda: metadata.record(object_id.hex, name),
            )
            KeyValueTable(database).put_many([("value", PLAIN.encode(value))])
            database.end_turn()
            database.commit()
            database.close()
            metadata.close()
            return object_id.hex

    def stored(self, named: str) -> tuple[str, object]:
        """Give the id and the value of an object, named as `CLASS/NAME`."""
        with StateDirectory.open(self.state_root) as state:
            place = find_object(state, named)
            return place.id, read(place, None).keys["value"]

    def everything(self) -> dict[str, dict[str | None, object]]:
        """Give what every class stores, by the label of its directory."""
        with StateDirectory.open(self.state_root) as state:
            Migrator(state)
            return {
                each.label: {
                    place.name: read(place, None).keys["value"] for place in objects_of(each)
                }
                for each in state.class_directories()
            }

    def apply(self, from_state: Path | None = None) -> None:
        """Apply all that is pending, in this process, without a question."""
        config, _ = load(self.root / "wrangler.toml")
        other = from_state if from_state is not None and from_state.exists() else None
        with StateDirectory.open(self.state_root) as state:
            migrator = Migrator(state, other)
            migrator.apply(migrator.plan(config))

    def run(self, *arguments: str, stdin: str | None = None) -> Result:
        """Run `pydo migrate`."""
        return CliRunner(env={"NO_COLOR": "1", "CLOUDFLARE_ENV": None}).invoke(
            cli, ["migrate", *arguments, "--cwd", str(self.root)], prog_name="pydo", input=stdin
        )

    def json(self, *arguments: str) -> Any:
        """Run `pydo migrate` and read its JSON."""
        return json.loads(self.run(*arguments, "--json").stdout)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
