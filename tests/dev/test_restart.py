from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.dev.restart import lasting_package, syntax_error

if TYPE_CHECKING:
    from pathlib import Path


def test_django_takes_a_new_process() -> None:
    assert lasting_package({"flask", "django", "django.apps"}) == "Django"
    assert lasting_package({"flask", "fastapi", "django_cf_like"}) is None


def test_a_file_that_is_no_python_is_found_before(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text("x = 1\n")
    (tmp_path / "bad.py").write_text("x = [\n")
    (tmp_path / "page.html").write_text("<x = [")
    files = [tmp_path / name for name in ("good.py", "page.html", "gone.py")]

    assert syntax_error(files) is None
    error = syntax_error([*files, tmp_path / "bad.py"])
    assert error is not None
    assert error.filename == str(tmp_path / "bad.py")
