"""Documents, and what handlers of HTMLRewriter do to them.

A case is a document and its handlers, in the order in which they are registered: `(selector,
functions)`, or `(None, functions)` for the document. A function is a list of steps:

    ["call", name, …]    call a method; what it raises is noted
    ["give", name, …]    the same, and what it gives is noted
    ["set", name, value]
    ["note", name, …]    the properties, and `kind` for what JavaScript calls the object
    ["end", steps]       these at the end tag
    ["some", steps]      these for a text that is not empty
    ["raise", text]

`{"html": true}` is an object of options.
"""

from __future__ import annotations

from typing import Any

Step = list[Any]
Handlers = list[tuple[str | None, dict[str, list[Step]]]]

HTML = {"html": True}
PAGE = (
    '<!DOCTYPE html><html><head><title>T &amp; x</title><meta property="og:title" content="a">'
    "<meta name=twitter:card content='b'/></head><body class=\"a b\"><!-- c1 -->"
    '<div id="d" data-x="1"><p>Hello <b>bold</b> &lt;x&gt;</p><p class=z>two</p><br><img src=x>'
    '</div><svg><path d="1"/></svg><ul><li>1<li>2</ul></body></html>'
)
RAW = (
    "<textarea><b>x</b></textarea><style>a{}<p></style><title>a<b>c</title>"
    "<noscript><i>n</i></noscript><iframe><u></iframe><xmp><s></xmp><TITLE></ti</tITLE >e"
)
FOREIGN = (
    "<math><mi>x</mi></math><svg><g/><foreignObject><p/>h</foreignObject></svg><div/>a<p />b</p>"
)
SELECTORS = [
    *("*", "p", "div p", "div > b", "p > b", "#d", ".z", "body.a.b", "[data-x]", "[data-x='1']"),
    *("p:first-child", "p:nth-child(2)", "p:nth-of-type(odd)", "p:first-of-type", "p:not(.z)"),
    *("p, b", "meta[content]", "[class~='b']", "[class*='b']", "[class$='b']", "[property|='og']"),
    *("LI", "path", "li:nth-child(2)", "div *", "[name='TWITTER:CARD' i]", "br + img", "p ~ p"),
    *(
        "p:last-child",
        "::x",
        "p:hover",
        "",
        " ",
        "p[",
        "p >",
        "> p",
        "div:not(p, b)",
    ),
    *("p:nth-child(2n+1)", "p:nth-child(-n + 1)", "p:nth-child(n)", "[id=d]", "a:is(b)", "p:empty"),
    *(
        "*:not(*)",
        "p,",
        ",p",
        "p p:not(",
        "[=x]",
        "[a b]",
        "p..x",
        "5",
        "[property^='og:']",
        ".a.c",
    ),
    *("div>p>b", "  p  b  ", "[class='a b']", "html *:nth-of-type(2)", "p:NOT(.z)", "p\\.z"),
]


def _changed(*steps: Step, of: str = "p", document: str = "<p>a</p>") -> tuple[str, Handlers]:
    return document, [(of, {"element": list(steps)})]


CASES: dict[str, tuple[str, Handlers]] = {
    "attributes that are set and removed": (
        PAGE,
        [
            (
                "div",
                {
                    "element": [
                        ["call", "setAttribute", "data-modified", 't"r<ue'],
                        ["call", "removeAttribute", "id"],
                    ]
                },
            ),
            ("p.z", {"element": [["call", "setAttribute", "class", "q"]]}),
            ("img", {"element": [["call", "setAttribute", "alt", ""]]}),
            ('meta[name^="twitter:"]', {"element": [["call", "setAttribute", "content", "new"]]}),
            (
                "path",
                {
                    "element": [
                        ["call", "setAttribute", "k", "v"],
                        ["call", "after", "y"],
                        ["call", "append", "x"],
                        ["note", "namespaceURI"],
                    ]
                },
            ),
        ],
    ),
    "attributes that are read": _changed(
        ["note", "attributes", "tagName", "removed", "namespaceURI", "kind"],
        ["give", "getAttribute", "ID"],
        ["give", "getAttribute", "zz"],
        ["give", "hasAttribute", "data-X"],
        ["give", "hasAttribute", "zz"],
        of="div",
        document=PAGE,
    ),
    "attributes in any spelling": (
        "<DIV CLASS=\"A\" Data-X=1 data-x=2>t</DIV><p a b='' c= d = '5'e=6>x</p>",
        [
            (
                "div.A[data-x='1']",
                {
                    "element": [
                        ["note", "tagName", "attributes"],
                        ["call", "setAttribute", "Q", "1"],
                        ["call", "setAttribute", "DATA-X", "3"],
                    ]
                },
            ),
            ("p", {"element": [["note", "attributes"], ["call", "setAttribute", "z", ""]]}),
        ],
    ),
    "an attribute that stands twice": _changed(
        ["give", "getAttribute", "a"],
        ["call", "removeAttribute", "a"],
        document="<p a=1 a=2>x</p>",
    ),
    "entities stay as they are": (
        '<a href="?a=1&amp;b=2">x &amp; y</a>',
        [
            (
                "a[href='?a=1&b=2'],a[href='?a=1&amp;b=2']",
                {
                    "element": [
                        ["give", "getAttribute", "href"],
                        ["call", "setAttribute", "t", '&amp;"'],
                    ],
                    "text": [["note", "text"]],
                },
            )
        ],
    ),
    "what cannot be a name": _changed(
        *(["call", "setAttribute", name, "v"] for name in ("", "a b", "a=", "A", "é", "a/", ">")),
        *(["set", "tagName", name] for name in ("", "a b", "1a", "é", "A", "b>")),
    ),
    "things put beside an element": (
        PAGE,
        [
            (
                "head",
                {
                    "element": [
                        ["call", "prepend", "<meta x>", HTML],
                        ["call", "append", "<b>&"],
                        ["call", "before", "B", HTML],
                        ["call", "after", "A"],
                    ]
                },
            ),
            (
                "b",
                {
                    "element": [
                        ["call", "prepend", "p1"],
                        ["call", "prepend", "p2"],
                        ["call", "append", "a1"],
                        ["call", "append", "a2"],
                        ["call", "before", "b1"],
                        ["call", "before", "b2"],
                        ["call", "after", "f1"],
                        ["call", "after", "f2"],
                    ]
                },
            ),
            (
                "br",
                {
                    "element": [
                        ["call", "append", "x"],
                        ["call", "after", "y"],
                        ["call", "prepend", "z"],
                        ["call", "setInnerContent", "i"],
                        ["call", "before", "w"],
                    ]
                },
            ),
        ],
    ),
    "elements that are removed": (
        PAGE,
        [
            ('meta[property^="og:"]', {"element": [["call", "remove"]]}),
            ("div", {"element": [["call", "remove"], ["note", "removed"]]}),
            ("b", {"element": [["note", "removed"]], "text": [["note", "text", "removed"]]}),
        ],
    ),
    "tags that are removed": (PAGE, [("b", {"element": [["call", "removeAndKeepContent"]]})]),
    "elements that are replaced": (PAGE, [("p", {"element": [["call", "replace", "<i>", HTML]]})]),
    "one that is replaced twice": _changed(
        ["call", "replace", "one"],
        ["call", "replace", "two"],
        ["call", "before", "x"],
        ["call", "after", "y"],
    ),
    "one that is replaced late": _changed(
        ["call", "prepend", "1"],
        ["call", "append", "2"],
        ["call", "setInnerContent", "I"],
        ["call", "prepend", "3"],
        ["call", "append", "4"],
        ["call", "replace", "R"],
        ["call", "prepend", "5"],
    ),
    "one that is removed early": _changed(
        ["call", "remove"],
        ["call", "prepend", "x"],
        ["call", "append", "y"],
        ["call", "before", "b"],
        ["call", "after", "f"],
        ["call", "setInnerContent", "i"],
    ),
    "one with another content": _changed(
        ["call", "setInnerContent", "<x>", HTML],
        ["call", "prepend", "P"],
        ["call", "append", "Q"],
        of="div",
        document=PAGE,
    ),
    "a text for content": _changed(["call", "setInnerContent", "<x>"], of="div", document=PAGE),
    "one of another name": _changed(["set", "tagName", "strong"], of="b", document=PAGE),
    "handlers within what goes": (
        "<p>a<b>c</b></p>d",
        [
            ("p", {"element": [["call", "setInnerContent", "N"]]}),
            (
                "b",
                {
                    "element": [["call", "before", "X"], ["call", "replace", "Y"]],
                    "text": [["note", "text"], ["call", "before", "Z"]],
                },
            ),
        ],
    ),
    "two handlers of one element": (
        "<p>a</p>",
        [
            ("p", {"element": [["call", "remove"]]}),
            (
                "p",
                {
                    "element": [
                        ["note", "removed"],
                        ["call", "setAttribute", "a", "b"],
                        ["call", "before", "x"],
                    ]
                },
            ),
        ],
    ),
    "what is no text": _changed(
        ["call", "append", 5],
        ["call", "before", None],
        ["call", "after", True],
        ["call", "prepend", 1.5, {"html": 1}],
    ),
    "the end tag": (
        "<p>a</p>",
        [
            (
                "p",
                {
                    "element": [
                        ["call", "append", "1"],
                        ["call", "after", "2"],
                        [
                            "end",
                            [
                                ["call", "before", "3"],
                                ["call", "after", "4"],
                                ["note", "name", "kind"],
                                ["set", "name", "Q"],
                                ["note", "name"],
                            ],
                        ],
                    ]
                },
            )
        ],
    ),
    "an end tag that is removed": _changed(["end", [["call", "remove"]]], of="b", document=PAGE),
    "of two functions for an end tag the last": _changed(
        ["end", [["call", "before", "1"]]], ["end", [["call", "before", "2"]]]
    ),
    "an element without an end": _changed(["end", []], of="br", document=PAGE),
    "tags that are not closed": (
        "<div><p>a<b>c</div>x",
        [
            (
                name,
                {
                    "element": [
                        ["call", "append", f"({name})"],
                        ["end", [["note", "name"], ["call", "after", f"<{name}"]]],
                    ]
                },
            )
            for name in ("p", "b", "div")
        ],
    ),
    "an open element that is removed": _changed(
        ["call", "remove"], of="li:first-child", document="<ul><li>1<li>2</ul>x"
    ),
    "open elements and what stands beside them": _changed(
        ["call", "after", "A"], ["call", "append", "B"], of="li", document="<ul><li>1<li>2</ul>x"
    ),
    "open elements of another name": _changed(
        ["set", "tagName", "q"], of="li", document="<ul><li>1<li>2</ul>x"
    ),
    "the end of the document in an element": _changed(
        ["call", "append", "X"],
        ["call", "after", "Y"],
        ["end", [["note", "name"]]],
        of="div",
        document="<div>abc",
    ),
    "the end of the document in what is removed": _changed(
        ["call", "remove"], of="div", document="<div>abc"
    ),
    "end tags of nothing": _changed(["note", "tagName"], document="a</p>b</div>"),
    "the end of the document in a tag": (
        "abc<div cl",
        [(None, {"text": [["note", "text", "lastInTextNode"]]})],
    ),
    "the end of the document in a comment": (
        "abc<!-- x",
        [(None, {"comments": [["note", "text"]], "text": [["note", "text", "lastInTextNode"]]})],
    ),
    "comments": (
        PAGE,
        [
            (
                "body",
                {
                    "comments": [
                        ["note", "text", "removed"],
                        ["set", "text", "new"],
                        ["call", "before", "<", HTML],
                        ["call", "after", ">"],
                    ]
                },
            )
        ],
    ),
    "comments that go": ("<!--a-->b", [(None, {"comments": [["call", "remove"]]})]),
    "comments that change in every way": (
        "<!--a-->",
        [
            (
                None,
                {
                    "comments": [
                        ["call", "before", "1"],
                        ["call", "before", "2"],
                        ["call", "after", "3"],
                        ["call", "after", "4"],
                        ["set", "text", "b"],
                        ["set", "text", "a-->b"],
                        ["note", "text", "removed"],
                        ["call", "replace", "<r>", HTML],
                        ["note", "removed"],
                    ]
                },
            )
        ],
    ),
    "what the standard takes for comments": (
        "</ x><!x><?php ?><!----><!--><!--->a<!--b--!>c",
        [(None, {"comments": [["note", "text"]]})],
    ),
    "text": (PAGE, [("p", {"text": [["note", "text", "lastInTextNode", "removed", "kind"]]})]),
    "text that is changed": (
        PAGE,
        [
            ("b", {"text": [["some", [["call", "replace", "<bold>"]]], ["call", "after", "!"]]}),
            (
                "p.z",
                {
                    "text": [
                        ["call", "remove"],
                        ["note", "removed"],
                        ["call", "before", "1"],
                        ["call", "before", "2"],
                        ["call", "after", "3"],
                        ["call", "after", "4"],
                    ]
                },
            ),
        ],
    ),
    "who hears of text and comments": (
        "<body><!--c--><p>x<b>bold</b></p></body>",
        [
            (None, {"text": [["some", [["note", "text"]]]], "comments": [["note", "text"]]}),
            ("b", {"text": [["some", [["note", "text"]]]], "element": [["note", "tagName"]]}),
            ("p b", {"element": [["note", "tagName"]]}),
            ("body", {"comments": [["note", "text"]]}),
        ],
    ),
    "text without markup": (
        RAW,
        [("*", {"element": [["note", "tagName"]]})],
    ),
    "text to the end": ("<plaintext><b>x</plaintext>", [("*", {"element": [["note", "tagName"]]})]),
    "the document's type and end": (
        PAGE,
        [
            (
                None,
                {
                    "doctype": [["note", "name", "publicId", "systemId"]],
                    "end": [
                        ["call", "append", "<!-- end -->", HTML],
                        ["call", "append", "<"],
                        ["note", "kind"],
                    ],
                },
            )
        ],
    ),
    "types of documents": (
        '<!DOCTYPE HTML PUBLIC "-//W3C//DTD" "http://x"><!doctype svg system \'a\'><!doctype>',
        [(None, {"doctype": [["note", "name", "publicId", "systemId"]]})],
    ),
    "no document": ("", [(None, {"end": [["call", "append", "x"]]})]),
    "markup that is not HTML": (
        FOREIGN,
        [
            ("*", {"element": [["note", "tagName", "namespaceURI"]]}),
            ("div p", {"element": [["note", "tagName"]]}),
        ],
    ),
    "space in tags": _changed(["call", "setAttribute", "b", "2"], document="<p\n a=1\n>x</p\n>"),
    "an error in a handler": _changed(["raise", "in handler"]),
    "an error at an end": _changed(["end", [["raise", "at the end"]]]),
    **{
        f"selector {text!r}": (PAGE, [(text, {"element": [["note", "tagName", "attributes"]]})])
        for text in SELECTORS
    },
}
