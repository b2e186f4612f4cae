"""How keys come and go: random, of bytes, and of JSON Web Keys.

Source: src/workerd/api/crypto/keys.c++.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import TYPE_CHECKING, Any

from pydo.host.js.cipher import CIPHERS, DERIVATIONS
from pydo.host.js.error import DOMException, not_simulated
from pydo.host.js.key import CryptoKey, usages_of
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_string

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydo.errors import JsException
    from pydo.host.js.array import JsArray
    from pydo.host.js.key import Hash, Parameters

__all__ = [
    "derived_bits",
    "exported_jwk",
    "generated_aes",
    "generated_hmac",
    "imported",
    "imported_jwk",
    "unknown",
]

_OF_HMAC = frozenset({"sign", "verify"})
_OF_AES = frozenset({"encrypt", "decrypt", "wrapKey", "unwrapKey"})
_OF_PASSWORDS = frozenset({"deriveKey", "deriveBits"})
_AES_BITS = frozenset({128, 192, 256})
# Those that workerd has and pydo has not.
_ELSEWHERE = frozenset(
    {
        "AES-CTR",
        "AES-KW",
        "ECDH",
        "ECDSA",
        "ED25519",
        "NODE-ED25519",
        "RSA-OAEP",
        "RSA-PSS",
        "RSA-RAW",
        "RSASSA-PKCS1-V1_5",
        "X25519",
    }
)


def generated_hmac(given: Parameters, usages: JsArray, *, extractable: bool) -> CryptoKey:
    """Make a key for HMAC.

    Raises:
        JsException: it cannot be as long, or be used so.

    """
    digest = given.hash()
    bits = given.number("length") if given.has("length") else digest.block_bits
    if bits < 1:
        raise DOMException(
            f"HMAC key length must be a non-zero unsigned long integer (requested {bits}).",
            "OperationError",
        )
    allowed = usages_of(usages, _OF_HMAC, "generate HMAC")
    data = secrets.token_bytes((bits + 7) // 8)
    return CryptoKey.secret(data, _hmac(digest, bits), allowed, extractable=extractable)


def generated_aes(given: Parameters, usages: JsArray, *, extractable: bool) -> CryptoKey:
    """Make a key for AES.

    Raises:
        JsException: it cannot be as long, or be used so.

    """
    bits = given.number("length")
    if bits not in _AES_BITS:
        raise DOMException(
            f"Generated AES key length must be 128, 192, or 256 bits but requested {bits}.",
            "OperationError",
        )
    allowed = usages_of(usages, _OF_AES, f"generate {given.name}")
    algorithm = {"name": given.name, "length": bits}
    return CryptoKey.secret(
        secrets.token_bytes(bits // 8), algorithm, allowed, extractable=extractable
    )


def imported(data: bytes, given: Parameters, usages: JsArray, *, extractable: bool) -> CryptoKey:
    """Make a key of bytes.

    Raises:
        JsException: they do not make one, or it cannot be used so.

    """
    if given.name == "HMAC":
        allowed = _usages_of_import(usages, _OF_HMAC, given)
        digest = given.hash()
        bits = given.number("length") if given.has("length") else len(data) * 8
        if not max(len(data) * 8 - 8, 0) < bits <= len(data) * 8:
            raise DOMException(
                f"Imported HMAC key length ({bits}) must be a non-zero value up to 7 bits less "
                f"than, and no greater than, the bit length of the raw key data ({len(data) * 8}).",
                "DataError",
            )
        algorithm = _hmac(digest, bits)
    elif given.name in CIPHERS:
        allowed = _usages_of_import(usages, _OF_AES, given)
        if len(data) * 8 not in _AES_BITS:
            raise DOMException(
                "Imported AES key length must be 128, 192, or 256 bits but provided "
                f"{len(data) * 8}.",
                "DataError",
            )
        algorithm = {"name": given.name, "length": len(data) * 8}
    elif given.name in DERIVATIONS:
        allowed = _usages_of_import(usages, _OF_PASSWORDS, given)
        if extractable:
            raise DOMException(f"{given.name} key cannot be extractable.", "SyntaxError")
        algorithm = {"name": given.name}
    else:
        raise unknown(given, "key import algorithm")
    return CryptoKey.secret(data, algorithm, allowed, extractable=extractable)


def _usages_of_import(
    usages: JsArray, allowed: frozenset[str], given: Parameters
) -> tuple[str, ...]:
    return usages_of(usages, allowed, f"import secret {given.name}")


def derived_bits(wanted: Parameters) -> int:
    """Give how many bits a derived key needs.

    Raises:
        JsException: there is no such key.

    """
    if wanted.name == "HMAC":
        return wanted.number("length") if wanted.has("length") else wanted.hash().block_bits
    if wanted.name in CIPHERS:
        return wanted.number("length")
    raise unknown(wanted, "derived key type")


def _hmac(digest: Hash, bits: int) -> dict[str, Any]:
    return {"name": "HMAC", "hash": {"name": digest.name}, "length": bits}


def unknown(given: Parameters, what: str) -> JsException:
    """Make the error of an algorithm that is not there."""
    if given.name in _ELSEWHERE:
        return not_simulated(f"crypto.subtle with {given.name}")
    return DOMException(f'Unrecognized {what} "{given.given_name}" requested.', "NotSupportedError")


# -- JSON Web Keys


def imported_jwk(
    web_key: Mapping[str, Any], given: Parameters, usages: JsArray, *, extractable: bool
) -> CryptoKey:
    """Make a key of a JSON Web Key.

    Raises:
        JsException: it does not make one, or it cannot be used so.

    """
    if given.name in DERIVATIONS:
        end = "." if given.name == "PBKDF2" else ""
        raise DOMException(
            f'{given.name} key must be imported in "raw" format (requested "jwk"){end}',
            "NotSupportedError",
        )
    is_hmac = given.name == "HMAC"
    if not is_hmac and given.name not in CIPHERS:
        raise unknown(given, "key import algorithm")
    kind = js_string(web_key.get("kty"))
    if kind != "oct":
        head = 'HMAC "jwk"' if is_hmac else 'Symmetric "jwk"'
        name = '("kty")' if is_hmac else '"kty"'
        raise DOMException(
            f"{head} key import requires a JSON Web Key with Key Type parameter {name} equal to "
            f'"oct" (encountered "{kind}").',
            "DataError",
        )
    data = _decoded(web_key.get("k"))
    if data is None:
        text = "key import requires a base64Url encoding of the key"
        raise DOMException(
            f'HMAC "jwk" {text}' if is_hmac else f'Symmetric "jwk" {text}.', "DataError"
        )
    if not is_hmac and web_key.get("use") not in {None, "enc"}:
        use = js_string(web_key["use"])
        raise DOMException(
            f'Symmetric "jwk" key must have a "use" of "enc", not "{use}".', "DataError"
        )
    if extractable and web_key.get("ext") is False:
        raise DOMException(
            f'JWK ext field for "{given.name}" is set to false but extractable is true',
            "DataError",
        )
    key = imported(data, given, usages, extractable=extractable)
    _check_name(key, web_key.get("alg"))
    return key


def _check_name(key: CryptoKey, name: Any) -> None:
    if name is None:
        return
    found, expected = js_string(name), _jwk_name(key)
    if found == expected:
        return
    if key.name == "HMAC":
        raise DOMException(
            'HMAC "jwk" key import specifies "alg" that is incompatible with the hash name '
            f'(encountered "{found}", expected "{expected}").',
            "DataError",
        )
    raise DOMException(
        f'Symmetric "jwk" key contains invalid "alg" value "{found}", expected "{expected}".',
        "DataError",
    )


def exported_jwk(key: CryptoKey) -> JsObject:
    """Give the JSON Web Key of a key.

    Raises:
        JsException: a `NotSupportedError` for one that has none.

    """
    name = _jwk_name(key)
    if name is None:
        raise DOMException(
            f'Unimplemented JWK key export format for key algorithm "{key.hash.name}".',
            "NotSupportedError",
        )
    encoded = base64.urlsafe_b64encode(key.data()).decode().rstrip("=")
    return JsObject({"kty": "oct", "key_ops": key.usages, "alg": name, "ext": True, "k": encoded})


def _jwk_name(key: CryptoKey) -> str | None:
    if key.name == "HMAC":
        return None if key.hash.suffix is None else f"HS{key.hash.suffix}"
    return f"A{len(key.data()) * 8}{key.name.removeprefix('AES-')}"


def _decoded(text: Any) -> bytes | None:
    if not isinstance(text, str):
        return None
    try:
        padded = text + "=" * (-len(text) % 4)
        return base64.b64decode(padded.encode(), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
