"""What stands before the Worker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp.test_utils import make_mocked_request

from pydo.bindings.assets.site import Site
from pydo.config import Assets
from pydo.serve.front import Front

if TYPE_CHECKING:
    from pydo.bindings.assets.asking import Answer, Asking


class Fleeting(Site):
    """A site whose files are gone as soon as they are found."""

    def route(self, asking: Asking) -> Answer | None:
        answer = super().route(asking)
        if answer is not None and answer.asset is not None:
            Path(answer.asset.path).unlink()
        return answer


def test_a_file_that_cannot_be_read_fails_its_request_alone(tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text("page")
    errors: list[BaseException] = []
    front = Front(errors.append)
    front.site = Fleeting(Assets(tmp_path), has_worker=True, keeps_not_found=True, warn=print)

    answer = front.asset(make_mocked_request("GET", "/page.txt"), "http://localhost/page.txt")

    assert answer is not None
    assert answer.status == 500
    assert [type(each) for each in errors] == [FileNotFoundError]
