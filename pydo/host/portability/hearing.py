"""`Portability`: whoever is told of what would break, and which line of the user's did it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from types import FrameType

__all__ = ["Finding", "Portability", "stand", "standing"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that breaks on Cloudflare: which rule says so, where (`file:line`), and what."""

    rule: str
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class Portability:
    """Tells of each finding once, or refuses it.

    `owns` tells the project's files, data files as well as code.  `uploads` are the patterns of
    files that are deployed beside those that always are.
    """

    def __init__(
        self,
        owns: Callable[[str], bool],
        tell: Callable[[Finding], None],
        *,
        strict: bool = False,
        uploads: Collection[str] = (),
    ) -> None:
        self.owns = owns
        self.uploads = uploads
        self.is_strict = strict
        self.is_loading = False
        self._tell = tell
        self._told: set[tuple[str, str]] = set()

    def found(
        self,
        rule: str,
        text: str,
        error: BaseException,
        through: Collection[str] | None = None,
    ) -> None:
        """Tell of a finding, if it is code of the user's that runs; `error` is production's.

        With `through` only if none but these modules stand between that code and here.

        Raises:
            BaseException: `error`, with `--strict`.

        """
        place = self._place(through)
        if place is None:
            return
        if self.is_strict:
            error.add_note(f"pydo --strict: {text}")
            raise error
        self._tell_once(rule, place, text)

    def noted(self, rule: str, text: str) -> None:
        """Tell of what does not break yet, and is not refused."""
        place = self._place(None)
        if place is not None:
            self._tell_once(rule, place, text)

    def _tell_once(self, rule: str, place: str, text: str) -> None:
        if (rule, place) not in self._told:
            self._told.add((rule, place))
            self._tell(Finding(rule, place, text))

    def _place(self, through: Collection[str] | None) -> str | None:
        frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - the stack is what it is about
        while frame is not None:
            if self.owns(frame.f_code.co_filename):
                return f"{frame.f_code.co_filename}:{frame.f_lineno}"
            if through is not None and frame.f_globals.get("__name__") not in through:
                return None
            frame = frame.f_back
        return None


# What is watched (threads, `open`) is the whole process's, and so is who hears of it.
_standing: list[Portability] = []


def standing() -> Portability | None:
    """Give whoever hears of findings now."""
    return _standing[-1] if _standing else None


def stand(portability: Portability) -> Callable[[], None]:
    """Let `portability` hear from now on; gives what ends it."""
    _standing.append(portability)
    return lambda: _standing.remove(portability)
