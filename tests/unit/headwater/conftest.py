"""A server that speaks the API's upload, progress and list calls, and fails when told to."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Json = dict[str, Any]
MIB = 1 << 20


@dataclass
class Stub:
    """The server's memory and its knobs. `fail` maps "METHOD path" to answers to give before the right one."""

    part_size: int = MIB
    url: str = ""
    recordings: dict[str, Json] = field(default_factory=dict)
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    fail: dict[str, list[tuple[int, Json, dict[str, str]]]] = field(default_factory=dict)
    progress: list[Json] = field(default_factory=list)
    captions: dict[str, Json] = field(default_factory=dict)
    bodies: list[Json] = field(default_factory=list)
    dead: dict[str, int] = field(default_factory=dict)
    puts: list[int] = field(default_factory=list)
    hold: threading.Event | None = None
    hold_after: int = 0
    url_ttl_s: float = 3600
    token_ttl_s: float = 3600
    tokens: int = 0
    refuse_token: str = ""
    auth_kind: str = "dev"
    signed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, recording_id: str, numbers: list[int] | None = None) -> Json:
        """Answer what GET upload answers."""
        size = self.recordings[recording_id]["size_bytes"]
        count = max(1, -(-size // self.part_size))
        have = self.parts[recording_id]
        lengths = {n: min(self.part_size, size - (n - 1) * self.part_size) for n in range(1, count + 1)}
        numbers = numbers or [n for n in lengths if n not in have][:100]
        self.signed += 1
        base = f"{self.url}/bucket/{recording_id}"
        return {
            "part_size_bytes": self.part_size,
            "part_count": count,
            "uploaded": [{"part_number": n, "size_bytes": len(have[n]), "etag": "x"} for n in sorted(have)],
            "parts": [
                {"part_number": n, "size_bytes": lengths[n], "url": f"{base}/{n}?sign={self.signed}"} for n in numbers
            ],
            "expires_at": _iso(self.url_ttl_s),
        }

    def add(self, recording_id: str, **more: Any) -> Json:
        """Put a recording on the server and return it."""
        self.recordings[recording_id] = {
            "id": recording_id,
            "owner": "ann",
            "title": "A talk",
            "filename": "talk.mp4",
            "content_type": "video/mp4",
            "size_bytes": 5,
            "room_id": None,
            "visibility": "private",
            "status": "uploading",
            "error": None,
            "duration_s": None,
            "width": None,
            "height": None,
            "created_at": "2026-11-22T10:00:00Z",
            "updated_at": "2026-11-22T10:00:00Z",
            "job_id": None,
            "playback_url": f"{self.url}/watch/{recording_id}?grant=g",
            "master_url": f"{self.url}/api/v1/recordings/{recording_id}/stream/master.m3u8?grant=g",
        } | more
        self.parts.setdefault(recording_id, {})
        return self.recordings[recording_id]

    def uploaded(self, recording_id: str) -> bytes:
        """Return the file as it lies in storage."""
        return b"".join(self.parts[recording_id][n] for n in sorted(self.parts[recording_id]))


def _iso(in_s: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=in_s)).isoformat().replace("+00:00", "Z")


class Handler(BaseHTTPRequestHandler):
    """Routes one request to the stub's memory."""

    protocol_version = "HTTP/1.1"
    stub: Stub

    def log_message(self, *args: object) -> None:
        """Stay silent."""

    def answer(self, status: int, body: object = None, headers: dict[str, str] | None = None) -> None:
        """Send JSON, or nothing for None."""
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"content-length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def problem(self, status: int, code: str, detail: str) -> None:
        """Send a problem document."""
        self.answer(status, {"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail})

    def handle_any(self) -> None:
        """Answer any method."""
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        call = f"{self.command} {url.path}"
        with self.stub.lock:
            self.stub.calls[call] += 1
            planned = self.stub.fail.get(call)
            failure = planned.pop(0) if planned else None
        if failure:
            self.answer(*failure)
        elif url.path.startswith("/bucket/"):
            self.put_part(url.path, body)
        elif url.path == "/config.json":
            self.answer(200, {"stage": "local", "auth": {"kind": self.stub.auth_kind, "token_url": "/dev/token"}})
        elif url.path == "/dev/token":
            self.stub.tokens += 1
            name = f"{query['user']}-{query['role']}-{self.stub.tokens}"
            self.answer(200, {"token": name, "expires_at": _iso(self.stub.token_ttl_s)})
        elif self.headers.get("authorization") in {None, f"Bearer {self.stub.refuse_token}"}:
            self.problem(401, "unauthorized", "The token is missing or no longer valid.")
        elif url.path.startswith("/api/v1/dead-letters"):
            self.dead_letters(url.path.split("/")[4:])
        else:
            self.api(url.path.removeprefix("/api/v1/recordings").strip("/").split("/"), query, body)

    do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815  the standard library's names

    def put_part(self, path: str, body: bytes) -> None:
        """Take a part, or hold the line when told to."""
        _, _, recording_id, number = path.split("/")
        with self.stub.lock:
            late = self.stub.hold is not None and len(self.stub.puts) >= self.stub.hold_after
            if not late:
                self.stub.puts.append(int(number))
                self.stub.parts[recording_id][int(number)] = body
        if late and self.stub.hold:
            self.stub.hold.wait(30)
            self.close_connection = True
            return
        self.answer(200, headers={"etag": '"x"'})

    def api(self, path: list[str], query: dict[str, str], body: bytes) -> None:
        """Answer an API call for the caller's recordings."""
        match self.command, path:
            case "POST", [""]:
                wanted = json.loads(body)
                self.stub.bodies.append(wanted)
                recording = self.stub.add(f"rec_{len(self.stub.recordings) + 1}", **wanted)
                self.answer(201, {"recording": recording, "upload": self.stub.plan(recording["id"])})
            case "GET", [""]:
                self.page(query)
            case _, [recording_id, "captions", *language] if recording_id in self.stub.recordings:
                self.captions("".join(language), query, body)
            case _, [recording_id, *rest] if recording_id in self.stub.recordings:
                self.one(self.stub.recordings[recording_id], "/".join(rest), query, body)
            case _:
                self.problem(404, "recording_not_found", "There is no such recording.")

    def captions(self, language: str, query: dict[str, str], body: bytes) -> None:
        """Answer a call about captions; an empty file is refused."""
        tracks = self.stub.captions
        match self.command:
            case "GET":
                self.answer(200, {"captions": list(tracks.values())})
            case "PUT" if body:
                label = query.get("label", "Own name")
                track = {"language": language, "label": label, "kind": "subtitles", "origin": "uploaded", "cues": 1}
                tracks[language] = track | {"default": query["default"] == "1"}
                self.answer(201, tracks[language])
            case "PUT":
                self.problem(400, "captions_empty", "The file holds no captions.")
            case _ if tracks.pop(language, None):
                self.answer(204)
            case _:
                self.problem(404, "captions_not_found", "There are none.")

    def dead_letters(self, path: list[str]) -> None:
        """Answer an administrator: each call moves two messages."""
        if "-admin-" not in self.headers["authorization"]:
            self.problem(403, "forbidden_role", "Only an administrator may look after the queues.")
        elif not path:
            queues = [{"queue": q, "messages": n, "oldest_s": 7300.0 if n else None} for q, n in self.stub.dead.items()]
            self.answer(200, {"queues": queues})
        elif path[0] not in self.stub.dead:
            self.problem(404, "queue_not_found", "There is no such queue; there are encode.")
        else:
            moved = min(2, self.stub.dead[path[0]])
            self.stub.dead[path[0]] -= moved
            self.answer(200, {"queue": path[0], "moved": moved, "left": self.stub.dead[path[0]]})

    def page(self, query: dict[str, str]) -> None:
        """Answer one page of the list."""
        start, limit = int(query.get("cursor", 0)), int(query["limit"])
        found = [r for r in self.stub.recordings.values() if query.get("status") in {None, r["status"]}]
        more = str(start + limit) if start + limit < len(found) else None
        self.answer(200, {"recordings": found[start : start + limit], "next_cursor": more})

    def one(self, recording: Json, rest: str, query: dict[str, str], body: bytes) -> None:
        """Answer a call about one recording."""
        match self.command, rest:
            case "GET", "":
                self.answer(200, recording)
            case "DELETE", "":
                del self.stub.recordings[recording["id"]]
                self.answer(204)
            case "GET", "upload" if recording["status"] != "uploading":
                self.problem(409, "upload_finished", "The upload is over.")
            case "GET", "upload":
                numbers = [int(n) for n in query["parts"].split(",")] if "parts" in query else None
                self.answer(200, self.stub.plan(recording["id"], numbers))
            case "POST", "upload/complete":
                recording["status"] = "processing"
                self.answer(200, {"recording": recording})
            case _ if rest.startswith("transcode"):
                self.transcode(recording, rest, body)
            case _:
                self.problem(405, "method_not_allowed", "Not that.")

    def transcode(self, recording: Json, rest: str, body: bytes) -> None:
        """Answer a call about its encoding."""
        match self.command, rest:
            case "DELETE", "transcode":
                recording |= {"status": "errored", "error": {"code": "job_cancelled", "detail": "It was cancelled."}}
                self.answer(204)
            case "POST", "transcode/retry" if recording["error"] is None:
                self.problem(409, "job_not_failed", "Nothing has failed.")
            case "POST", "transcode/quality":
                self.stub.bodies.append(json.loads(body))
                self.answer(202, {"id": "job_2", "recording_id": recording["id"], "status": "in-progress"})
            case "POST", "transcode/retry":
                self.stub.bodies.append(json.loads(body))
                recording |= {"status": "processing", "error": None}
                self.answer(202, {"id": "job_1", "recording_id": recording["id"], "status": "in-progress"})
            case "GET", "transcode/progress":
                now = self.stub.progress.pop(0) if len(self.stub.progress) > 1 else self.stub.progress[0]
                recording |= {"status": now["recording_status"], "error": now["error"]}
                self.answer(200, now | {"recording_id": recording["id"]})
            case _:
                self.problem(405, "method_not_allowed", "Not that.")


class Server(ThreadingHTTPServer):
    """A server that is silent about clients which hang up: some tests do."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


@pytest.fixture
def stub() -> Iterator[Stub]:
    """Run the stub server on a free port of the loopback."""
    memory = Stub()
    handler = type("BoundHandler", (Handler,), {"stub": memory})
    with Server(("127.0.0.1", 0), handler) as server:
        memory.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield memory
        if memory.hold:
            memory.hold.set()
        server.shutdown()
        thread.join()


def progress_document(status: str, percent: float, *, playable: bool = False, error: Json | None = None) -> Json:
    """Return a progress document with one video rendition and the audio."""
    video = {"id": "v1", "name": "Low", "kind": "video", "width": 1280, "height": 720, "bitrate_kbps": 500}
    audio = {"id": "a1", "name": "Audio", "kind": "audio", "width": 0, "height": 0, "bitrate_kbps": 128}
    moving = {"frame_rate": 24.0, "percent": percent, "fps": 30.0, "speed": 1.25, "available_s": 2.0, "chunks_done": 1}
    jobs = {"ready": "completed", "errored": "failed"}
    return {
        "job_id": "job_1",
        "recording_status": status,
        "status": jobs.get(status, "in-progress"),
        "percent": percent,
        "playable": playable,
        "duration_s": 60.0,
        "error": error,
        "renditions": [item | moving | {"chunks_total": 4, "status": "in-progress"} for item in (video, audio)],
    }


@pytest.fixture
def document() -> Any:
    """Return the maker of progress documents."""
    return progress_document


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Return a file of two and a half parts whose bytes all differ from their neighbours'."""
    path = tmp_path / "my talk.mp4"
    path.write_bytes(b"".join(n.to_bytes(4, "big") for n in range(MIB * 5 // 8)))
    return path
