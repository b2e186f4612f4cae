"""Write down what wrangler answers: `python -m tests.assets.record WRANGLER PORT`.

WRANGLER is the path of its program; nothing but its own answers goes into `answers.json`.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.assets.site import SITES, Site, build, exchange

ANSWERS = Path(__file__).with_name("answers.json")
_WORKER = """
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const way = url.pathname.split("/")[1];
    if (way === "via" || way === "pass") {
      const to = new URL(request.url.replace(`/${way}/`, "/"));
      return way === "via"
        ? env.ASSETS.fetch(to, { method: request.method })
        : env.ASSETS.fetch(new Request(to, request));
    }
    return new Response(`worker ${request.method} ${url.pathname}`);
  },
};
"""
_START_S = 60


def main(wrangler: str, port: int) -> None:
    """Record every site anew."""
    answers: dict[str, Any] = {}
    for site in SITES:
        answers[site.name] = _recorded(wrangler, port, site)
        sys.stdout.write(f"{site.name}: {len(answers[site.name])} answers\n")
    ANSWERS.write_text(_text(answers), "utf-8")


def _text(answers: dict[str, dict[str, Any]]) -> str:
    """Write a line for each request, so that a change of one shows as such."""
    sites = []
    for name, recorded in answers.items():
        lines = [f"  {_json(key)}: {_json(answer)}" for key, answer in sorted(recorded.items())]
        sites.append(f" {_json(name)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(sites) + "\n}\n"


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _recorded(wrangler: str, port: int, site: Site) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        build(project)
        assets = {"directory": "public", **site.assets}
        config: dict[str, Any] = {
            "name": "site",
            "compatibility_date": "2026-01-01",
            "assets": assets,
        }
        if site.has_worker:
            (project / "worker.mjs").write_text(_WORKER)
            config["main"] = "worker.mjs"
            assets["binding"] = "ASSETS"
        (project / "wrangler.json").write_text(json.dumps(config))
        server = subprocess.Popen(  # noqa: S603 - the program that was named
            [wrangler, "dev", "--port", str(port), "--inspector-port", "0"],
            cwd=project,
            env={**os.environ, "CI": "1", "WRANGLER_SEND_METRICS": "false"},
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _wait_for(port)
            etags: dict[str, str] = {}
            return {asked.key: exchange(port, asked, etags) for asked in site.requests}
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()


def _wait_for(port: int) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(f"nothing listens on {port}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
