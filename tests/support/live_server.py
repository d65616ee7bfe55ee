"""A server that speaks what the push agent needs of the API, and of storage, and fails when told to."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
RECORDING = "rec_00000000000000000001"
KEY = "sk_0123456789012345678901234567890123456789"
WAIT_S = 40


@dataclass(frozen=True)
class Arrival:
    """A segment that storage took."""

    epoch: int
    n: int
    body: bytes


@dataclass
class LiveServer:
    """The server's memory and its knobs."""

    url: str = ""
    streams: int = 0
    status: str = "none"
    target_s: int = 1
    epochs: list[Json] = field(default_factory=list)
    superseded: set[int] = field(default_factory=set)
    arrivals: list[Arrival] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    signed: int = 0
    good_signatures_from: int = 0
    """URLs signed before this many calls are refused as expired."""
    outage: bool = False
    """Answer nothing but 503."""
    answers: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """Problems (status, code) to answer before the right answers, by kind of call: epochs, uploads, put."""
    ingest: Json = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def stream_id(self) -> str:
        """The stream that is on."""
        return f"live_{self.streams:020d}"

    @property
    def numbers(self) -> list[tuple[int, int]]:
        """Epoch and number of each arrival, in order."""
        return [(one.epoch, one.n) for one in self.arrivals]

    def wait(self, met: Callable[[], bool], within_s: float = WAIT_S) -> None:
        """Return once `met()`; it is asked after each call."""
        with self.changed:
            assert self.changed.wait_for(met, within_s), (self.numbers, dict(self.calls))

    def start(self) -> Json:
        """Begin a stream."""
        self.streams += 1
        self.status = "active"
        stream = {"id": self.stream_id, "status": "active", "recording_id": RECORDING, "target_s": self.target_s}
        push = {"url": f"{self.url}/api/v1/live/{self.stream_id}"}
        ingest = {"key": KEY, "push": push, "ffmpeg": "ffmpeg -re -i talk.mp4"}
        return {"stream": stream, "ingest": ingest, "playback_url": f"{self.url}/watch/{RECORDING}"}


class Handler(BaseHTTPRequestHandler):
    """Routes one request to the server's memory."""

    protocol_version = "HTTP/1.1"
    server_memory: LiveServer

    def log_message(self, *args: object) -> None:
        """Stay silent."""

    def answer(self, status: int, body: object = None) -> None:
        """Send JSON."""
        data = json.dumps(body or {}).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def problem(self, status: int, code: str) -> None:
        """Send a problem document."""
        self.answer(status, {"status": status, "code": code, "title": code, "detail": f"It is {code}."})

    def handle_any(self) -> None:
        """Answer any method."""
        memory = self.server_memory
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        with memory.changed:
            memory.calls[f"{self.command} {url.path.split('/')[-1]}"] += 1
            self._route(memory, url.path.strip("/").split("/"), parse_qs(url.query), body)
            memory.changed.notify_all()

    do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815  the standard library's names

    def _route(self, memory: LiveServer, path: list[str], query: dict[str, list[str]], body: bytes) -> None:
        kind = "put" if path[0] == "storage" else path[-1]
        planned = memory.answers.get(kind)
        if memory.outage:
            self.problem(503, "unavailable")
        elif planned:
            self.problem(*planned.pop(0))
        elif path[0] == "storage":
            self.store(memory, path, int(query["signed"][0]), body)
        elif path == ["config.json"]:
            self.answer(200, {"auth": {"kind": "dev", "token_url": "/dev/token"}})
        elif path == ["dev", "token"]:
            self.answer(200, {"token": "t"})
        elif path[2] == "live":
            self.agent(memory, path[3], "".join(path[4:]), body)
        else:
            self.person(memory, "/".join(path[3:]), body)

    def store(self, memory: LiveServer, path: list[str], signed: int, body: bytes) -> None:
        """Take a segment under a good signature."""
        if signed < memory.good_signatures_from:
            self.problem(403, "AccessDenied")
            return
        memory.arrivals.append(Arrival(int(path[1]), int(path[2].removesuffix(".ts")), body))
        self.answer(200)

    def agent(self, memory: LiveServer, stream_id: str, call: str, body: bytes) -> None:
        """Answer the holder of the key."""
        said = json.loads(body or b"{}")
        match self.command, call:
            case _ if self.headers.get("x-stream-key") != KEY or stream_id != memory.stream_id:
                self.problem(404, "stream_not_found")
            case "GET", "":
                self.answer(200, {"status": memory.status, "target_s": memory.target_s, "ingest": memory.ingest})
            case _ if memory.status == "stopped":
                self.problem(409, "stream_stopped")
            case "POST", "epochs":
                memory.superseded |= {epoch["epoch"] for epoch in memory.epochs}
                memory.epochs.append(said | {"epoch": len(memory.epochs) + 1})
                self.answer(201, {"epoch": len(memory.epochs), "on_air": True, "target_s": memory.target_s})
            case "POST", "uploads" if said["epoch"] in memory.superseded:
                self.problem(409, "epoch_superseded")
            case "POST", "uploads":
                memory.signed += 1
                base = f"{memory.url}/storage/{said['epoch']}"
                urls = [
                    {"name": name, "method": "PUT", "url": f"{base}/{name}?signed={memory.signed}"}
                    for name in said["names"]
                ]
                self.answer(200, {"uploads": urls, "expires_at": time.time() + 900})
            case _:
                self.problem(405, "method_not_allowed")

    def person(self, memory: LiveServer, call: str, body: bytes) -> None:
        """Answer a person with a token."""
        match self.command, call:
            case "POST", "":
                self.answer(201, {"recording": {"id": RECORDING, **json.loads(body)}})
            case "GET", _ if call == RECORDING:
                self.answer(200, {"id": RECORDING, "stream_id": memory.stream_id if memory.streams else ""})
            case "POST", _ if call.endswith("start-live") and memory.status == "active":
                self.problem(409, "stream_active")
            case "POST", _ if call.endswith("start-live"):
                memory.target_s = json.loads(body).get("target_s", 2)
                self.answer(201, memory.start())
            case "DELETE", _ if call.endswith("stop-live") and memory.streams:
                memory.status = "stopped"
                self.answer(200, {"stream": {"id": memory.stream_id, "status": "stopped"}})
            case "GET", _ if call.endswith("stats") and memory.streams:
                viewers = {"now": 3, "peak": 5, "by_quality": {}}
                self.answer(200, {"status": memory.status, "viewers": viewers, "ingest": memory.ingest or None})
            case _:
                self.problem(404, "stream_not_found")


class Server(ThreadingHTTPServer):
    """A server that is silent about clients which hang up: some tests do."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


def serve(memory: LiveServer) -> Server:
    """Start the server on a free port of the loopback; the caller shuts it down."""
    server = Server(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"server_memory": memory}))
    memory.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server
