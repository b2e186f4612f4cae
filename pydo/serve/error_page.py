"""What a client is told when the Worker failed: as text, as a page or as JSON.

A page goes to who asks for HTML and is not curl, as wrangler decides it
(cloudflare/workers-sdk packages/miniflare/src/plugins/core/errors); JSON to who asks for that.
"""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING

from aiohttp import hdrs

from pydo.errors import JsException, UserCodeError
from pydo.loader import format_user_error
from pydo.runtime.failure import origin
from pydo.serve.answer import Answer, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

__all__ = ["error_answer"]

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 60rem }}
h1 {{ font-size: 1.25rem; overflow-wrap: anywhere }}
pre {{ background: #8881; border-radius: 6px; overflow-x: auto; padding: 1rem }}
p {{ color: #888 }}
</style>
</head>
<body>
<h1>{title}</h1>
<pre>{trace}</pre>
<p>{method} {url} &middot; pydo</p>
</body>
</html>
"""


def error_answer(
    error: BaseException, request: web.BaseRequest, owns: Callable[[str], bool]
) -> Answer:
    """Give the 500 for an error: its message, and the traceback of the user's own code."""
    title, trace = _describe(error, owns)
    accept = request.headers.get(hdrs.ACCEPT, "")
    if "application/json" in accept:
        body = {"error": title, "traceback": trace.splitlines()}
        return told(json.dumps(body), 500, "application/json")
    if _wants_page(request, accept):
        text = _PAGE.format(
            title=html.escape(title),
            trace=html.escape(trace),
            method=html.escape(request.method),
            url=html.escape(request.path_qs),
        )
        return told(text, 500, "text/html;charset=utf-8")
    return told(f"{title}\n\n{trace}" if trace else title, 500)


def _describe(error: BaseException, owns: Callable[[str], bool]) -> tuple[str, str]:
    source = origin(error)
    if isinstance(source, UserCodeError):
        title, trace = str(source), format_user_error(source, owns)
        return title, "" if trace.rstrip("\n").endswith(title) else trace
    if isinstance(source, JsException):
        return str(source), ""
    text = str(source)
    title = f"{type(source).__name__}: {text}" if text else type(source).__name__
    return title, format_user_error(error, owns)


def _wants_page(request: web.BaseRequest, accept: str) -> bool:
    agent = request.headers.get(hdrs.USER_AGENT, "")
    return "curl/" not in agent and "text/html" in accept
