"""A folder of assets, and the requests that are made of it: of wrangler once, of pydo in each test.

`record.py` writes down what wrangler answers; `test_answers.py` holds pydo to it.
"""

from __future__ import annotations

import http.client
import re
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["SITES", "Asked", "Site", "build", "exchange"]

_TIMEOUT_S = 20
_ETAG = re.compile(r'"[0-9a-f]{32}"')
# Those that the server itself adds, to any answer.
_OF_THE_SERVER = {"connection", "date", "keep-alive", "transfer-encoding"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it goes over the wire; `<etag>` in a header stands for the asset's own."""

    target: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def key(self) -> str:
        """Its name in what was recorded."""
        headers = "".join(f" {name}: {value}" for name, value in self.headers.items())
        return f"{self.method} {self.target}{headers}"


@dataclass(frozen=True, slots=True)
class Site:
    """One way to configure assets over the folder."""

    name: str
    assets: Mapping[str, Any]
    has_worker: bool = True
    requests: tuple[Asked, ...] = ()


FILES = {
    "index.html": "<h1>home</h1>",
    "404.html": "not here",
    "about.html": "about",
    "app.js": "let a = 1;",
    "app.mjs": "export {};",
    "a%20b.txt": "a percent in the name",
    "blog/index.html": "blog",
    "blog/post.html": "post",
    "blog/404.html": "not in the blog",
    "blog/deep/index.html": "deep",
    "both.html": "both.html",
    "both/index.html": "both/index.html",
    "data.json": "{}",
    "dot.dir/file.txt": "in a folder with a dot",
    "empty.txt": "",
    "feed.xml": "<a/>",
    "file.txt": "file",
    "font.woff2": "font",
    "icon.svg": "<svg/>",
    "img.png": "png",
    "ignored/file.txt": "ignored",
    "keep.secret": "kept",
    "page.wasm": "wasm",
    "nested/index": "a file named index",
    "noext": "no extension",
    "one.secret": "secret",
    "plus+sign.txt": "plus",
    "amp&x=1.txt": "amp",
    "q?x.txt": "question",
    "hash#x.txt": "hash",
    "semi;colon,comma@at$dollar!.txt": "reserved",
    "(paren)'quote*.txt": "unreserved",
    "[slug].html": "brackets",
    "tilde~.txt": "tilde",
    "unknown.zzz": "unknown",
    "UPPER.TXT": "upper",
    "with space.txt": "space",
    "with space/index.html": "space index",
    "\u00fcn\u00ef.html": "unicode",
    "emoji\U0001f600.txt": "emoji",
    "README.md": "# readme",
    ".hidden": "hidden",
    ".well-known/x.txt": "well known",
    "archive.tar.gz": "gz",
    "map.js.map": "{}",
    "types.ts": "ts",
    "photo.JPEG": "jpeg",
    "video.mp4": "mp4",
    "manifest.webmanifest": "{}",
    "old/page.txt": "still there",
    "users/id.html": "a user",
    "same.txt": "same",
}
HEADERS = """\
# what goes with the assets
/*
  X-All: yes

/file.txt
  X-File: one
  x-file: two
  Cache-Control: no-cache
/blog/*
  X-Splat: :splat
  ! Cache-Control
/users/:name
  X-Name: :name
  Content-Type: text/x-user
no path: here
/nothing

https://localhost/style.css
  X-Host: localhost
/app.js
  X-All: again
  X-Colon: a:b:c
"""
REDIRECTS = """\
# old places
/home /
/old/file /file.txt 301
/old/page.txt /file.txt 308
/to/query /file.txt?a=1#b
/to/away https://example.com/there?x=1 307
/see /about 303
/rewrite /file.txt 200
/rewrite/html /about.html 200
/rewrite/missing /missing 200
/bad /there 999
/loop/* /index.html 200
/home /again
one-token
/splat/* /blog/:splat
/user/:id /users/id 200
/users/:first/:second https://example.com/:second/:first 302
/late /file.txt
/a/* /b//c/:splat 301
"""
IGNORED = "*.secret\nignored/\n!keep.secret\n"

_TARGETS = (
    *("/", "/index", "/index.html", "/index/", "//", "/?a=1", "/./", "/../", "/index.html?x=1"),
    *("/about", "/about/", "/about.html", "/about/index", "/about/index.html", "/about.html/"),
    *("/about?x=1&y=2", "/about/?x=1", "/about.html?x=%20"),
    *("/blog", "/blog/", "/blog/index", "/blog/index.html", "/blog/post", "/blog/post.html"),
    *("/blog/post/", "/blog.html", "/blog/none", "/blog/deep", "/blog/deep/", "/blog/deep/none"),
    *("/blog//", "//blog/", "/blog//post", "/blog/./post", "/blog/../about", "/blog/%2e/post"),
    *("/both", "/both/", "/both.html", "/both/index.html", "/both/index"),
    *("/404", "/404.html", "/404/"),
    *("/nested", "/nested/", "/nested/index", "/nested/index.html"),
    *("/file.txt", "/file.txt/", "/file", "/FILE.TXT", "/File.txt", "/upper.txt", "/UPPER.TXT"),
    *("/file.txt?x", "/file.txt?", "/file.txt%20", "/file.txt%00", "/file%2etxt", "/f%69le.txt"),
    *("/app.js", "/app.mjs", "/data.json", "/feed.xml", "/font.woff2", "/icon.svg", "/img.png"),
    *("/page.wasm", "/unknown.zzz", "/noext", "/README.md", "/archive.tar.gz", "/map.js.map"),
    *("/types.ts", "/photo.JPEG", "/photo.jpeg", "/video.mp4", "/manifest.webmanifest"),
    *("/empty.txt", "/dot.dir/file.txt", "/dot.dir", "/dot.dir/"),
    *("/with%20space.txt", "/with%20space", "/with%20space/", "/with+space.txt"),
    *("/plus+sign.txt", "/plus%2Bsign.txt", "/plus%2bsign.txt", "/plus%20sign.txt"),
    *("/amp&x=1.txt", "/amp%26x%3D1.txt", "/q?x.txt", "/q%3Fx.txt", "/hash%23x.txt"),
    *("/semi;colon,comma@at$dollar!.txt", "/semi%3Bcolon%2Ccomma%40at%24dollar!.txt"),
    *("/(paren)'quote*.txt", "/%28paren%29%27quote%2A.txt", "/[slug]", "/%5Bslug%5D"),
    *("/[slug].html", "/%5bslug%5d", "/tilde~.txt", "/tilde%7E.txt"),
    *("/%C3%BCn%C3%AF", "/%c3%bcn%c3%af", "/%C3%BCn%C3%AF.html", "/%C3%BCn%C3%AF/", "/%FCn"),
    *("/emoji%F0%9F%98%80.txt", "/a%20b.txt", "/a%2520b.txt", "/%", "/%zz", "/file.txt%", "/%c3"),
    *("/.hidden", "/.well-known/x.txt", "/.well-known", "/.assetsignore", "/_headers"),
    *("/_redirects", "/ignored/file.txt", "/one.secret", "/keep.secret"),
    *("/..%2fsecret.txt", "/%2e%2e/secret.txt", "/%2e%2e%2fsecret.txt", "/..%5csecret.txt"),
    *("/blog/..%2f..%2fsecret.txt", "/blog/%2e%2e/%2e%2e/secret.txt", "/..;/secret.txt"),
    *("/.%2e/secret.txt", "/....//secret.txt", "/blog/..%2ffile.txt", "/blog%2fpost"),
    *("/blog%2Findex.html", "/%2fetc/passwd", "/%2Ffile.txt", "//file.txt", "///file.txt"),
    *("/blog\\post", "/..\\secret.txt", "/%5c..%5csecret.txt", "//example.com/..%2f"),
    *("//example.com", "//example.com/", "/blog//index.html", "/blog/%2f", "/%2f%2fexample.com"),
    *("/link-inside.txt", "/link-folder/post"),
    *("/home", "/home/", "/home?x=1", "/old/file", "/old/file?q=1", "/old/page.txt", "/to/query"),
    *("/to/query?z=2", "/to/away", "/to/away?z=2", "/see", "/rewrite", "/rewrite?x=1"),
    *("/rewrite/html", "/rewrite/missing", "/bad", "/loop/x", "/one-token", "/splat/post"),
    *("/splat/deep/x?q", "/splat/", "/user/7", "/user/7/8", "/users/a/b", "/late", "/a/x//y"),
    *("/a/", "/users/id", "/users/id.html", "/missing", "/missing/", "/missing.html", "/missing/x"),
    "/same.txt",
)
_COMMON = tuple(Asked(target) for target in _TARGETS)
_OTHER_METHODS = tuple(
    Asked(target, method)
    for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
    for target in ("/", "/file.txt", "/about.html", "/missing", "/home", "/rewrite", "/empty.txt")
)
_CONDITIONAL = tuple(
    Asked("/same.txt", method, {name: value})
    for method in ("GET", "HEAD")
    for name, value in (
        ("If-None-Match", "<etag>"),
        ("If-None-Match", "W/<etag>"),
        ("If-None-Match", '"other"'),
        ("If-None-Match", '"other", <etag>'),
        ("If-None-Match", "*"),
        ("If-Match", '"other"'),
        ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"),
        ("Range", "bytes=0-1"),
        ("Range", "bytes=-2"),
        ("Range", "bytes=99-"),
        ("Authorization", "Basic eDp5"),
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
    )
)
_NAVIGATION = tuple(
    Asked(target, "GET", {"Sec-Fetch-Mode": mode})
    for mode in ("navigate", "cors")
    for target in ("/missing", "/blog/none", "/file.txt", "/api/x", "/about/")
)
_ROUTED = tuple(
    Asked(target)
    for target in (
        *("/api", "/api/", "/api/x", "/api/docs", "/api/docs/x", "/api/docs/", "/wsx", "/ws"),
        *("/ws/", "/blog/post", "/blog/", "/file.txt", "/img.png", "/app.js", "/%61pi/x"),
        *("/missing", "/API/x", "/api/../file.txt", "//api/x"),
    )
)
_THROUGH_WORKER = tuple(
    Asked(f"/{way}{target}", method)
    for way in ("via", "pass")
    for method in ("GET", "HEAD", "POST")
    for target in (
        *("/", "/file.txt", "/about.html", "/missing", "/home", "/to/query", "/rewrite", "/blog"),
        *("/with%20space.txt", "/..%2fsecret.txt", "/users/id"),
    )
)

SITES = (
    Site("plain", {}, requests=(*_COMMON, *_OTHER_METHODS, *_CONDITIONAL, *_NAVIGATION)),
    Site(
        "force-404",
        {"html_handling": "force-trailing-slash", "not_found_handling": "404-page"},
        requests=(*_COMMON, *_OTHER_METHODS, *_NAVIGATION),
    ),
    Site(
        "drop-spa",
        {
            "html_handling": "drop-trailing-slash",
            "not_found_handling": "single-page-application",
        },
        requests=(*_COMMON, *_OTHER_METHODS, *_NAVIGATION),
    ),
    Site("none", {"html_handling": "none"}, requests=_COMMON),
    Site(
        "alone-404",
        {"not_found_handling": "404-page"},
        has_worker=False,
        requests=(*_COMMON, *_OTHER_METHODS, *_NAVIGATION),
    ),
    Site(
        "alone-spa",
        {"not_found_handling": "single-page-application"},
        has_worker=False,
        requests=(*_COMMON, *_NAVIGATION),
    ),
    Site("alone", {}, has_worker=False, requests=(*_OTHER_METHODS, *_NAVIGATION)),
    Site(
        "worker-first",
        {"run_worker_first": True, "not_found_handling": "404-page"},
        requests=(*_ROUTED, *_THROUGH_WORKER, *_OTHER_METHODS),
    ),
    Site(
        "routed",
        {
            "run_worker_first": ["/api/*", "/ws", "/blog/p*", "!/api/docs/*"],
            "not_found_handling": "single-page-application",
        },
        requests=(*_ROUTED, *_NAVIGATION, *_THROUGH_WORKER),
    ),
)


def build(folder: Path) -> Path:
    """Make the folder `public`, with something beside it that nobody may see."""
    public = folder / "public"
    for name, text in FILES.items():
        path = public / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "secret.txt").write_text("secret")
    (folder / "private").mkdir()
    (folder / "private" / "secret.txt").write_text("secret")
    (public / "_headers").write_text(HEADERS)
    (public / "_redirects").write_text(REDIRECTS)
    (public / ".assetsignore").write_text(IGNORED)
    (public / "link-inside.txt").symlink_to("file.txt")
    (public / "link-folder").symlink_to("blog")
    (public / "outside").symlink_to(folder / "private")
    return public


def exchange(port: int, asked: Asked, etags: dict[str, str]) -> dict[str, Any]:
    """Make a request over a socket of its own, and give what is to be compared.

    `etags` are those seen so far, by target.
    """
    target = asked.target.encode()
    lines = [f"{asked.method} ".encode() + target + b" HTTP/1.1", b"Connection: close"]
    for name, value in {"Host": f"localhost:{port}", **asked.headers}.items():
        if "<etag>" in value and asked.target not in etags:
            exchange(port, Asked(asked.target), etags)
        lines.append(f"{name}: {value.replace('<etag>', etags.get(asked.target, ''))}".encode())
    if asked.method in {"POST", "PUT", "PATCH"}:
        lines.append(b"Content-Length: 0")
    with socket.create_connection(("127.0.0.1", port), _TIMEOUT_S) as connection:
        connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
        response = http.client.HTTPResponse(connection, method=asked.method)
        try:
            response.begin()
        except ConnectionError:
            return {"status": 0, "headers": [], "body": ""}
        body = response.read()
    for value in response.headers.get_all("etag", []):
        etags[asked.target] = value
    return {
        "status": response.status,
        "headers": sorted(
            [name.lower(), _ETAG.sub("<etag>", value).replace(f":{port}", ":PORT")]
            for name, value in response.headers.items()
            if name.lower() not in _OF_THE_SERVER
        ),
        "body": body.decode("latin-1").replace(f":{port}", ":PORT"),
    }
