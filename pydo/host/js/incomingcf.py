"""`request.cf` of a request that has come from outside: the place that `wrangler dev` makes up.

Cloudflare tells there from where a request comes and how its connection is secured.  On this
machine nobody knows, and wrangler offline has a placeholder, whose values these are
(cloudflare/workers-sdk packages/miniflare/src/cf.ts, `fallbackCf`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydo.host.js.array import JsArray
from pydo.host.js.error import JsTypeError
from pydo.host.js.integrity import FROZEN, restrict
from pydo.host.js.json import parse, stringify
from pydo.host.js.object import JsObject
from pydo.host.js.value import JsProxy

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONNECTING_IP", "IncomingCf", "read_cf"]

CONNECTING_IP: Final = "CF-Connecting-IP"
"""The header that tells where a request comes from; none that a Worker sends has it."""

_CERTIFICATE: Final = [
    "certIssuerDN",
    "certSubjectDN",
    "certIssuerDNRFC2253",
    "certSubjectDNRFC2253",
    "certIssuerDNLegacy",
    "certSubjectDNLegacy",
    "certSerial",
    "certIssuerSerial",
    "certSKI",
    "certIssuerSKI",
    "certFingerprintSHA1",
    "certFingerprintSHA256",
    "certNotBefore",
    "certNotAfter",
]


class IncomingCf:
    """What `cf` will be when it is asked for; few Workers ask.

    `headers` are the client's own, by names in any spelling.
    """

    __slots__ = ("_headers",)

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def made(self) -> JsObject:
        """Give the object, which cannot be changed."""
        return _frozen(
            asOrganization="",
            asn=395747,
            colo="DFW",
            city="Austin",
            region="Texas",
            regionCode="TX",
            metroCode="635",
            postalCode="78701",
            country="US",
            continent="NA",
            timezone="America/Chicago",
            latitude="30.27130",
            longitude="-97.74260",
            clientTcpRtt=0,
            httpProtocol="HTTP/1.1",
            requestPriority="weight=192;exclusive=0",
            tlsCipher="AEAD-AES128-GCM-SHA256",
            tlsVersion="TLSv1.3",
            tlsClientAuth=_frozen(
                certPresented="0",
                certVerified="NONE",
                certRevoked="0",
                **dict.fromkeys(_CERTIFICATE, ""),
            ),
            edgeRequestKeepAliveStatus=0,
            clientTrustScore=99,
            botManagement=_frozen(
                corporateProxy=False,
                verifiedBot=False,
                ja3Hash="25b4882c2bcb50cd6b469ff28c596742",
                staticResource=False,
                detectionIds=restrict(JsArray([]), FROZEN),
                score=99,
            ),
            clientAcceptEncoding=self._headers.get("Accept-Encoding", ""),
        )


def _frozen(**members: Any) -> JsObject:
    made: JsObject = restrict(JsObject.new(**members), FROZEN)
    return made


def read_cf(given: Any, init: str) -> Any:
    """Read the member `cf` of what a request or a response is made of; `init` names its type.

    Raises:
        JsException: a `TypeError` for what is no object.

    """
    if given is None or isinstance(given, JsProxy):
        return given
    if not isinstance(given, (dict, list)):
        raise JsTypeError(
            f"Incorrect type for the 'cf' field on '{init}': the provided value is not of type "
            "'Object'."
        )
    return parse(stringify(given) or "")
