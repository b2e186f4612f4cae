"""The snippets: where they stand, and what they find around them."""

import pathlib

HERE = pathlib.Path(__file__).parent.parent


def snippets():
    """Give each snippet, with the reason why pydo's answer is another one, or None."""
    found = {}
    for file in sorted((HERE / "snippets").glob("*.txt")):
        for paragraph in file.read_text().split("\n\n"):
            lines = paragraph.strip("\n").splitlines()
            reason = None
            while lines and lines[0].startswith("#"):
                line = lines.pop(0)
                if line.startswith("# differs: "):
                    reason = line.removeprefix("# differs: ")
            if lines:
                found["\n".join(lines)] = reason
    return found


def names():
    """Give what every snippet finds."""
    import js
    import pyodide.ffi
    import pyodide.http
    import workers
    from pyodide.ffi import (
        JsException,
        JsProxy,
        create_once_callable,
        create_proxy,
        destroy_proxies,
        jsnull,
        to_js,
    )

    entries = js.Object.fromEntries
    return {
        "js": js,
        "pyodide": pyodide,
        "workers": workers,
        "JsException": JsException,
        "JsProxy": JsProxy,
        "create_once_callable": create_once_callable,
        "create_proxy": create_proxy,
        "destroy_proxies": destroy_proxies,
        "jsnull": jsnull,
        "to_js": to_js,
        "obj": lambda **members: to_js(members, dict_converter=entries),
        "through": lambda value: js.Array.of(value)[0],
    }


async def record():
    """Give the answer of each snippet."""
    from describe import answer

    return {source: await answer(source, names()) for source in snippets()}
