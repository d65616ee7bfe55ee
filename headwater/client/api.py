"""The calls of the REST API that the command line needs, one method each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from headwater.client.auth import DevTokens, GivenToken, system_user
from headwater.client.errors import Unreachable
from headwater.client.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DEFAULT_URL = "http://127.0.0.1:8787"
Json = dict[str, Any]


class Api:
    """Headwater's API at one origin. Every method raises ApiError or Unreachable."""

    def __init__(self, transport: Transport) -> None:
        """Use `transport`, which knows origin and tokens."""
        self.transport = transport

    @classmethod
    def connect(
        cls, url: str = DEFAULT_URL, *, token: str | None = None, user: str | None = None, role: str = "publisher"
    ) -> Api:
        """Make a client for `url`: with `token`, else with development tokens for `user` or the system's user."""
        transport = Transport(url)
        transport.tokens = GivenToken(token) if token else DevTokens(transport, user or system_user(), role)
        return cls(transport)

    @property
    def url(self) -> str:
        """The origin, without a trailing slash."""
        return self.transport.base_url

    def create(self, body: Json) -> Json:
        """Create a recording; returns {"recording", "upload"}."""
        return self._object("POST", "/recordings", body)

    def upload(self, recording_id: str, parts: Sequence[int] = ()) -> Json:
        """Return what is uploaded and fresh URLs for `parts`, or for the first that are missing."""
        query = {"parts": ",".join(str(number) for number in parts)} if parts else None
        return self._object("GET", f"/recordings/{_id(recording_id)}/upload", query=query)

    def complete(self, recording_id: str) -> Json:
        """Finish the upload; returns the recording. Safe to repeat."""
        answer = self._object("POST", f"/recordings/{_id(recording_id)}/upload/complete")
        recording: Json = answer["recording"]
        return recording

    def recordings(self, *, status: str | None = None, room_id: str | None = None, limit: int = 100) -> Iterator[Json]:
        """Yield the caller's recordings, newest first as the server orders them, at most `limit`."""
        query = {"limit": str(min(limit, 100))}
        query |= {name: value for name, value in (("status", status), ("room_id", room_id)) if value}
        given = 0
        while True:
            page = self._object("GET", "/recordings", query=query)
            for recording in page["recordings"]:
                yield recording
                given += 1
                if given == limit:
                    return
            if not page.get("next_cursor"):
                return
            query["cursor"] = page["next_cursor"]

    def recording(self, recording_id: str) -> Json:
        """Return one recording."""
        return self._object("GET", f"/recordings/{_id(recording_id)}")

    def progress(self, recording_id: str) -> Json:
        """Return how far its transcoding is."""
        return self._object("GET", f"/recordings/{_id(recording_id)}/transcode/progress")

    def cancel(self, recording_id: str) -> None:
        """Cancel its running encoding. Safe to repeat."""
        self.transport.json("DELETE", f"/api/v1/recordings/{_id(recording_id)}/transcode")

    def transcode(self, recording_id: str, wanted: Json) -> Json:
        """Start an encoding, or find the one the same profiles started before; returns the job. Safe to repeat."""
        return self._object("POST", f"/recordings/{_id(recording_id)}/transcode/quality", wanted)

    def retry(self, recording_id: str, changes: Json | None = None) -> Json:
        """Let its failed or cancelled encoding go on; returns the job. `changes` may hold `max_cost_usd`."""
        # The body keeps it from being sent again after a lost answer: that one would be refused.
        return self._object("POST", f"/recordings/{_id(recording_id)}/transcode/retry", changes or {})

    def measure(self, recording_id: str) -> Json:
        """Have its rungs compared with the source; returns the progress, where the scores appear. Safe to repeat."""
        return self._object("POST", f"/recordings/{_id(recording_id)}/transcode/vmaf")

    def dead_letters(self) -> Json:
        """Return {"queues": [...]}: what failed too often. For administrators."""
        return self._object("GET", "/dead-letters")

    def diagnosis(self) -> Json:
        """Return {"time", "schedule", "queues", "parts"}: what the API can use. For administrators."""
        return self._object("GET", "/diagnosis")

    def requeue(self, queue: str) -> Json:
        """Put a queue's dead letters back to work, as many as one call moves; returns how many went and are left."""
        return self._object("POST", f"/dead-letters/{_id(queue)}/requeue")

    def captions(self, recording_id: str) -> list[Json]:
        """Return its caption tracks, by language."""
        tracks: list[Json] = self._object("GET", f"/recordings/{_id(recording_id)}/captions")["captions"]
        return tracks

    def put_captions(self, recording_id: str, language: str, body: bytes, *, label: str, default: bool) -> Json:
        """Add or replace a language's captions, a WebVTT or SubRip file; returns the track."""
        path = f"/recordings/{_id(recording_id)}/captions/{_id(language)}"
        return self._object("PUT", path, body, query={"label": label, "default": str(int(default))})

    def remove_captions(self, recording_id: str, language: str) -> None:
        """Remove a language's captions."""
        self.transport.json("DELETE", f"/api/v1/recordings/{_id(recording_id)}/captions/{_id(language)}")

    def start_live(self, recording_id: str, wanted: Json) -> Json:
        """Start a live stream; returns {"stream", "ingest", …}. The key in it is shown this once."""
        return self._object("POST", f"/recordings/{_id(recording_id)}/stream/start-live", wanted)

    def stop_live(self, recording_id: str) -> Json:
        """End its live stream; returns {"stream"}. Safe to repeat."""
        return self._object("DELETE", f"/recordings/{_id(recording_id)}/stream/stop-live")

    def seat(self, recording_id: str) -> Json:
        """Return {"websocket_url", "status", …}: where a viewer of its stream hears what is new."""
        return self._object("GET", f"/recordings/{_id(recording_id)}/stream/live")

    def live_stats(self, recording_id: str) -> Json:
        """Return its live stream's viewers and, to its owner, the health of what arrives."""
        return self._object("GET", f"/recordings/{_id(recording_id)}/stream/live/stats")

    def downloads(self, recording_id: str) -> Json:
        """Return the source's address and the renditions that can be downloaded."""
        return self._object("GET", f"/recordings/{_id(recording_id)}/download")

    def make_download(self, recording_id: str, rendition: str) -> Json:
        """Have a rendition's file made; returns its address, or {"status": "pending"}. Safe to repeat."""
        return self._object("POST", f"/recordings/{_id(recording_id)}/download/{_id(rendition)}")

    def download(self, recording_id: str, rendition: str) -> Json:
        """Return the address of a rendition's file, or {"status": "pending"}."""
        return self._object("GET", f"/recordings/{_id(recording_id)}/download/{_id(rendition)}")

    def delete(self, recording_id: str) -> None:
        """Delete a recording with all its objects."""
        self.transport.json("DELETE", f"/api/v1/recordings/{_id(recording_id)}")

    def _object(
        self, method: str, path: str, body: Json | bytes | None = None, *, query: dict[str, str] | None = None
    ) -> Json:
        answer = self.transport.json(method, f"/api/v1{path}", body=body, query=query)
        if not isinstance(answer, dict):
            raise Unreachable(f"What answers at {self.url} is not Headwater's API.")
        return answer


def _id(recording_id: str) -> str:
    """Quote an id or a name so that whatever a person typed stays one path segment."""
    return quote(recording_id, safe="")
