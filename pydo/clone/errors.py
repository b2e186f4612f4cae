"""What goes wrong with a clone: a value that has none, and bytes that are none."""

from __future__ import annotations

from pydo.errors import PydoError


class CloneError(PydoError):
    """A value cannot be cloned; `value` is the very one, however deep it stood.

    The caller turns this into production's `DataCloneError`.
    """

    def __init__(self, value: object, message: str | None = None) -> None:
        super().__init__(message or f"a value of type {type(value).__name__} cannot be cloned")
        self.value = value


class CloneDecodeError(PydoError):
    """Bytes are damaged, or hold what no stored value can; `offset` is where reading stopped."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(f"damaged value at byte {offset}: {message}")
        self.offset = offset
