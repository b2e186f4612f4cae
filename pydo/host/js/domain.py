"""Names of hosts beyond ASCII, in the form that the network has for them.

Source: Unicode's technical standard 46 as the WHATWG standard for URLs applies it; as in workerd,
only a label that begins from right to left is held to the rules of its direction.
"""

from __future__ import annotations

import unicodedata

import idna

__all__ = ["ascii_domain"]

_PREFIX = "xn--"


def ascii_domain(domain: str) -> str | None:
    """Give a domain in ASCII, in lower case; None if it is none."""
    try:
        mapped = idna.uts46_remap(domain, std3_rules=False, transitional=False)
        return ".".join(map(_ascii_label, mapped.split("."))) or None
    except UnicodeError:  # what idna raises as well
        return None


def _ascii_label(label: str) -> str:
    if label.startswith(_PREFIX):
        plain = label.removeprefix(_PREFIX).encode("ascii").decode("punycode")
        is_as_mapped = idna.uts46_remap(plain, std3_rules=False, transitional=False) == plain
        if plain.isascii() or not is_as_mapped or _encoded(plain) != label:
            raise UnicodeError(label)
    elif label.isascii():
        return label
    else:
        plain = label
    _check(plain)
    return _encoded(plain)


def _encoded(label: str) -> str:
    return _PREFIX + label.encode("punycode").decode("ascii")


def _check(label: str) -> None:
    """Refuse a label that no name may have, by raising a `UnicodeError`."""
    idna.check_nfc(label)
    idna.check_initial_combiner(label)
    if unicodedata.bidirectional(label[0]) in {"R", "AL"}:
        idna.check_bidi(label)
    for place, char in enumerate(label):
        if char in "\u200c\u200d" and not idna.valid_contextj(label, place):
            raise UnicodeError(label)
