"""Rules of the process: Cloudflare has one thread, no other process, and no raw sockets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydo.check.finding import Finding
from pydo.config import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydo.check.module import Call
    from pydo.check.project import Project

__all__ = ["check_calls"]


@dataclass(frozen=True, slots=True)
class _Rule:
    """Calls that are found by name; one that ends in `.` stands for all in that module."""

    name: str
    calls: tuple[str, ...]
    why: str
    hint: str
    severity: Severity = Severity.ERROR
    until: tuple[int, int] = (99, 0)  # the first Python on Cloudflare that can
    at_import: bool = True


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
    ),
    _Rule(
        "process",
        (
            "subprocess.",
            "multiprocessing.",
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
            "ssl.create_default_context",
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
            "requests.",
            "urllib.request.urlopen",
            "urllib3.",
            "http.client.HTTPConnection",
            "http.client.HTTPSConnection",
            "httpx.get",
            "httpx.post",
            "httpx.put",
            "httpx.patch",
            "httpx.delete",
            "httpx.head",
            "httpx.request",
            "httpx.stream",
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
_EXACT = {call: rule for rule in _RULES for call in rule.calls if not call.endswith(".")}
_MODULES = {call: rule for rule in _RULES for call in rule.calls if call.endswith(".")}
# What only names or reads things in modules that are refused as a whole.
_HARMLESS = {
    "multiprocessing.cpu_count",
    "multiprocessing.current_process",
    "requests.compat.urljoin",
    "requests.structures.CaseInsensitiveDict",
    "subprocess.list2cmdline",
    "urllib3.util.parse_url",
}


def check_calls(project: Project) -> Iterator[Finding]:
    """Find calls of what Cloudflare does not have."""
    for module in project.modules:
        for call in module.calls:
            rule = _rule_of(call)
            if rule is None or project.python >= rule.until:
                continue
            if call.at_import and not rule.at_import:
                continue
            shown = call.name.removeprefix("?.")
            message = f"{shown} {rule.why}"
            yield Finding(rule.name, message, rule.hint, module.span(call.node), rule.severity)


def _rule_of(call: Call) -> _Rule | None:
    name = call.name
    if name in _HARMLESS:
        return None
    if name in _EXACT:
        return _EXACT[name]
    method = f"?.{name.rpartition('.')[2]}"
    if method in _EXACT:
        return _EXACT[method]
    return next((rule for start, rule in _MODULES.items() if name.startswith(start)), None)
