"""Problems are gathered, ordered and written in one form."""

from __future__ import annotations

from pathlib import Path

from pydo.config import Diagnostic, Diagnostics, Severity, SourceFile


def test_errors_and_warnings_are_told_apart() -> None:
    diagnostics = Diagnostics()
    assert not diagnostics.has_errors
    assert not diagnostics

    diagnostics.warn("odd")
    assert not diagnostics.has_errors
    diagnostics.error("wrong")

    assert diagnostics.has_errors
    assert [each.message for each in diagnostics] == ["odd", "wrong"]
    assert diagnostics.errors == (Diagnostic(Severity.ERROR, "wrong"),)
    assert diagnostics.warnings == (Diagnostic(Severity.WARNING, "odd"),)
    assert len(diagnostics) == 2


def test_a_problem_is_written_with_its_place_and_its_hint_below() -> None:
    file = SourceFile(Path("wrangler.toml"), "a\nbc = 1")
    diagnostics = Diagnostics()
    diagnostics.error("wrong", file.span(2, 2), "do this\n\n[that]")
    diagnostics.warn("odd", file.span(0))
    diagnostics.error("strange")

    assert str(diagnostics) == (
        "wrangler.toml:2:1: wrong\n"
        "    2 │ bc = 1\n"
        "      ╵ ^^\n"
        "  do this\n\n  [that]\n"
        "wrangler.toml:1:1: odd\n"
        "    1 │ a\n"
        "      ╵ ^\n"
        "strange"
    )
    assert [each.message for each in diagnostics.in_order()] == ["strange", "odd", "wrong"]
