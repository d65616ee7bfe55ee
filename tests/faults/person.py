"""A person with a browser: asks, and asks again when the answer was a 5xx or none. What no asking cures is an error."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from faults.cloud import FaultyCloud

PATIENCE_S = 240.0
"""So long somebody tries again; a router that was killed is back in seconds, on a busy machine in a minute."""
_PAUSE_S = 0.3


class NotCured(Exception):
    """Asking again and again did not help."""


@dataclass
class Person:
    """Somebody's client. `failed` are the answers that made them ask again, once for each thing they wanted."""

    cloud: FaultyCloud
    name: str
    failed: list[str] = field(default_factory=list)
    _http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=35))
    _token: str = ""

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask the API (`/recordings`) or any address, until the answer is no 5xx."""
        deadline, seen = time.monotonic() + PATIENCE_S, set[str]()
        while True:
            what = "no answer"
            try:
                answer = self._once(method, path, **more)
            except httpx.TransportError:
                pass
            else:
                if answer.status_code < 500:
                    return answer
                what = str(answer.status_code)
            if what not in seen:
                seen.add(what)
                self.failed.append(what)
            if time.monotonic() > deadline:
                raise NotCured(f"{method} {path}: {what}")
            time.sleep(_PAUSE_S)

    def _once(self, method: str, path: str, **more: Any) -> httpx.Response:
        if path.startswith("http"):
            return self._http.request(method, path, **more)
        base = self.cloud.url
        if not self._token:
            asked = self._http.get(f"{base}/dev/token", params={"user": self.name, "role": "publisher", "ttl_s": 36000})
            self._token = str(asked.raise_for_status().json()["token"])
        url = base + (path if path.startswith("/media/") else f"/api/v1{path}")
        return self._http.request(method, url, headers={"Authorization": f"Bearer {self._token}"}, **more)

    def create(self, title: str, size: int) -> dict[str, Any]:
        """Begin a recording; returns it, and where its parts go."""
        body = {"title": title, "filename": "clip.mp4", "size_bytes": size, "content_type": "video/mp4"}
        answer = self.ask("POST", "/recordings", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def send(self, recording_id: str, body: bytes) -> None:
        """Upload its file, which is one part, and say that it is whole; again from the start where that failed."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            plan = self.ask("GET", f"/recordings/{recording_id}/upload")
            if plan.status_code == 409:  # it is there already
                return
            assert plan.status_code == 200, f"{plan.status_code} {plan.text}"
            for part in plan.json()["parts"]:
                self.ask("PUT", part["url"], content=body)
            done = self.ask("POST", f"/recordings/{recording_id}/upload/complete")
            if done.status_code < 300:
                return
            self.failed.append(str(done.status_code))
            if time.monotonic() > deadline:
                raise NotCured(f"upload of {recording_id}: {done.text}")
            time.sleep(_PAUSE_S)

    def mine(self) -> list[str]:
        """Ids of all recordings of this person."""
        found: list[str] = []
        query = {"limit": "100"}
        while True:
            page = self.ask("GET", "/recordings", params=query).json()
            found += [recording["id"] for recording in page["recordings"]]
            if not page.get("next_cursor"):
                return found
            query["cursor"] = page["next_cursor"]

    def close(self) -> None:
        """Hang up."""
        self._http.close()
