"""What the terminal says when Workers are served: where they are, and what of them is different."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydo.serve.server import DEFAULT_PORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydo.console import Console
    from pydo.dev.served import Served

__all__ = ["tell_of_closed_sockets", "tell_of_crons", "tell_of_missing_targets", "tell_the_address"]


def tell_the_address(console: Console, first: Served, port: int) -> None:
    """Say where the first Worker answers, and why there if another port was to be expected."""
    dev = first.config.dev
    if dev.port is None and port != DEFAULT_PORT:
        console.info(f"Port {DEFAULT_PORT} is in use; port {port} is taken instead")
    console.ready([_url(dev.ip, port)])


def tell_of_crons(console: Console, served: Sequence[Served], port: int, *, fires: bool) -> None:
    """Say when cron triggers fire, or how to let them."""
    crons = [each.named(cron) for each in served for cron in each.config.crons]
    if not crons:
        return
    if fires:
        console.info(f"Cron triggers fire on schedule, in UTC: {', '.join(crons)}")
        return
    first = served[0].config
    whose = f"which calls {first.name}: name another first to call that.\n"
    console.warn(
        "Scheduled Workers are not automatically triggered during local development.\n"
        "To manually trigger a scheduled event, run:\n"
        f'  curl "{_url(first.dev.ip, port)}/cdn-cgi/handler/scheduled"\n'
        + ("" if len(served) == 1 else whose)
        + "To have them triggered on schedule, run pydo dev --cron."
    )


def tell_of_missing_targets(console: Console, served: Sequence[Served]) -> None:
    """Say which bindings lead to what other Workers do not have."""
    for each in served:
        for message in each.neighbours.missing():
            console.error(message)


def tell_of_closed_sockets(console: Console, count: int) -> None:
    """Say that WebSockets end with the process."""
    if count:
        what = "1 WebSocket was" if count == 1 else f"{count} WebSockets were"
        console.warn(f"{what} closed (1001): a new process takes none over")


def _url(ip: str, port: int) -> str:
    host = {"0.0.0.0": "localhost", "::": "localhost"}.get(ip, ip)  # noqa: S104 - shown, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
