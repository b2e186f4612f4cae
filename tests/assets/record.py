"""Write down what wrangler answers: `python -m tests.assets.record`.

Nothing but its own answers goes into `answers.json`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.assets.site import SITES, Site, build, exchange
from tests.wrangler import wrangler_dev

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


def main() -> None:
    """Record every site anew."""
    answers: dict[str, Any] = {}
    for site in SITES:
        answers[site.name] = _recorded(site)
        sys.stdout.write(f"{site.name}: {len(answers[site.name])} answers\n")
    ANSWERS.write_text(_text(answers), "utf-8")


def _text(answers: dict[str, dict[str, Any]]) -> str:
    """Write a line for each request, so that a change of one shows as such."""
    sites = []
    for name, recorded in sorted(answers.items()):
        lines = [f"  {_json(key)}: {_json(answer)}" for key, answer in sorted(recorded.items())]
        sites.append(f" {_json(name)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(sites) + "\n}\n"


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _recorded(site: Site) -> dict[str, Any]:
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
        with wrangler_dev(project) as port:
            etags: dict[str, str] = {}
            return {asked.key: exchange(port, asked, etags) for asked in site.requests}


if __name__ == "__main__":
    main()
