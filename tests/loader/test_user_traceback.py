from __future__ import annotations

import json
import traceback
from typing import TYPE_CHECKING

import pytest

from pydo.errors import JsException
from pydo.host.js.url import URL
from pydo.loader import format_user_error, user_traceback

if TYPE_CHECKING:
    from .conftest import Project


def test_only_the_users_frames_stay(project: Project) -> None:
    entry = project.entry("import json\ndef run():\n    return json.loads('{')")
    with pytest.raises(ValueError, match="Expecting") as caught:
        entry.run()
    before = len(list(traceback.walk_tb(caught.value.__traceback__)))

    trimmed = user_traceback(caught.value, project.loader.owns)

    assert [line for _, line in traceback.walk_tb(trimmed)] == [3]
    assert len(list(traceback.walk_tb(caught.value.__traceback__))) == before
    lines = format_user_error(caught.value, project.loader.owns).splitlines()
    assert [line for line in lines if "^" not in line] == [
        "Traceback (most recent call last):",
        f'  File "{project.root / "entry.py"}", line 3, in run',
        "    return json.loads('{')",
        f"json.decoder.JSONDecodeError: {caught.value}",
    ]


def test_an_error_without_a_frame_of_the_user_shows_where_a_library_raised_it(
    project: Project,
) -> None:
    with pytest.raises(ValueError, match="Expecting") as caught:
        json.loads("{")

    assert user_traceback(caught.value, project.loader.owns) is None
    first, place, *_, last = format_user_error(caught.value, project.loader.owns).splitlines()
    assert first == "Traceback (most recent call last):"
    assert place.startswith(f'  File "{json.decoder.__file__}", line ')
    assert last == f"json.decoder.JSONDecodeError: {caught.value}"


def test_an_error_of_the_hosts_own_has_no_stack(project: Project) -> None:
    with pytest.raises(JsException) as caught:
        URL.new("")

    assert format_user_error(caught.value, project.loader.owns).count("\n") == 1


def test_causes_contexts_groups_and_notes_are_trimmed_alike(project: Project) -> None:
    failure = project.fail(
        """\
        import json
        def deep():
            json.loads("{")
        try:
            try:
                deep()
            except ValueError as error:
                error.add_note("a note")
                raise KeyError("cause") from error
        except KeyError:
            try:
                raise OSError("context")
            except OSError as inner:
                raise ExceptionGroup("several", [inner, TypeError("bare")])
        """
    )

    text = format_user_error(failure, project.loader.owns)

    assert "json/decoder.py" not in text
    assert "pydo" not in text.replace(str(project.root), "")
    assert "importlib" not in text
    for part in (
        "json.loads",
        "a note",
        "KeyError: 'cause'",
        "OSError: context",
        "direct cause",
        "During handling",
        "TypeError: bare",
        "ExceptionGroup: several (2 sub-exceptions)",
    ):
        assert part in text


def test_a_syntax_error_shows_file_line_and_caret(project: Project) -> None:
    helper = project.write("helper.py", "value = 1\nvalue = = 2\n")

    failure = project.fail("import helper")

    assert format_user_error(failure, project.loader.owns) == (
        "Traceback (most recent call last):\n"
        f'  File "{project.root / "entry.py"}", line 1, in <module>\n'
        "    import helper\n"
        f'  File "{helper}", line 2\n'
        "    value = = 2\n"
        "            ^\n"
        "SyntaxError: invalid syntax\n"
    )


def test_a_failed_import_shows_no_frame_of_the_import_system(project: Project) -> None:
    project.write("pkg/one.py", "import importlib\nimportlib.import_module('missing')")

    text = format_user_error(project.fail("from pkg import one"), project.loader.owns)

    assert text.count('  File "') == 2
    assert text.endswith("ModuleNotFoundError: No module named 'missing'\n")


def test_an_exception_that_is_its_own_context_ends(project: Project) -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__context__, second.__context__ = second, first

    assert "first" in format_user_error(first, project.loader.owns)
