"""Codec: values to bytes and back, by a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.clone.decode import read
from pydo.clone.encode import Writers, write

if TYPE_CHECKING:
    from pydo.clone.model import Model


class Codec:
    """Encodes and decodes values as workerd stores them.

    It remembers the types and the member names that it has met: one codec for each Worker, so
    that the classes of a Worker's code do not outlive it.

    `enhanced_errors` is the compatibility flag `enhanced_error_serialization`: errors keep any
    name and all their members, but in a form that workerd before 2026 cannot read.  Both forms
    are decoded.
    """

    def __init__(self, model: Model, *, enhanced_errors: bool = True) -> None:
        self._model = model
        self._writers = Writers(model, enhanced_errors=enhanced_errors)

    def encode(self, value: object) -> bytes:
        """Return the clone of a value as bytes, header included.

        Raises:
            CloneError: The value, or one inside it, is of no kind that the model knows, or they
                stand in one another more than 3000 deep.

        """
        return write(self._writers, value)

    def decode(self, data: bytes) -> object:
        """Return a fresh value from its bytes.  What follows the value is ignored, as V8 does.

        Raises:
            CloneDecodeError: The bytes are damaged, or of a version before 13 or after 15.

        """
        return read(self._model, data)
