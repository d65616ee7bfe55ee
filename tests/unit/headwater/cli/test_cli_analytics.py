"""`headwater analytics` against a server that has seen some watching."""

from __future__ import annotations

import csv
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from typer.testing import CliRunner, Result

from headwater.cli.main import app
from headwater.client.analytics import together

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Json = dict[str, Any]
SUMS: Json = {
    "sessions": 12,
    "views": 11,
    "viewers": 7,
    "watch_s": 3723.0,
    "peak_viewers": 2.5,
    "startup_p50_ms": 850.0,
    "rebuffer_ratio": 0.0123,
    "good_share": 0.75,
    "qoe": 2.345,
}
EMPTY: Json = dict.fromkeys(SUMS) | {"sessions": 0, "views": 0, "watch_s": 0.0}
REPORT: Json = {"totals": SUMS | {"viewers": None}, "before": EMPTY, "days": [{"day": "2026-11-28", **SUMS}]}
LIVE: Json = {"recording_id": "rec_l", "title": "Talk", "viewers": 4, "peak": 9, "latency_ms": 4200}
GROUP: Json = {"name": "4g", "sessions": 12, "watch_s": 3723.0, "good_share": None}
SESSION: Json = {
    "session": "ses_1",
    "started_at": "2026-11-28T10:00:00.000Z",
    "user": "=bob",
    "watch_s": 61.0,
    "startup_ms": 900,
    "stalls": 2,
    "stall_s": 3.5,
    "switches": 1,
    "mean_kbps": 1840,
    "failure": None,
    "good": False,
}


def person(viewer: str, user: str | None = None, **more: Any) -> Json:
    """Return a line of attendance."""
    times = {"first_at": "2026-11-28T10:00:00.000Z", "last_at": "2026-11-28T11:00:00.000Z"}
    return {
        "user": user,
        "viewer": viewer,
        **times,
        "sessions": 1,
        "watch_s": 9.0,
        "completion": 0.5,
        "recordings": 1,
        **more,
    }


@dataclass
class Server:
    """Answers by path; lists are pages of it, in order."""

    url: str = ""
    answers: dict[str, list[Json]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def answer(self, method: str, target: str) -> Json:
        """Note a request and answer it."""
        parts = urlsplit(target)
        path = unquote(parts.path.removeprefix("/api/v1"))
        query = dict(parse_qsl(parts.query))
        if parts.path == "/dev/token":
            return {"token": f"token-{query['role']}", "expires_at": "2099-01-01T00:00:00.000Z"}
        if parts.path == "/config.json":
            return {"auth": {"kind": "dev"}}
        self.asked.append((method, path, query))
        return self.answers[path].pop(0)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on the loopback."""
    held = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(held.answer(self.command, self.path)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_DELETE = do_GET  # noqa: N815  the server's own way of naming

        def log_message(self, *_args: object) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        held.url = f"http://127.0.0.1:{http.server_port}"
        thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield held
        finally:
            http.shutdown()
            thread.join()


def run(server: Server, *arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["analytics", *arguments, "--url", server.url, "--token", "t"])


def test_the_overview(server: Server) -> None:
    """A line a day, the whole and what was before, what is on, and what was watched most."""
    watched = [{"recording_id": "rec_a", "title": "A\x1b[2Jtalk", "watch_s": 60.0, "views": 3}]
    live = {"streams": 1, "viewers": 4, "items": []}
    server.answers["/analytics/overview"] = [REPORT | {"live_now": live, "most_watched": watched}]
    done = run(server, "overview", "--from", "2026-11-28", "--to", "2026-11-28")
    assert done.exit_code == 0
    assert server.asked == [("GET", "/analytics/overview", {"from": "2026-11-28", "to": "2026-11-28"})]
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[1] == ["2026-11-28", "12", "7", "1:02:03", "2.5", "0.8", "s", "1.23", "%", "75", "%", "2.35"]
    assert lines[2][:3] == ["all", "12", "-"]
    assert lines[3] == ["before", "0", "-", "0:00", "-", "-", "-", "-", "-"]
    assert "1 streams, 4 viewers" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_recording(server: Server) -> None:
    """With its rungs and groups."""
    more = {"recording": {"title": "Talk"}, "all_time": SUMS, "rungs": [{"rung": "720p 1000k", "share": 0.4}]}
    report = REPORT | more | {"networks": [GROUP], "devices": [], "countries": []}
    server.answers["/recordings/rec_a/analytics"] = [report, report]
    done = run(server, "recording", "rec_a")
    assert "ever: 11 views by 7 viewers" in done.stdout
    assert "720p 1000k" in done.stdout
    assert "- good" in done.stdout
    assert json.loads(run(server, "recording", "rec_a", "--json").stdout) == report


def test_sessions_and_why_one_stalled(server: Server) -> None:
    """Page after page up to the limit; one of them with its sentences."""
    path = "/recordings/rec_a/analytics/sessions"
    pages = [{"sessions": [SESSION, SESSION], "next_cursor": "c"}, {"sessions": [SESSION], "next_cursor": None}]
    server.answers[path] = list(pages)
    done = run(server, "sessions", "rec_a", "--limit", "3")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["SESSION", "ses_1", "ses_1", "ses_1"]
    assert [query for _, _, query in server.asked] == [{"limit": "3"}, {"limit": "3", "cursor": "c"}]
    server.answers[path] = list(pages)
    assert len(json.loads(run(server, "sessions", "rec_a", "--limit", "2", "--json").stdout)["sessions"]) == 2
    reason = {"at_ms": 61_000, "stall_ms": 3500, "code": "throughput_fell", "text": "The link fell."}
    server.answers[f"{path}/ses_1"] = [SESSION | {"why": [reason]}]
    done = run(server, "session", "rec_a", "ses_1")
    assert "1:01  3.5 s  The link fell." in done.stdout


def test_attendance_puts_pages_together(server: Server) -> None:
    """Somebody who is on two pages is one person; those nobody knows are counted."""
    path = "/recordings/rec_a/analytics/attendance"
    first = {"people": [person("v1", "=bob"), person("v2")], "anonymous_sessions": 2, "next_cursor": "c"}
    second = {"people": [person("v1", sessions=2)], "anonymous_sessions": 1, "next_cursor": None}
    server.answers[path] = [first, second]
    done = run(server, "attendance", "rec_a")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == ["WHO", "=bob", "v2", "and"]
    assert rows[1][5] == "3"
    assert "3 sessions of people unknown" in done.stdout


def test_attendance_of_a_room_as_a_spreadsheet(server: Server, tmp_path: Path) -> None:
    """A file that spreadsheets read, and run nothing of."""
    page = {"people": [person("v1", "=bob")], "anonymous_sessions": 0, "next_cursor": None}
    server.answers["/rooms/hall 1/attendance"] = [page, page]
    target = tmp_path / "who.csv"
    done = run(server, "attendance", "hall 1", "--room", "--owner", "anna", "--csv", str(target))
    assert (done.exit_code, done.stdout) == (0, "")
    assert server.asked[0][2] == {"owner": "anna"}
    with target.open(encoding="utf-8-sig", newline="") as file:
        headings, row = csv.reader(file)
    assert headings[0] == "user"
    assert row[0] == "'=bob"
    assert run(server, "attendance", "hall 1", "--room", "--csv", "-").stdout.startswith("user,viewer,")
    assert run(server, "attendance", "rec_a", "--owner", "anna").exit_code == 2


def test_what_is_on(server: Server) -> None:
    """A line a stream, or that there is none."""
    on = LIVE | {"ingest": {"status": "active", "bitrate_kbps": 2500.0}}
    server.answers["/analytics/live"] = [{"items": [on]}, {"items": []}]
    assert "4 viewers (peak 9)  2.5 Mbit/s in  4.2 s behind  Talk" in run(server, "live").stdout
    assert run(server, "live").stdout == "Nothing is on.\n"


def test_erasing_asks_and_goes_on_to_the_end(server: Server) -> None:
    """Nobody can be asked here, so that it has to be said; what one call cannot take the next does."""
    assert run(server, "erase", "bob").exit_code == 2
    assert server.asked == []
    server.answers["/users/bob/data"] = [
        {"erased_sessions": 200, "pending": True},
        {"erased_sessions": 7, "pending": False},
    ]
    assert run(server, "erase", "bob", "--yes").stdout == "Forgot 207 sessions of bob.\n"


def test_two_lines_of_one_person() -> None:
    """Counts add up; the rest is the wider of both."""
    one = person("v1", completion=None)
    other = person("v1", "bob", first_at="2026-11-27T10:00:00.000Z", watch_s=1.0, recordings=2)
    both = together(one, other)
    assert (both["user"], both["first_at"], both["watch_s"], both["sessions"]) == ("bob", other["first_at"], 10.0, 2)
    assert (both["completion"], both["recordings"]) == (0.5, 2)
