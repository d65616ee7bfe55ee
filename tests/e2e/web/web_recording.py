"""A stand-in for what a recording's owner asks: its job piece by piece, captions, files, title, visibility, its end."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from web_origin import Handler, Origin

from headwater.local.static import file_of, security_headers

if TYPE_CHECKING:
    from pathlib import Path

    from web_origin import Scenario

RECEIPT = {
    "usd": "0.003412908",
    "functions": [
        {"function": "on_encode", "gb_seconds": 191.204, "invocations": 23, "usd": "0.003191672"},
        {"function": "on_upload", "gb_seconds": 1.871, "invocations": 1, "usd": "0.000031384"},
    ],
    "requests": [
        {"kind": "s3_put", "count": 31, "usd": "0.000155"},
        {"kind": "sqs", "count": 24, "usd": "0.0000096"},
        {"kind": "dynamodb_write", "count": 20, "usd": "0.0000125"},
        {"kind": "dynamodb_read", "count": 102, "usd": "0.000012752"},
    ],
    "storage": {"bytes": 18_441_020, "usd_per_month": "0.000424143460"},
}


STATS = {
    "status": "active",
    "viewers": {"now": 12, "peak": 19},
    "latency": {"p50_s": 2.4},
    "ingest": {
        "bitrate_kbps": 3140,
        "lag_s": 0.42,
        "gaps": 1,
        "refusals": [{"name": "7.m4s", "code": "no_key_frame", "detail": "It does not begin with a key frame."}],
    },
}


@dataclass
class Owned:
    """What the owner of a scenario's recording sees beside it."""

    rows: dict[str, str] | None = None
    """Letters a chunk, by name; None for those of the scenario."""
    chunk_s: float = 2.0
    changes: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    """Methods and last parts of paths of what changed something."""
    tracks: list[dict[str, Any]] = field(default_factory=list)
    progress: dict[str, Any] = field(default_factory=dict)
    """What the progress says beside the scenario's."""
    gone: bool = False


class OwnerOrigin(Origin):
    """The stand-in origin with a recording's own page."""

    def __init__(self, web: Path) -> None:
        """Bind; serve_forever is the caller's."""
        super().__init__(web)
        self.RequestHandlerClass = OwnerHandler
        self.owned: dict[str, Owned] = {}

    def own(self, scenario: Scenario) -> Owned:
        """Let somebody own a recording."""
        self.scenarios[scenario.id] = scenario
        return self.owned.setdefault(scenario.id, Owned())


class OwnerHandler(Handler, BaseHTTPRequestHandler):
    """Adds the owner's routes, and the pages' own headers."""

    server: OwnerOrigin

    def asked(self) -> tuple[Scenario, Owned, list[str]] | None:
        """Return the recording that is owned and the rest of the path."""
        parts = urlsplit(self.path).path.strip("/").split("/")
        if parts[:2] != ["api", "v1"] or len(parts) < 4 or parts[3] not in self.server.owned:
            return None
        return self.server.scenarios[parts[3]], self.server.owned[parts[3]], parts[4:]

    def do_GET(self) -> None:
        """Answer what only an owner asks; the rest as ever."""
        found = self.asked()
        signed_in = self.headers.get("Authorization", "").startswith("Bearer t-")
        answer = self.look(*found) if found and signed_in else None
        if found and found[1].gone:
            self.problem(404, "recording_not_found", "There is no such recording.")
        elif answer is None:
            super().do_GET()
        else:
            self.reply_json(answer)

    def look(self, scenario: Scenario, owned: Owned, rest: list[str]) -> dict[str, Any] | None:
        """Return what is read."""
        names = list(scenario.ladder.chunks)
        if not rest:
            return scenario.recording() | self.facts(scenario)
        if rest == ["transcode", "progress"]:
            known = scenario.progress(owner=True)
            return known | {"cost": RECEIPT if scenario.usd else None} | owned.progress
        if rest == ["transcode", "chunks"]:
            rows = owned.rows or {name: self.letters(scenario, name) for name in names}
            count = len(next(iter(rows.values())))
            chunks = [{"start_s": n * owned.chunk_s, "duration_s": owned.chunk_s} for n in range(count)]
            kinds = {name: "audio" if name.startswith("a") else "video" for name in rows}
            renditions = [{"id": n, "name": n, "kind": kinds[n], "chunks": row} for n, row in rows.items()]
            told = {"job_id": "job_1", "status": scenario.progress()["status"], "segment_s": 2.0}
            return told | {"chunks": chunks, "renditions": renditions}
        if rest == ["captions"]:
            return {"captions": owned.tracks}
        if rest == ["download"]:
            source = {"url": "/favicon.svg", "filename": "rivers.mp4", "size_bytes": 41_220_108}
            files = [scenario.rendition(name) | {"download": name, "ready": False} for name in names]
            return {"source": source, "renditions": files}
        return STATS if rest == ["stream", "live", "stats"] else None

    @staticmethod
    def letters(scenario: Scenario, name: str) -> str:
        """Return the row of a rendition: what is done, what is at it, what waits."""
        done, total = scenario.done.get(name, 0), len(scenario.ladder.chunks[name])
        return ("d" * done + "r" * (0 < done < total) + "." * total)[:total]

    def facts(self, scenario: Scenario) -> dict[str, Any]:
        """Return what a recording has beside the scenario's own answer."""
        grant = "?grant=v1.1796122800.abc" if scenario.private else ""
        live = scenario.live is not None or scenario.recording_status == "waiting"
        return {
            "size_bytes": 41_220_108,
            "room_id": None,
            "job_id": "job_1",
            "live": live,
            "playback_url": f"{self.server.url}/watch/{scenario.id}{grant}",
        }

    def do_PATCH(self) -> None:
        """Change the recording."""
        found = self.asked()
        body = self.json_body()
        if found is None:
            self.problem(404, "recording_not_found", "There is no such recording.")
            return
        scenario, owned, _ = found
        owned.changes.append(body)
        scenario.title = body.get("title", scenario.title)
        scenario.private = body.get("visibility", "private" if scenario.private else "public") == "private"
        self.reply_json(scenario.recording() | self.facts(scenario))

    def do_PUT(self) -> None:
        """Take captions."""
        found = self.asked()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if found is None or found[2][:1] != ["captions"]:
            self.problem(404, "no_such_route", "There is nothing here.")
        elif b"-->" not in body:
            detail = "Line 4: these are no times; they look like 00:01:02.500 --> 00:01:04.000."
            self.problem(400, "captions_malformed", detail)
        else:
            language = found[2][1]
            query = parse_qs(urlsplit(self.path).query)
            label = query.get("label", ["Deutsch" if language == "de" else language])[0]
            track = {"language": language, "label": label, "kind": "subtitles", "origin": "uploaded", "cues": 2}
            found[1].tracks.append(track | {"default": "default" in query})
            self.reply_json(found[1].tracks[-1], 201)

    def do_DELETE(self) -> None:
        """Remove captions, cancel the job, or delete all of it."""
        found = self.asked()
        if found is None:
            super().do_DELETE()
            return
        scenario, owned, rest = found
        owned.calls.append("DELETE " + "/".join(rest))
        if rest[:1] == ["captions"]:
            owned.tracks = [track for track in owned.tracks if track["language"] != rest[1]]
        elif rest == ["transcode"]:
            scenario.cancelled = True
            scenario.error = {"code": "job_cancelled", "detail": "Its owner cancelled the encoding."}
        elif not rest:
            owned.gone = True
        self.reply(204, b"", "text/plain", {})

    def do_POST(self) -> None:
        """Let a job go on."""
        found = self.asked()
        if found is None or found[2][:1] != ["transcode"]:
            super().do_POST()
            return
        scenario, owned, rest = found
        self.json_body()
        owned.calls.append("POST " + "/".join(rest))
        scenario.cancelled, scenario.error = False, None
        self.reply_json({"id": "job_1"}, 202)

    def json_body(self) -> dict[str, Any]:
        """Read a JSON body."""
        return dict(json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}"))

    def reply(self, status: int, body: bytes, kind: str, headers: dict[str, str], link: Any = None) -> None:
        """Answer pages with the headers that the embedded cloud gives them."""
        if "Content-Security-Policy" in headers:
            headers = headers | security_headers(self.server.url, file_of(urlsplit(self.path).path) or "")
        super().reply(status, body, kind, headers, link)
