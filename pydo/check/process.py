"""Rules of the process: Cloudflare has one thread, no other process, and no raw sockets."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydo.check.finding import Finding
from pydo.config import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydo.check.module import Module
    from pydo.check.project import Project

__all__ = ["BLOCKING_REQUESTS", "check_calls"]

_VERBS = ("get", "post", "put", "patch", "delete", "head", "options", "request")
BLOCKING_REQUESTS = (
    *(f"{library}.{verb}" for library in ("requests", "httpx") for verb in _VERBS),
    *("httpx.stream", "urllib.request.urlopen", "urllib3.request"),
)
"""What sends a request and waits for its answer."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Calls that are found by name, `?.method` being one of anything."""

    name: str
    calls: tuple[str, ...]
    why: str
    hint: str
    severity: Severity = Severity.ERROR
    until: tuple[int, int] = (99, 0)  # the first Python on Cloudflare that can
    at_import: bool = True
    is_of_classes: bool = False  # whether classes that derive from one are meant as well


_SPAWNS = (*("Popen", "run", "call", "check_call", "check_output", "getoutput", "getstatusoutput"),)
_SHARED = (
    *("Process", "Pool", "Manager", "Queue", "SimpleQueue", "JoinableQueue", "Pipe", "Lock"),
    *("RLock", "Semaphore", "BoundedSemaphore", "Condition", "Event", "Barrier", "Value", "Array"),
)
_RULES = (
    _Rule(
        "thread",
        (
            "threading.Thread",
            "threading.Timer",
            "_thread.start_new_thread",
            "concurrent.futures.ThreadPoolExecutor",
            "concurrent.futures.thread.ThreadPoolExecutor",
            "multiprocessing.pool.ThreadPool",
        ),
        "starts a thread, and Cloudflare has none",
        "use asyncio: tasks, `asyncio.gather`, `ctx.waitUntil`",
        is_of_classes=True,
    ),
    _Rule(
        "process",
        (
            *(f"subprocess.{each}" for each in _SPAWNS),
            *(f"multiprocessing.{each}" for each in _SHARED),
            "concurrent.futures.ProcessPoolExecutor",
            "asyncio.create_subprocess_exec",
            "asyncio.create_subprocess_shell",
            "os.system",
            "os.popen",
            "os.fork",
            "os.forkpty",
            "os.execv",
            "os.execve",
            "os.execvp",
            "os.posix_spawn",
            "os.spawnv",
            "os.kill",
        ),
        "needs another process, and Cloudflare has none",
        "do it in Python, or call a service with `fetch`",
        is_of_classes=True,
    ),
    _Rule(
        "signal",
        ("signal.signal", "signal.alarm", "signal.setitimer", "?.add_signal_handler"),
        "waits for a signal, and no signal comes on Cloudflare",
        "leave it out; for time-outs there is `asyncio.timeout`",
    ),
    _Rule(
        "socket",
        (
            "socket.socket",
            "socket.create_connection",
            "socket.socketpair",
            "asyncio.open_connection",
            "smtplib.SMTP",
            "smtplib.SMTP_SSL",
            "ftplib.FTP",
            "imaplib.IMAP4",
            "imaplib.IMAP4_SSL",
            "poplib.POP3",
        ),
        "opens a raw socket, which Python on Cloudflare has from 3.14 on",
        "use `fetch`, a WebSocket, or a compatibility_date of 2026-09-08 or later",
        until=(3, 14),
    ),
    _Rule(
        "listen",
        (
            "asyncio.start_server",
            "asyncio.start_unix_server",
            "socket.create_server",
            "http.server.HTTPServer",
            "http.server.ThreadingHTTPServer",
            "socketserver.TCPServer",
            "uvicorn.run",
            "aiohttp.web.run_app",
            "wsgiref.simple_server.make_server",
        ),
        "listens for connections, which come to a Worker only through its handlers",
        "answer in `fetch`; a framework's application goes to `workers.asgi` or `workers.wsgi`",
    ),
    _Rule(
        "blocking",
        (
            "time.sleep",
            *BLOCKING_REQUESTS,
            "requests.Session",
            "requests.session",
            "urllib3.PoolManager",
            "http.client.HTTPConnection",
            "http.client.HTTPSConnection",
            "httpx.Client",
        ),
        "keeps everything else of the object waiting until it is done",
        "await what does not block: `asyncio.sleep`, `workers.fetch`, `httpx.AsyncClient`",
        Severity.WARNING,
        at_import=False,
    ),
    _Rule(
        "terminal",
        ("input", "getpass.getpass", "breakpoint", "pdb.set_trace"),
        "waits for a terminal, and there is none on Cloudflare",
        "take it out before you deploy",
        Severity.WARNING,
    ),
)
_RULE_OF = {call: rule for rule in _RULES for call in rule.calls}


def check_calls(project: Project) -> Iterator[Finding]:
    """Find calls of what Cloudflare does not have, and classes made of it."""
    for module in project.modules:
        for call in module.calls:
            rule = _RULE_OF.get(call.name) or _RULE_OF.get(f"?.{call.name.rpartition('.')[2]}")
            if rule is not None and (rule.at_import or not project.runs_at_import(call)):
                yield from _told(project, module, call.name, call.node, rule)
        for node in ast.walk(module.tree):
            for base in node.bases if isinstance(node, ast.ClassDef) else ():
                rule = _RULE_OF.get(name := module.dotted(base))
                if rule is not None and rule.is_of_classes:
                    yield from _told(project, module, name, base, rule)


def _told(
    project: Project, module: Module, name: str, node: ast.expr, rule: _Rule
) -> Iterator[Finding]:
    if project.python < rule.until:
        message = f"{name.removeprefix('?.')} {rule.why}"
        yield Finding(rule.name, message, rule.hint, module.span(node), rule.severity)
