"""`crypto`; values and words are workerd's, asked through wrangler."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from pydo.errors import JsException
from pydo.host.js.buffer import ArrayBuffer
from pydo.host.js.object import JsObject
from pydo.host.tojs import to_js

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.host.importer import Host

HMAC = {"name": "HMAC", "hash": "SHA-256"}
PASSWORD = {"name": "PBKDF2", "salt": b"salt", "iterations": 1000, "hash": "SHA-256"}
STRETCH = {"name": "HKDF", "salt": b"salt", "info": b"info", "hash": "SHA-256"}
GCM = {"name": "AES-GCM", "iv": bytes(12)}
CBC = {"name": "AES-CBC", "iv": bytes(16)}
FAILED = (
    "OperationError: Decryption failed. This could be due to a ciphertext authentication failure, "
    "bad padding, incorrect CryptoKey, or another algorithm-specific reason. Input length was {}, "
    "output length expected to be {} for {}"
)

Call: TypeAlias = "Callable[..., Any]"


@pytest.fixture
def subtle(host: Host) -> Call:
    """Call a method of `crypto.subtle` with Python's values; an error is given as its text."""
    assert host
    crypto = importlib.import_module("js").crypto

    def subtle(method: str, *arguments: Any) -> Any:
        given = [to_js(each, dict_converter=JsObject.fromEntries) for each in arguments]

        async def main() -> Any:
            result = await getattr(crypto.subtle, method)(*given)
            return result.to_bytes().hex() if isinstance(result, ArrayBuffer) else result

        try:
            return asyncio.run(main())
        except JsException as error:
            return str(error)

    return subtle


def told(key: Any) -> list[Any]:
    """Give what a key tells of itself, or the error instead of one."""
    if isinstance(key, str):
        return [key]
    return [key.type, key.extractable, key.algorithm.to_py(), key.usages.to_py()]


def text(call: Any, *arguments: Any) -> str:
    with pytest.raises(JsException) as caught:
        call(*arguments)
    return str(caught.value)


# -- randomness


def test_random_values_fill_arrays_of_integers(js: Any) -> None:
    array = js.Uint32Array.new(8)

    assert js.crypto.getRandomValues(array) == array
    assert len(set(array.to_py().tolist())) > 1
    assert len(js.crypto.randomUUID()) == 36


def test_random_values_fill_nothing_else(js: Any) -> None:
    random = js.crypto.getRandomValues
    no_view = (
        "TypeError: Failed to execute 'getRandomValues' on 'Crypto': parameter 1 is not of type "
        "'JsArrayBufferView'."
    )
    no_integers = (
        "TypeMismatchError: ArrayBufferView argument to getRandomValues() must be an integer-typed "
        "view."
    )

    assert text(random) == text(random, 5) == text(random, js.ArrayBuffer.new(4)) == no_view
    assert text(random, js.Float32Array.new(1)) == no_integers
    assert text(random, js.DataView.new(js.ArrayBuffer.new(4))) == no_integers
    assert text(random, js.Uint8Array.new(65537)) == (
        "QuotaExceededError: getRandomValues() only accepts buffers of size <= 64K but provided "
        "65537 bytes."
    )


# -- hashes


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("SHA-1", "11f6ad8e"),
        ("sha-256", "2d711642"),
        ({"name": "SHA-256"}, "2d711642"),
        ("SHA-384", "d752c2c5"),
        ("SHA-512", "a4abd444"),
        ("MD5", "9dd4e461"),
    ],
)
def test_bytes_are_hashed(subtle: Any, name: Any, begins: str) -> None:
    assert subtle("digest", name, b"x").startswith(begins)


@pytest.mark.parametrize("name", ["SHA256", "SHA-224", 5, {}])
def test_other_hashes_are_refused(subtle: Any, name: Any) -> None:
    assert subtle("digest", name, b"x") == (
        "NotSupportedError: Unrecognized or unimplemented digest algorithm requested."
    )


def test_arguments_of_other_types_are_refused(subtle: Any, js: Any) -> None:
    def wrong(method: str, position: int, kind: str) -> str:
        return (
            f"TypeError: Failed to execute '{method}' on 'SubtleCrypto': parameter {position} is "
            f"not of type '{kind}'."
        )

    assert subtle("digest") == wrong("digest", 1, "string or HashAlgorithm")
    assert subtle("digest", "SHA-1", "x") == wrong("digest", 2, "Array")
    assert subtle("sign", "HMAC", {}, b"x") == wrong("sign", 2, "CryptoKey")
    assert subtle("importKey", "raw", "abc", HMAC, True, ["sign"]) == wrong(  # noqa: FBT003 - the web's
        "importKey", 2, "ArrayBuffer or ArrayBufferView or JsonWebKey"
    )
    assert subtle("importKey", "raw", b"x", "HMAC") == wrong("importKey", 4, "boolean")
    assert subtle("generateKey", HMAC, True, "sign") == wrong("generateKey", 3, "Array")  # noqa: FBT003 - the web's
    # Python's own bytes are no buffer there.
    promise = js.crypto.subtle.digest("SHA-1", b"x")
    assert text(asyncio.run, _awaited(promise)) == wrong("digest", 2, "Array")


async def _awaited(promise: Any) -> Any:
    return await promise


# -- HMAC


@pytest.fixture
def hmac_key(subtle: Any) -> Call:
    """Import the key `key` for HMAC."""

    def make(algorithm: Any = HMAC, usages: tuple[str, ...] = ("sign", "verify")) -> Any:
        return subtle("importKey", "raw", b"key", algorithm, True, list(usages))  # noqa: FBT003 - the web's

    return make


def test_hmac_signs_and_verifies(subtle: Any, hmac_key: Any) -> None:
    key = hmac_key()
    signature = subtle("sign", "HMAC", key, b"d")

    assert signature == "d7e32b451f521ead8f5cb7755f0612c6b277566763068b94aac32d4478f64444"
    assert subtle("verify", "HMAC", key, bytes.fromhex(signature), b"d") is True
    assert subtle("verify", "HMAC", key, b"\0\0\0", b"d") is False
    algorithm = {"name": "HMAC", "hash": {"name": "SHA-256"}, "length": 24}
    assert told(key) == ["secret", True, algorithm, ["sign", "verify"]]
    assert str(key) == "[object CryptoKey]"


def test_a_key_is_used_for_what_it_is_for(subtle: Any, hmac_key: Any) -> None:
    mismatch = "InvalidAccessError: Requested {} does not match {}."

    assert subtle("sign", "HMAC", hmac_key(usages=("verify",)), b"x") == mismatch.format(
        'key usage "sign"', "any usage listed in this CryptoKey"
    )
    assert subtle("sign", "FOO", hmac_key(), b"x") == mismatch.format(
        'algorithm "FOO"', 'this CryptoKey\'s algorithm "HMAC"'
    )


@pytest.mark.parametrize(
    ("algorithm", "usages", "error"),
    [
        ("HMAC", ["sign"], 'TypeError: Missing field "hash" in "algorithm".'),
        (
            {"name": "HMAC", "hash": "SHA-9"},
            ["sign"],
            "NotSupportedError: Unrecognized or unimplemented digest algorithm requested.",
        ),
        (
            HMAC,
            [],
            "SyntaxError: Secret/private CryptoKeys must have at least one usage.",
        ),
        (
            HMAC,
            ["encrypt"],
            'SyntaxError: Attempt to import secret HMAC key with invalid usage "encrypt".',
        ),
        (
            {**HMAC, "length": 16},
            ["sign"],
            (
                "DataError: Imported HMAC key length (16) must be a non-zero value up to 7 bits "
                "less than, and no greater than, the bit length of the raw key data (24)."
            ),
        ),
        (
            "FOO",
            ["sign"],
            'NotSupportedError: Unrecognized key import algorithm "FOO" requested.',
        ),
        (
            "HKDF",
            ["deriveBits"],
            "SyntaxError: HKDF key cannot be extractable.",
        ),
    ],
)
def test_keys_that_cannot_be_are_not_imported(
    hmac_key: Any, algorithm: Any, usages: list[str], error: str
) -> None:
    assert hmac_key(algorithm, tuple(usages)) == error


def test_a_key_goes_through_json(subtle: Any, hmac_key: Any) -> None:
    exported = subtle("exportKey", "jwk", hmac_key()).to_py()
    back = subtle("importKey", "jwk", exported, HMAC, False, ["sign"])  # noqa: FBT003 - the web's

    assert list(exported.items()) == [
        ("kty", "oct"),
        ("key_ops", ["sign", "verify"]),
        ("alg", "HS256"),
        ("ext", True),
        ("k", "a2V5"),
    ]
    assert subtle("sign", "HMAC", back, b"d").startswith("d7e32b45")
    assert subtle("exportKey", "raw", back) == (
        "InvalidAccessError: Attempt to export non-extractable HMAC key."
    )
    assert subtle("exportKey", "raw", hmac_key()) == b"key".hex()
    assert subtle("exportKey", "foo", hmac_key()) == (
        'NotSupportedError: Unimplemented key export format "foo".'
    )


@pytest.mark.parametrize(
    ("web_key", "algorithm", "error"),
    [
        (
            {"kty": "RSA", "k": "a2V5"},
            HMAC,
            (
                'HMAC "jwk" key import requires a JSON Web Key with Key Type parameter ("kty") '
                'equal to "oct" (encountered "RSA").'
            ),
        ),
        (
            {"kty": "oct", "k": "a2V5", "alg": "HS1"},
            HMAC,
            (
                'HMAC "jwk" key import specifies "alg" that is incompatible with the hash name '
                '(encountered "HS1", expected "HS256").'
            ),
        ),
        (
            {"kty": "oct", "k": "!!"},
            HMAC,
            'HMAC "jwk" key import requires a base64Url encoding of the key',
        ),
        (
            {"kty": "oct", "k": "a2V5", "ext": False},
            HMAC,
            'JWK ext field for "HMAC" is set to false but extractable is true',
        ),
        (
            {"kty": "oct", "k": "A" * 22, "alg": "A256GCM"},
            "AES-GCM",
            'Symmetric "jwk" key contains invalid "alg" value "A256GCM", expected "A128GCM".',
        ),
        (
            {"kty": "oct", "k": "A" * 22, "use": "sig"},
            "AES-GCM",
            'Symmetric "jwk" key must have a "use" of "enc", not "sig".',
        ),
        (
            {"kty": "oct"},
            "AES-GCM",
            'Symmetric "jwk" key import requires a base64Url encoding of the key.',
        ),
        (
            {"kty": "oct", "k": "AAAA"},
            "AES-GCM",
            "Imported AES key length must be 128, 192, or 256 bits but provided 24.",
        ),
    ],
)
def test_json_web_keys_that_do_not_fit_are_refused(
    subtle: Any, web_key: dict[str, Any], algorithm: Any, error: str
) -> None:
    usages = ["encrypt"] if algorithm == "AES-GCM" else ["sign"]

    assert subtle("importKey", "jwk", web_key, algorithm, True, usages) == f"DataError: {error}"  # noqa: FBT003 - the web's


# -- AES


@pytest.fixture
def aes_key(subtle: Any) -> Call:
    """Import a key of zeroes for AES."""

    def make(name: str = "AES-GCM", size: int = 16) -> Any:
        usages = ["encrypt", "decrypt"]
        return subtle("importKey", "raw", bytes(size), name, True, usages)  # noqa: FBT003 - the web's

    return make


@pytest.mark.parametrize(
    ("algorithm", "plain", "encrypted"),
    [
        (GCM, b"hi", "6be1e33a8eca511a295273c9ded20879c6d8"),
        (
            {**GCM, "additionalData": b"aad", "tagLength": 96},
            b"hi",
            "6be1dbcf05dbcbbd20f66311f639",
        ),
        ({**GCM, "tagLength": 32}, b"x", "7bfbb26b67"),
        ({**GCM, "iv": bytes(16)}, b"x", "dbb7c0d445fc7667aef8f5184259df391c"),
        (CBC, b"hi", "4cfbb7167b50dcb529e2b1def9f7bed1"),
    ],
)
def test_aes_encrypts_and_decrypts(
    subtle: Any, aes_key: Any, algorithm: dict[str, Any], plain: bytes, encrypted: str
) -> None:
    key = aes_key(algorithm["name"])

    assert subtle("encrypt", algorithm, key, plain) == encrypted
    assert subtle("decrypt", algorithm, key, bytes.fromhex(encrypted)) == plain.hex()


@pytest.mark.parametrize(
    ("method", "algorithm", "data", "error"),
    [
        ("decrypt", GCM, bytes(20), FAILED.format(4, 4, "AES-GCM")),
        (
            "decrypt",
            GCM,
            bytes(3),
            (
                "OperationError: Ciphertext length of 24 bits must be greater than or equal to the "
                "size of the AES-GCM tag length of 128 bits."
            ),
        ),
        ("encrypt", {"name": "AES-GCM"}, b"", 'TypeError: Missing field "iv" in "algorithm".'),
        ("encrypt", {**GCM, "iv": b""}, b"", "OperationError: AES-GCM IV must not be empty."),
        ("encrypt", {**GCM, "tagLength": 5}, b"", "OperationError: Invalid AES-GCM tag length 5."),
        (
            "encrypt",
            {**GCM, "iv": "abc"},
            b"",
            (
                "TypeError: Incorrect type for the 'iv' field on 'EncryptAlgorithm': the provided "
                "value is not of type 'JsBufferSource'."
            ),
        ),
        (
            "encrypt",
            {**CBC, "iv": bytes(12)},
            b"",
            "OperationError: AES-CBC IV must be 16 bytes long (provided 12 bytes).",
        ),
        ("decrypt", CBC, bytes(16), FAILED.format(16, 0, "AES-CBC")),
        ("decrypt", CBC, bytes(15), FAILED.format(15, 0, "AES-CBC")),
    ],
)
def test_aes_refuses_what_does_not_fit(  # noqa: PLR0913, PLR0917 - fixtures, and the columns
    subtle: Any, aes_key: Any, method: str, algorithm: dict[str, Any], data: bytes, error: str
) -> None:
    assert subtle(method, algorithm, aes_key(algorithm["name"]), data) == error


def test_a_key_of_aes_has_one_of_three_lengths(subtle: Any, aes_key: Any) -> None:
    assert aes_key(size=15) == (
        "DataError: Imported AES key length must be 128, 192, or 256 bits but provided 120."
    )
    assert aes_key("aes-gcm", 24).algorithm.to_py() == {"name": "AES-GCM", "length": 192}
    assert subtle("exportKey", "jwk", aes_key()).alg == "A128GCM"
    assert subtle("exportKey", "pkcs8", aes_key()) == (
        'NotSupportedError: AES-GCM key only supports exporting "raw" & "jwk", not "pkcs8".'
    )


# -- keys of nothing and of passwords


@pytest.mark.parametrize(
    ("algorithm", "usages", "key"),
    [
        (
            {"name": "AES-GCM", "length": 256},
            ["decrypt", "encrypt"],
            ["secret", True, {"name": "AES-GCM", "length": 256}, ["encrypt", "decrypt"]],
        ),
        (
            {"name": "HMAC", "hash": "SHA-384"},
            ["sign"],
            [
                "secret",
                True,
                {"name": "HMAC", "hash": {"name": "SHA-384"}, "length": 1024},
                ["sign"],
            ],
        ),
        (
            {"name": "AES-GCM", "length": 100},
            ["encrypt"],
            [
                (
                    "OperationError: Generated AES key length must be 128, 192, or 256 bits but "
                    "requested 100."
                )
            ],
        ),
        ("AES-GCM", ["encrypt"], ['TypeError: Missing field "length" in "algorithm".']),
        (
            "PBKDF2",
            [],
            ['NotSupportedError: Unrecognized key generation algorithm "PBKDF2" requested.'],
        ),
        (
            {"name": "HMAC", "hash": "SHA-1", "length": 0},
            ["sign"],
            [
                (
                    "OperationError: HMAC key length must be a non-zero unsigned long integer "
                    "(requested 0)."
                )
            ],
        ),
        (
            HMAC,
            ["foo"],
            ['SyntaxError: Attempt to generate HMAC key with invalid usage "foo".'],
        ),
        ("ECDSA", [], ["Error: crypto.subtle with ECDSA is not simulated yet by pydo."]),
    ],
)
def test_keys_are_generated(subtle: Any, algorithm: Any, usages: list[str], key: list[Any]) -> None:
    assert told(subtle("generateKey", algorithm, True, usages)) == key  # noqa: FBT003 - the web's


def test_a_generated_key_has_as_many_bytes_as_it_needs(subtle: Any) -> None:
    algorithm = {"name": "HMAC", "hash": "SHA-512", "length": 100}
    key = subtle("generateKey", algorithm, True, ["sign"])  # noqa: FBT003 - the web's

    assert len(bytes.fromhex(subtle("exportKey", "raw", key))) == 13


@pytest.fixture
def password(subtle: Any) -> Call:
    """Import the password `pw`."""

    def make(name: str, *usages: str) -> Any:
        asked = list(usages or ("deriveBits", "deriveKey"))
        return subtle("importKey", "raw", b"pw", name, False, asked)  # noqa: FBT003 - the web's

    return make


def test_bits_and_keys_are_made_of_passwords(subtle: Any, password: Any) -> None:
    key = password("PBKDF2")
    aes = {"name": "AES-GCM", "length": 128}
    derived = subtle("deriveKey", PASSWORD, key, aes, True, ["encrypt"])  # noqa: FBT003 - the web's
    signing = subtle("deriveKey", PASSWORD, key, HMAC, True, ["sign"])  # noqa: FBT003 - the web's

    begins = "0a38253555ce37f5c72a6b703f996814"
    assert told(key) == ["secret", False, {"name": "PBKDF2"}, ["deriveKey", "deriveBits"]]
    assert subtle("deriveBits", PASSWORD, key, 256) == begins + "ebf241f203af146e93dcdeb031c5567e"
    assert subtle("exportKey", "raw", derived) == begins
    assert signing.algorithm.length == 512
    assert (
        subtle("deriveBits", STRETCH, password("HKDF"), 128) == "2b9cf2a102537a6088e5972583f6361f"
    )


@pytest.mark.parametrize(
    ("algorithm", "bits", "error"),
    [
        (
            {**PASSWORD, "iterations": 0},
            256,
            "OperationError: PBKDF2 requires a positive iteration count (requested 0).",
        ),
        (
            PASSWORD,
            7,
            (
                "OperationError: PBKDF2 requires a derived key length that is a multiple of eight "
                "(requested 7)."
            ),
        ),
        (PASSWORD, None, "OperationError: PBKDF2 cannot derive a key with null length."),
        (PASSWORD, 0, ""),
        (STRETCH, 8 * 256 * 32, "OperationError: HKDF deriveBits failed."),
        (
            {"name": "HKDF", "salt": b"s", "hash": "SHA-1"},
            8,
            'TypeError: Missing field "info" in "algorithm".',
        ),
    ],
)
def test_what_cannot_be_derived(
    subtle: Any, password: Any, algorithm: dict[str, Any], bits: int | None, error: str
) -> None:
    assert subtle("deriveBits", algorithm, password(algorithm["name"]), bits) == error


def test_a_password_is_for_one_derivation(subtle: Any, password: Any) -> None:
    assert subtle("deriveBits", STRETCH, password("PBKDF2"), 8) == (
        'InvalidAccessError: Requested algorithm "HKDF" does not match this CryptoKey\'s algorithm '
        '"PBKDF2".'
    )
    assert subtle("deriveBits", PASSWORD, password("PBKDF2", "deriveKey"), 8) == (
        'InvalidAccessError: Requested key usage "deriveBits" does not match any usage listed in '
        "this CryptoKey."
    )


# -- the rest


def test_buffers_are_compared_in_equal_time(js: Any) -> None:
    def buffer(data: bytes) -> Any:
        return to_js(data)

    equal = js.crypto.subtle.timingSafeEqual

    assert equal(buffer(b"ab"), buffer(b"ab")) is True
    assert equal(buffer(b"ab"), buffer(b"ac")) is False
    assert text(equal, buffer(b"ab"), buffer(b"abc")) == (
        "TypeError: Input buffers must have the same byte length."
    )
    assert text(equal, "a", "a") == (
        "TypeError: Failed to execute 'timingSafeEqual' on 'SubtleCrypto': parameter 1 is not of "
        "type 'JsBufferSource'."
    )


def test_nobody_makes_a_key_by_hand(js: Any) -> None:
    assert text(js.CryptoKey.new) == "TypeError: Illegal constructor"


def test_a_key_cannot_be_cloned(js: Any, hmac_key: Any) -> None:
    assert text(js.structuredClone, hmac_key()).startswith("DataCloneError: ")


def test_a_stream_makes_the_digest_of_what_is_written_to_it(js: Any) -> None:
    async def main() -> tuple[object, ...]:
        stream = js.crypto.DigestStream.new("SHA-256")
        writer = stream.getWriter()
        await writer.write(to_js(b"a"))
        await writer.write("bc")
        await writer.close()
        piped = js.crypto.DigestStream.new(JsObject({"name": "MD5"}))
        await js.Response.new("abc").body.pipeTo(piped)
        digests = [await stream.digest, await piped.digest]
        return *[each.to_bytes().hex()[:8] for each in digests], stream.bytesWritten

    assert asyncio.run(main()) == ("ba7816bf", "90015098", 3)


def test_a_stream_for_a_digest_refuses_what_is_no_bytes(js: Any) -> None:
    async def main() -> None:
        await js.crypto.DigestStream.new("SHA-1").getWriter().write(5)

    with pytest.raises(JsException, match="DigestStream is a byte stream but received an object"):
        asyncio.run(main())
