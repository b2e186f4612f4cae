"""Sites over a folder of a test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from pydo.bindings.assets.asking import Answer, Asking
from pydo.bindings.assets.site import Site
from pydo.config import Assets

if TYPE_CHECKING:
    from pathlib import Path


class Ask(Protocol):
    """Asks a site for a path, as a client would."""

    def __call__(self, path: str, method: str = "GET", **headers: str) -> Answer | None: ...


@pytest.fixture
def public(tmp_path: Path) -> Path:
    folder = tmp_path / "public"
    folder.mkdir()
    (folder / "index.html").write_text("home")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def site(public: Path, warnings: list[str]) -> Site:
    return Site(Assets(public), has_worker=True, keeps_not_found=True, warn=warnings.append)


@pytest.fixture
def ask(site: Site) -> Ask:
    def ask(path: str, method: str = "GET", **headers: str) -> Any:
        return site.route(Asking(method, f"http://localhost:8787{path}", headers))

    return ask
