from __future__ import annotations

from typing import Any

import pytest

from pydo.errors import JsException
from pydo.host.js.array import JsArray
from pydo.host.js.collection import JsMap
from pydo.host.js.object import JsObject
from pydo.host.js.searchparams import URLSearchParams
from pydo.host.js.url import URL
from pydo.host.js.value import jsnull


# Each address was read off workerd.
@pytest.mark.parametrize(
    ("text", "href"),
    [
        ("http://example.com", "http://example.com/"),
        ("HTTP://EXAMPLE.com:80/a/../b/./c?x=1#h", "http://example.com/b/c?x=1#h"),
        ("https://u:p@h:8443/", "https://u:p@h:8443/"),
        ("http://h/a b", "http://h/a%20b"),
        ("http://h/é?é#é", "http://h/%C3%A9?%C3%A9#%C3%A9"),
        ("http://h\\a\\b", "http://h/a/b"),
        ("  http://h/x  ", "http://h/x"),
        ("http://h/%7Ea/%zz", "http://h/%7Ea/%zz"),
        ("http://h/a\tb", "http://h/ab"),
        ("http://[::1]:80/", "http://[::1]/"),
        ("http://127.1/", "http://127.0.0.1/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://h?x", "http://h/?x"),
        ("mailto:a@b", "mailto:a@b"),
        ("http:h/x", "http://h/x"),
        ("http://h/a/%2e%2e/b", "http://h/b"),
        ("http://h//a//b", "http://h//a//b"),
        ("file:///a/b", "file:///a/b"),
        ("http://日本.jp/", "http://xn--wgv71a.jp/"),
        ("http://h/?a='\"<>", "http://h/?a=%27%22%3C%3E"),
        ("http://h/{}|^`", "http://h/%7B%7D|%5E%60"),
        ("http://h/#{}|^`", "http://h/#{}|^%60"),
        ("http://h:/x", "http://h/x"),
        ("http://EXAMPLE.COM./", "http://example.com./"),
        ("http://a%41.com/", "http://aa.com/"),
        ("http://faß.de", "http://xn--fa-hia.de/"),
        ("http://xn--fa-hia.de/", "http://xn--fa-hia.de/"),
        ("http://XN--WGV71A.jp/", "http://xn--wgv71a.jp/"),
        ("http://É.com./", "http://xn--9ca.com./"),
        ("http://é..b/", "http://xn--9ca..b/"),
        ("http://e\u0301%41.com/", "http://xn--a-9fa.com/"),
        ("http://☃.net/", "http://xn--n3h.net/"),
        ("http://é_b.com/", "http://xn--_b-9ia.com/"),
        ("http://ab--é.com/", "http://xn--ab---epa.com/"),
        ("http://a_b--c.com/", "http://a_b--c.com/"),
        ("http://a\u00adb.com/", "http://ab.com/"),
        ("http://a≠b.com/", "http://xn--ab-miv.com/"),
        ("http://\uff11\uff12\uff17.0.0.1/", "http://127.0.0.1/"),
        ("http://a\u3002b/", "http://a.b/"),
        ("http://\u05d01.com/", "http://xn--1-zhc.com/"),
        ("http://1\u05d0.com/", "http://xn--1-0hc.com/"),
        ("http://\u0915\u094d\u200d\u0937.com/", "http://xn--11b2ezcw70k.com/"),
    ],
)
def test_an_address_is_written_as_the_standard_does(text: str, href: str) -> None:
    assert URL.new(text).href == href


@pytest.mark.parametrize(
    "text",
    [
        *("", "abc", "//a/b", "http://", "http://h:99999/", "http://a b/", "http://1.2.3.4.5/"),
        *("http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[]/", "http://[[::1]]/"),
        *("http://xn--a/", "http://xn--/", "http://xn--abc-.com/", "http://xn--e-xbb.com/"),
        *("http://xn--é.com/", "http://xn--zn7c.com/", "http://\u00ad/", "http://\u0301a.com/"),
        *("http://a\u200db.com/", "http://\u05d0a.com/", "http://é<b.com/", "http://℀.com/"),
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(JsException, match=r"^TypeError: Invalid URL string\.$"):
        URL.new(text)

    url: Any = URL
    assert not url.canParse(text)


@pytest.mark.parametrize(
    ("text", "base", "href"),
    [
        ("x", "http://h/a/b", "http://h/a/x"),
        ("/x", "http://h/a/b?q", "http://h/x"),
        ("?y", "http://h/a/b?q", "http://h/a/b?y"),
        ("#z", "http://h/a/b?q", "http://h/a/b?q#z"),
        ("", "http://h/a/b?q#r", "http://h/a/b?q"),
        ("//k/l", "https://h/a", "https://k/l"),
        ("../../..", "http://h/a/b/c", "http://h/"),
        ("http://z", "http://h", "http://z/"),
    ],
)
def test_an_address_is_relative_to_its_base(text: str, base: str, href: str) -> None:
    assert URL.new(text, base).href == href


def test_the_parts_are_read() -> None:
    url = URL.new("https://u:p@h:8443/a?q#f")

    assert (url.origin, url.protocol, url.username, url.password) == (
        "https://h:8443",
        "https:",
        "u",
        "p",
    )
    assert (url.host, url.hostname, url.port, url.pathname, url.search, url.hash) == (
        "h:8443",
        "h",
        "8443",
        "/a",
        "?q",
        "#f",
    )
    assert str(url) == url.toJSON() == url.href


def test_the_parts_are_set() -> None:
    url = URL.new("http://a/b")

    url.pathname, url.search, url.hash, url.port = "c d", "q=1", "z", "81"
    url.protocol, url.host, url.username, url.password = "https", "k:5", "u", "p"

    assert url.href == "https://u:p@k:5/c%20d?q=1#z"
    url.hostname = "m"
    url.href = f"{url.origin}/?"
    assert url.href == "https://m:5/?"


def test_parameters_change_their_address() -> None:
    url = URL.new("http://a/?b=1&b=2&c=%20+")
    parameters = url.searchParams

    assert (parameters.get("b"), list(parameters.getAll("b")), parameters.get("z")) == (
        "1",
        ["1", "2"],
        jsnull,
    )
    parameters.append("d", "é &=")
    parameters.delete("b")
    assert url.href == "http://a/?c=++&d=%C3%A9+%26%3D"
    url.search = "x=1"
    assert (url.searchParams is parameters, parameters.get("x")) == (True, "1")


@pytest.mark.parametrize(
    ("init", "text"),
    [
        ("?a=1&b", "a=1&b="),
        (JsObject({"a": 1, "b": "é~!'()*-._ +"}), "a=1&b=%C3%A9%7E%21%27%28%29*-._+%2B"),
        ([("a", "b")], "a=b"),
        (JsArray([JsArray(["a", "b"])]), "a=b"),
        (JsMap.new([("x", "y")]), "x=y"),
        (None, ""),
    ],
)
def test_parameters_are_made_of_texts_pairs_and_objects(init: Any, text: str) -> None:
    assert str(URLSearchParams.new(init)) == text


def test_parameters_are_sorted_replaced_and_asked() -> None:
    parameters = URLSearchParams.new("b=1&a=2&b=3")

    assert (parameters.has("a", "2"), parameters.has("a", "3"), parameters.size) == (True, False, 3)
    parameters.sort()
    assert str(parameters) == "a=2&b=1&b=3"
    parameters.set("b", "9")
    parameters.delete("a", "zz")
    assert list(parameters.items()) == [("a", "2"), ("b", "9")]
    with pytest.raises(JsException, match="Invalid URL search params sequence"):
        URLSearchParams.new([("a",)])


def test_the_parameters_are_cleared() -> None:
    url: Any = URL.new("http://h/?a=1&b=2&a=3")

    url.searchParams.clear()

    assert (url.searchParams.toString(), url.href) == ("", "http://h/")


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("blob:http://a/b", "http://a"),
        ("blob:https://a:444/b", "https://a:444"),
        ("blob:ftp://a/b", "null"),
        ("blob:foo", "null"),
        ("ws://a/b", "ws://a"),
        ("foo://a/b", "null"),
    ],
)
def test_a_blob_has_the_origin_of_the_address_in_it(text: str, origin: str) -> None:
    assert URL.new(text).origin == origin
