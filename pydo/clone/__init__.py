"""V8's structured clone: the bytes in which workerd stores the values of Durable Objects.

`Codec(model)` turns values into bytes and back.  It knows no JavaScript classes: a `Model` says
which Python types stand for which kinds of value.  `PLAIN` is the codec for plain Python values.
"""

from pydo.clone.codec import Codec
from pydo.clone.errors import CloneDecodeError, CloneError
from pydo.clone.model import Kind, Model
from pydo.clone.plain import PLAIN, UNDEFINED, ByIdentity, Undefined

__all__ = [
    "PLAIN",
    "UNDEFINED",
    "ByIdentity",
    "CloneDecodeError",
    "CloneError",
    "Codec",
    "Kind",
    "Model",
    "Undefined",
]
