"""`headwater webhooks` against a server that keeps one."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from headwater.cli import webhook_commands
from headwater.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]
HOOK: Json = {
    "id": "wh_1",
    "url": "https://a.test/h",
    "events": ["*"],
    "description": "The\x1b[31m wiki",
    "enabled": True,
    "disabled_reason": None,
    "failing_since": None,
    "last": None,
}


def delivery(number: int, status: str, *attempts: Json) -> Json:
    """Make a delivery."""
    return {
        "id": f"dlv_{number}",
        "type": "recording.ready",
        "created_at": "2026-11-28T10:05:00.000Z",
        "status": status,
        "attempts": list(attempts),
        "payload": {"data": {"recording": {"title": f"Lecture {number}"}}},
    }


@dataclass
class Server:
    """Answers as the API does, and keeps what was asked."""

    hooks: list[Json] = field(default_factory=lambda: [dict(HOOK)])
    log: list[Json] = field(default_factory=list)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Answer one call."""
        self.asked.append((method, path, body))
        below = path.removeprefix("/api/v1/webhooks").partition("?")
        match method, below[0].strip("/").split("/"):
            case "GET", [""]:
                return 200, {"webhooks": self.hooks}
            case "POST", [""]:
                return 201, {"webhook": HOOK | body, "secret": "whsec_abc"}
            case "POST", ["wh_1", "test"]:
                self.log.insert(0, delivery(9, "pending"))
                return 202, {"delivery": delivery(9, "pending")}
            case "GET", ["wh_1", "deliveries"]:
                start = 1 if "cursor=one" in below[2] else 0
                return 200, {"deliveries": self.log[start : start + 1], "next_cursor": None if start else "one"}
            case "DELETE", ["wh_1"]:
                return 204, None
        return 404, {"code": "webhook_not_found", "detail": "There is no such webhook."}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serve on loopback, where the command line is told to look."""
    stub = Server()

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, document = stub.answer(self.command, self.path, json.loads(raw) if raw else None)
            body = b"" if document is None else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _any  # noqa: N815  http.server names them

        def log_message(self, *_args: object) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.02,))
        thread.start()
        monkeypatch.setenv("HEADWATER_URL", f"http://127.0.0.1:{serving.server_port}")
        monkeypatch.setenv("HEADWATER_TOKEN", "t")
        yield stub
        serving.shutdown()
        thread.join()


def run(*args: str) -> Result:
    """Run the command line."""
    return CliRunner().invoke(app, ["webhooks", *args])


def test_list(server: Server) -> None:
    """How each does, and nothing a terminal would obey."""
    assert run("list").stdout == "wh_1  new           https://a.test/h\n    *  The [31m wiki\n"
    server.hooks = [HOOK | {"enabled": False, "disabled_reason": "gone"}, HOOK | {"failing_since": "2026"}]
    lines = run("list").stdout.splitlines()
    assert ("off (gone)" in lines[0], "failing" in lines[2]) == (True, True)
    assert json.loads(run("list", "--json").stdout) == {"webhooks": server.hooks}
    server.hooks = []
    assert run("list").stdout == "No webhooks.\n"


def test_add(server: Server) -> None:
    """All events unless some are named; the secret is printed."""
    added = run("add", "https://b.test/", "--event", "live.ended", "--event", "recording.ready")
    assert (added.exit_code, added.stdout.splitlines()[-1]) == (0, "whsec_abc")
    assert json.loads(run("add", "https://b.test/", "--description", "x", "--json").stdout)["secret"] == "whsec_abc"
    assert [body for _, _, body in server.asked] == [
        {"url": "https://b.test/", "events": ["live.ended", "recording.ready"], "description": ""},
        {"url": "https://b.test/", "events": ["*"], "description": "x"},
    ]


def test_a_test_waits_for_its_outcome(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 when it arrived, 1 when it did not, with what the receiver said."""
    outcome = {"status": 204, "error": None, "duration_ms": 12}

    def arrive(_seconds: float) -> None:
        server.log[0] = delivery(9, "delivered", outcome)

    monkeypatch.setattr(webhook_commands.time, "sleep", arrive)
    assert (run("test", "wh_1").exit_code, run("test", "wh_1").stdout) == (0, "Arrived: 204 after 12 ms\n")

    def fail(_seconds: float) -> None:
        server.log[0] = delivery(9, "pending", {"status": None, "error": "tls_failed", "duration_ms": 3})

    monkeypatch.setattr(webhook_commands.time, "sleep", fail)
    failed = run("test", "wh_1")
    assert (failed.exit_code, "tls_failed after 3 ms" in failed.stderr) == (1, True)
    assert json.loads(run("test", "wh_1", "--json").stdout)["status"] == "pending"


def test_deliveries(server: Server) -> None:
    """Page by page, to the limit."""
    first = delivery(
        2,
        "failed",
        {"status": 500, "error": None, "duration_ms": 9},
        {"status": 302, "error": "redirected", "duration_ms": 4},
    )
    server.log = [first, delivery(1, "pending")]
    lines = run("deliveries", "wh_1").stdout.splitlines()
    assert lines[0].endswith("302 redirected after 4 ms, attempt 2  Lecture 2")
    assert lines[1].endswith("not tried yet  Lecture 1")
    assert json.loads(run("deliveries", "wh_1", "--limit", "1", "--json").stdout) == {"deliveries": [first]}
    server.log = []
    assert run("deliveries", "wh_1").stdout == "Nothing was sent in the last thirty days.\n"


def test_remove(server: Server) -> None:
    """And 5 for one that is not there."""
    assert run("remove", "wh_1").stdout == "Removed wh_1.\n"
    assert run("remove", "wh_2").exit_code == 5
    assert server.asked[0][:2] == ("DELETE", "/api/v1/webhooks/wh_1")
