"""A stand-in for the way in: recordings that are made to be live, streams, epochs, signed uploads, and what arrived."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import Any

KEY = "sk_" + "k" * 40
EXPIRES = "2099-01-01T00:00:00Z"


@dataclass
class Ingest:
    """What a studio sent. One stream at a time."""

    recordings: list[dict[str, Any]] = field(default_factory=list)
    status: str = ""
    targets: list[int] = field(default_factory=list)
    epochs: list[dict[str, Any]] = field(default_factory=list)
    claimed_at: list[float] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    """By epoch and name, in the order of their arrival."""
    away: bool = False
    """Uploads fail as if the network were gone."""
    refusals: list[dict[str, Any]] = field(default_factory=list)
    _ids: itertools.count[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def names(self, epoch: int) -> list[str]:
        """Objects of an epoch in the order of their arrival."""
        return [name.split("/")[1] for name in self.objects if name.startswith(f"{epoch}/")]

    def post(self, path: list[str], body: dict[str, Any], key: str | None) -> tuple[int, dict[str, Any]]:
        """Answer a POST below /api/v1: status and document."""
        if path == ["recordings"]:
            return 201, {"recording": self.create(body["title"]), "upload": None}
        if path[2:] == ["stream", "start-live"]:
            return self.start(path[1], body["target_s"])
        if path[0] != "live" or key != KEY:
            return 404, {"code": "stream_not_found", "detail": "There is no such stream."}
        if path[2] == "epochs":
            self.epochs.append(body)
            self.claimed_at.append(time.time())
            return 201, {"epoch": len(self.epochs), "on_air": True}
        signed = [
            {"name": name, "method": "PUT", "url": f"/ingest/{body['epoch']}/{name}?sig=x"} for name in body["names"]
        ]
        return 200, {"uploads": signed, "expires_at": EXPIRES}

    def create(self, title: str) -> dict[str, Any]:
        """Make a recording that waits for a stream."""
        made = {"id": f"rec_new{next(self._ids):017d}", "title": title, "status": "waiting"}
        self.recordings.append(made)
        return made

    def start(self, recording_id: str, target_s: int) -> tuple[int, dict[str, Any]]:
        """Answer start-live."""
        if self.status == "active":
            return 409, {"code": "stream_active", "detail": "This recording is being streamed to already."}
        self.status = "active"
        self.targets.append(target_s)
        stream = {"id": "live_1", "recording_id": recording_id, "target_s": target_s}
        return 201, {"stream": stream, "ingest": {"key": KEY}, "playback_url": f"/watch/{recording_id}"}

    def put(self, path: list[str], body: bytes) -> int:
        """Take an upload: its status."""
        if self.away:
            return 503
        with self._lock:
            self.objects["/".join(path)] = body
        return 200

    def stats(self) -> dict[str, Any]:
        """Answer stream/live/stats."""
        return {"status": self.status, "viewers": {"now": 3, "peak": 4}, "ingest": {"refusals": self.refusals}}
