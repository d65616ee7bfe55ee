"""The functions that run at the edge, run by Node.js: paths end where the embedded cloud's end."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import app
from headwater.local import static
from infra import declared

CDN = Path(app.__file__).parent / "infra/modules/cdn"
PATHS = [
    *("/", "/studio", "/watch/rec_1", "/watch/", "/watch/a/b", "/embed/rec_1", "/recordings/rec_1", "/settings"),
    *("/analytics", "/analytics/live", "/analytics/recordings/r/sessions/s", "/webhooks", "/together", "/signed-in"),
    *("/assets/api.js", "/assets/abr/tables/vod.json", "/favicon.svg", "/index.html", "/README.md", "/nothing"),
    *("/watch.html", "/robots.txt", "/assetsx"),
]


def ran(code: str, *uris: str) -> list[dict[str, object]]:
    """Return what a function makes of each request."""
    events = json.dumps([{"request": {"uri": uri, "headers": {}}} for uri in uris])
    script = f"{code}\nconsole.log(JSON.stringify({events}.map(handler)));"
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def test_pages_are_found_as_locally() -> None:
    """Each path names the same file, or nothing."""
    code = (CDN / "pages.js.tftpl").read_text("utf-8").replace("${pages}", json.dumps(declared.pages()))
    found = {}
    for path, answer in zip(PATHS, ran(code, *PATHS), strict=True):
        found[path] = None if answer.get("statusCode") == 404 else str(answer["uri"]).removeprefix("/")
    assert found == {path: static.file_of(path) for path in PATHS}


def test_what_only_the_deployment_has() -> None:
    """The pages' configuration is a file in the bucket; locally the origin makes it."""
    code = (CDN / "pages.js.tftpl").read_text("utf-8").replace("${pages}", json.dumps(declared.pages()))
    assert ran(code, "/config.json")[0]["uri"] == "/config.json"


def test_the_functions_are_small_enough() -> None:
    """CloudFront takes 10 KB of a function."""
    code = (CDN / "pages.js.tftpl").read_text("utf-8").replace("${pages}", json.dumps(declared.pages()))
    assert len(code.encode()) < 10_000


def test_sockets_open_at_the_stage() -> None:
    """API Gateway's sockets are at their stage's path, whatever ours is called."""
    assert ran((CDN / "socket.js").read_text("utf-8"), "/ws")[0]["uri"] == "/api"
