"""A whole file: what becomes of good values, and what is said of bad ones."""

from __future__ import annotations

from datetime import date
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from pydo.config import Config, DevOptions, Overrides, Severity, load
from pydo.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_complete_file_becomes_a_config(project: Path, config: Callable[..., Config]) -> None:
    loaded = config('[vars]\nGREETING = "hi"\n[dev]\nip = "0.0.0.0"\nport = 9000\n')

    assert loaded == Config(
        path=project / "wrangler.toml",
        root=project,
        name="app",
        main=project / "src" / "entry.py",
        compatibility_date="2026-09-01",
        compatibility_flags=("python_workers",),
        vars={"GREETING": "hi"},
        durable_objects=(),
        migrations=(),
        dev=DevOptions("0.0.0.0", 9000),  # noqa: S104 - a value under test, nothing listens
    )


def test_what_the_file_leaves_out_has_wranglers_defaults(
    project: Path, problems_of_all: Callable[..., str]
) -> None:
    text = 'main = "src/entry.py"\ncompatibility_flags = ["python_workers"]\n'

    said = problems_of_all(text)
    loaded, _ = load(project / "wrangler.toml", today=date(2026, 11, 23))

    assert (loaded.name, loaded.dev) == ("worker", DevOptions("localhost", None))
    assert loaded.compatibility_date == "2026-11-23"
    assert said == dedent("""\
        wrangler.toml:1: No compatibility_date was specified. Using today's date: 2026-11-23.
          Add one to your configuration: compatibility_date = "2026-11-23"
        """)


def test_the_command_line_goes_before_the_file(config: Callable[..., Config]) -> None:
    loaded = config(
        '[vars]\nA = "file"\nB = { c = [1, true] }\n[dev]\nip = "::1"\nport = 9000\n',
        Overrides(
            name="other",
            compatibility_date="2025-01-02",
            vars={"A": "line", "C": "new"},
            ip="127.0.0.1",
            port=0,
        ),
    )

    assert loaded.name == "other"
    assert loaded.compatibility_date == "2025-01-02"
    assert dict(loaded.vars) == {"A": "line", "B": {"c": [1, True]}, "C": "new"}
    assert loaded.dev == DevOptions("127.0.0.1", 0)


def test_rules_say_what_else_is_uploaded(
    config: Callable[..., Config], problems: Callable[..., str]
) -> None:
    text = """
        rules = [{ type = "Data", globs = ["**/*.json", "data/*.css"] }, { type = "Text" }, 7]
    """

    assert config(text).uploads == ("**/*.json", "data/*.css")
    assert 'Expected "rules" to be of type array but got' in problems("rules = 7")


def test_line_ends_of_windows_and_a_byte_order_mark_are_taken(project: Path) -> None:
    path = project / "wrangler.toml"
    path.write_bytes(
        b'\xef\xbb\xbfmain = "src/entry.py"\r\ncompatibility_date = "2026-09-01"\r\n'
        b'compatibility_flags = ["python_workers"]\r\nfoo = 1\r\n'
    )

    _, diagnostics = load(path)

    (warning,) = diagnostics
    assert warning.severity is Severity.WARNING
    assert warning.span is not None
    assert (warning.span.line, warning.span.column) == (4, 1)


def test_the_real_date_judges_where_none_is_given(project: Path) -> None:
    path = project / "wrangler.toml"
    path.write_text('compatibility_date = "9999-12-31"\n')

    with pytest.raises(ConfigError, match='Compatibility date "9999-12-31" is in the future'):
        load(path)


def test_a_file_that_cannot_be_read_is_named(project: Path) -> None:
    with pytest.raises(ConfigError) as missing:
        load(project / "nope.toml")
    with pytest.raises(ConfigError) as directory:
        load(project / "src")
    (project / "wrangler.toml").write_bytes(b'main = "a"\nname = "\xff"\n')
    with pytest.raises(ConfigError) as binary:
        load(project / "wrangler.toml")

    assert str(missing.value) == (
        "Could not read nope.toml: No such file or directory\n  `--config PATH` names another file"
    )
    assert str(directory.value).startswith("Could not read src: Is a directory\n")
    assert str(binary.value) == (
        "wrangler.toml:2:9: The byte 0xff is not UTF-8.\n"
        '    2 │ name = "\ufffd"\n'
        "      ╵         ^\n"
        "  save the file as UTF-8"
    )


def test_every_problem_is_told_at_once_in_the_order_of_the_file(
    problems_of_all: Callable[..., str],
) -> None:
    assert problems_of_all("""\
        name = "My Worker!"
        main = "nope.py"
        compatibility_date = "01/01/2026"
        compatibility_flags = "python_workers"
        vars = 3
        durable_object = 1
        dev = []
        migrations = {}
        durable_objects = []
        env = "prod"
        """) == dedent("""\
        wrangler.toml:1: Expected "name" to be of type string, alphanumeric and lowercase with \
dashes only but got "My Worker!".
          for example "my-worker"
        wrangler.toml:2: The entry-point file at "nope.py" was not found.
          create it, or correct "main"; it is looked for beside the configuration file
        wrangler.toml:3: "compatibility_date" field should be a valid ISO-8601 date (YYYY-MM-DD), \
but got "01/01/2026".
          for example "2026-11-23"
        wrangler.toml:4: Expected "compatibility_flags" to be of type string array but got \
"python_workers".
        wrangler.toml:5: The field "vars" should be an object but got 3.
        wrangler.toml:6: Unexpected fields found in top-level field: "durable_object"
          did you mean "durable_objects"?
        wrangler.toml:7: The field "dev" should be an object but got [].
        wrangler.toml:8: The optional "migrations" field should be an array, but got {}
          each migration begins with a line [[migrations]]
        wrangler.toml:9: The field "durable_objects" should be an object but got [].
        wrangler.toml:10: The field "env" should be an object but got "prod".
        """)


def test_a_file_without_anything_says_what_to_add(problems_of_all: Callable[..., str]) -> None:
    assert problems_of_all("") == dedent("""\
        wrangler.toml:1: Missing entry-point to Worker script or to assets directory
          add main = "src/entry.py", the module of the Worker
        wrangler.toml:1: No compatibility_date was specified. Using today's date: 2026-11-23.
          Add one to your configuration: compatibility_date = "2026-11-23"
        wrangler.toml:1: The `python_workers` compatibility flag is required to use Python.
          add compatibility_flags = ["python_workers"]
        """)


def test_keys_that_a_table_swallowed_are_told_as_such(
    problems_of_all: Callable[..., str],
) -> None:
    assert problems_of_all("""\
        name = "app"
        [vars]
        A = "x"
        main = "src/entry.py"
        [[migrations]]
        tag = "v1"
        compatibility_date = "2026-09-01"
        compatibility_flags = ["python_workers"]
        """) == dedent("""\
        wrangler.toml:4: Missing entry-point to Worker script or to assets directory
          "main" belongs at the top level, but in TOML every key after the header
          [vars] on line 2 is part of that table: move it above line 2
        wrangler.toml:7: Unexpected fields found in migrations[0] field: \
"compatibility_date","compatibility_flags"
          "compatibility_date" and "compatibility_flags" belong at the top level, but in TOML \
every key after the header
          [[migrations]] on line 5 is part of that table: move them above line 5
        wrangler.toml:7: No compatibility_date was specified. Using today's date: 2026-11-23.
          "compatibility_date" belongs at the top level, but in TOML every key after the header
          [[migrations]] on line 5 is part of that table: move it above line 5
        wrangler.toml:8: The `python_workers` compatibility flag is required to use Python.
          "compatibility_flags" belongs at the top level, but in TOML every key after the header
          [[migrations]] on line 5 is part of that table: move it above line 5
        """)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "main = 3",
            'wrangler.toml:1: Expected "main" to be of type string but got 3.\n',
        ),
        (
            'main = "src/index.js"',
            (
                "wrangler.toml:1: Main module needs to end with a .py file extension "
                'but got "src/index.js".\n'
                "  pydo runs Python Workers; name the module that holds yours\n"
            ),
        ),
        (
            'main = "src.py"',
            (
                'wrangler.toml:1: The entry-point file at "src.py" was not found.\n'
                '  create it, or correct "main"; it is looked for beside the configuration file\n'
            ),
        ),
    ],
)
def test_main_must_name_a_python_file(
    project: Path, problems_of_all: Callable[..., str], line: str, said: str
) -> None:
    (project / "src.py").mkdir()
    rest = 'compatibility_flags = ["python_workers"]\ncompatibility_date = "2026-09-01"\n'

    assert problems_of_all(f"{line}\n{rest}") == said


@pytest.mark.parametrize("name", ["", "My-worker", "-a", "a.b", "a/b", "ä", "a b", "a\n"])
def test_a_bad_worker_name_is_refused(problems_of_all: Callable[..., str], name: str) -> None:
    rest = (
        'main = "src/entry.py"\ncompatibility_flags = ["python_workers"]\n'
        'compatibility_date = "2026-09-01"\n'
    )
    spelled = name.replace("\n", "\\n")

    said = problems_of_all(f'name = "{spelled}"\n{rest}')

    assert said.startswith(
        'wrangler.toml:1: Expected "name" to be of type string, alphanumeric and lowercase with '
        f'dashes only but got "{spelled}".\n  for example "'
    )


def test_a_bad_name_of_the_command_line_is_refused(problems: Callable[..., str]) -> None:
    assert problems("", Overrides(name="../x")) == (
        'Expected "--name" to be of type string, alphanumeric and lowercase with dashes only but '
        'got "../x".\n  for example "x"\n'
    )
    assert problems("", Overrides(name="!")).endswith('for example "my-worker"\n')


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            "2026-09-01",
            (
                'Expected "compatibility_date" to be of type string but got 2026-09-01.\n'
                "  put the date between quotes\n"
            ),
        ),
        (
            '"2026-11-24"',
            (
                'Compatibility date "2026-11-24" is in the future and unsupported\n'
                "  the latest one is today's: 2026-11-23\n"
            ),
        ),
        *(
            (
                f'"{text}"',
                (
                    '"compatibility_date" field should be a valid ISO-8601 date (YYYY-MM-DD), '
                    f'but got "{text}".\n  for example "2026-11-23"\n'
                ),
            )
            for text in ("", "20260901", "2026-W36-2", "2026-02-30", "2026-9-1", "2026-09-01T00")
        ),
        ('"2026-11-23"', ""),
    ],
)
def test_a_compatibility_date_is_a_date_up_to_today(
    problems_of_all: Callable[..., str], value: str, said: str
) -> None:
    rest = 'main = "src/entry.py"\ncompatibility_flags = ["python_workers"]\n'

    found = problems_of_all(f"compatibility_date = {value}\n{rest}")

    assert found == (said and f"wrangler.toml:1: {said}")


def test_a_compatibility_date_of_the_command_line_is_judged_too(
    problems: Callable[..., str],
) -> None:
    assert problems("", Overrides(compatibility_date="today")) == (
        '"--compatibility-date" field should be a valid ISO-8601 date (YYYY-MM-DD), '
        'but got "today".\n  for example "2026-11-23"\n'
    )
    assert problems("", Overrides(compatibility_date="2030-01-01")) == (
        'Compatibility date "2030-01-01" is in the future and unsupported\n'
        "  the latest one is today's: 2026-11-23\n"
    )


def test_a_worker_without_the_python_flag_is_refused(problems_of_all: Callable[..., str]) -> None:
    assert problems_of_all("""\
        main = "src/entry.py"
        compatibility_date = "2026-09-01"
        compatibility_flags = ["nodejs_compat", "python_workers_20250116"]
        """) == dedent("""\
        wrangler.toml:3: The `python_workers` compatibility flag is required to use Python.
          make it compatibility_flags = ["nodejs_compat", "python_workers_20250116", \
"python_workers"]
        """)


def test_bad_values_of_dev_are_told_each(problems: Callable[..., str]) -> None:
    assert problems("""\
        [dev]
        ip = 3
        port = "abc"
        local_protocol = "ftp"
        upstream_protocol = ["http"]
        prot = 1
        name = "x"
        """) == dedent("""\
        wrangler.toml:6: Expected "dev.ip" to be of type string but got 3.
        wrangler.toml:7: Expected "dev.port" to be of type number but got "abc".
        wrangler.toml:8: Expected "dev.local_protocol" field to be one of ["http","https"] but got \
"ftp".
        wrangler.toml:9: Expected "dev.upstream_protocol" field to be one of ["http","https"] but \
got ["http"].
        wrangler.toml:10: Unexpected fields found in dev field: "prot"
          did you mean "port"?
        wrangler.toml:11: Unexpected fields found in dev field: "name"
          "name" belongs at the top level, but in TOML every key after the header
          [dev] on line 5 is part of that table: move it above line 5
        """)


@pytest.mark.parametrize(("value", "got"), [("true", "true"), ("8787.0", "8787.0")])
def test_a_port_is_a_whole_number(problems: Callable[..., str], value: str, got: str) -> None:
    assert problems(f"dev.port = {value}") == (
        f'wrangler.toml:5: Expected "dev.port" to be of type number but got {got}.\n'
    )


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_is_one_that_exists(problems: Callable[..., str], port: int) -> None:
    rest = f"to be a port from 0 to 65535 but got {port}.\n  0 takes any free port\n"

    assert problems(f"dev.port = {port}") == f'wrangler.toml:5: Expected "dev.port" {rest}'
    assert problems("", Overrides(port=port)) == f'Expected "--port" {rest}'


def test_what_dev_does_not_do_is_said(problems: Callable[..., str]) -> None:
    assert problems("""\
        [dev]
        inspector_port = 9229
        local_protocol = "https"
        upstream_protocol = "https"
        host = "example.com"
        """) == dedent("""\
        wrangler.toml:7: "dev.local_protocol" is not simulated by pydo
          it listens to http only
        wrangler.toml:9: "dev.host" is not simulated by pydo
          request.url keeps the host that was asked for
        """)


def test_vars_are_strings_or_json(problems: Callable[..., str]) -> None:
    assert problems("""\
        [vars]
        TEXT = "x"
        JSON = { a = [1, 2.5, true, { b = "c" }] }
        DAY = 2026-09-01
        NAN = { deep = [1, nan] }
        BIG = 9007199254740992
        """) == dedent("""\
        wrangler.toml:8: The field "vars.DAY" is a TOML date, which is not supported.
          use a string instead: DAY = "2026-09-01"
        wrangler.toml:9: "vars.NAN.deep[1]" is nan, which JSON does not have; the Worker gets null
          put it between quotes
        wrangler.toml:10: "vars.BIG" is 9007199254740992, more than a number in JavaScript can \
hold exactly
          put it between quotes
        """)


def test_what_the_worker_gets_is_as_was_said(config: Callable[..., Config]) -> None:
    loaded = config("""\
        [vars]
        JSON = { a = [1, 2.5, 3.0, true, { b = "c" }] }
        DATES = [2026-09-01, 07:32:00]
        NAN = { deep = [1, nan] }
        BIG = -9007199254740991
        """)

    assert dict(loaded.vars) == {
        "JSON": {"a": [1, 2.5, 3, True, {"b": "c"}]},
        "DATES": ["2026-09-01", "07:32:00"],
        "NAN": {"deep": [1, None]},
        "BIG": -9007199254740991,
    }


def test_unknown_keys_are_warnings_with_a_guess(problems: Callable[..., str]) -> None:
    assert problems("""\
        foo = 1
        compatability_flags = []
        workers_dev = true
        "a b" = 1
        [observability]
        enabled = true
        """) == dedent("""\
        wrangler.toml:5: Unexpected fields found in top-level field: "foo"
          remove it, or correct its name
        wrangler.toml:6: Unexpected fields found in top-level field: "compatability_flags"
          did you mean "compatibility_flags"?
        wrangler.toml:8: Unexpected fields found in top-level field: "a b"
          remove it, or correct its name
        """)


def test_what_pydo_does_not_simulate_is_said_once_a_key(problems: Callable[..., str]) -> None:
    assert problems("""\
        r2_buckets = []
        [[workflows]]
        binding = "A"
        [[workflows]]
        binding = "B"
        [ai]
        binding = "AI"
        [build]
        command = "make"
        """) == dedent("""\
        wrangler.toml:6: "workflows" is not simulated by pydo
          what uses its Workflow bindings in env fails with an error
        wrangler.toml:10: "ai" is not simulated by pydo
          what uses its AI bindings in env fails with an error
        wrangler.toml:12: "build" is not simulated by pydo
          it has no effect here
        """)


def test_a_long_value_is_cut_where_it_is_shown(problems: Callable[..., str]) -> None:
    said = problems(f'vars = "{"x" * 200}"')

    assert said == (
        f'wrangler.toml:5: The field "vars" should be an object but got "{"x" * 99}….\n'
    )
