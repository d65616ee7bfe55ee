"""The agent's calls: to the API with the stream key, and to storage with the URLs it signs."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx

from headwater.client.errors import ApiError, Unreachable
from headwater.client.retry import RETRIABLE, Backoff
from headwater.client.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Json = dict[str, Any]
API_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
PUT_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
FRESH_S = 30.0
FORBIDDEN = 403
CONTAINER = "mpegts"


class Expired(Exception):
    """Storage refused the URL: it is too old, or was made with keys that changed."""


class Link:
    """One stream at one server. Each call is one try; safe to share between threads.

    Raises Unreachable for what may pass, ApiError for what was refused.
    """

    def __init__(self, push_url: str, key: str, input_name: str) -> None:
        """Talk to `push_url`, `…/api/v1/live/{stream}`, as the encoder that holds `key`, on this input."""
        self.input_name = input_name
        once = Backoff(tries=1)
        api = httpx.Client(timeout=API_TIMEOUT, headers={"x-stream-key": key})
        self._api = Transport(push_url, http=api, backoff=once)
        # Without the key: storage has no business with it.
        self._storage = httpx.Client(timeout=PUT_TIMEOUT)
        self._urls: dict[tuple[int, str], tuple[str, float]] = {}

    def close(self) -> None:
        """Hang up."""
        self._api.http.close()
        self._storage.close()

    def claim(self, first_pdt: float) -> Json:
        """Claim the next epoch; returns {"epoch", "on_air", …}."""
        body = {"input": self.input_name, "container": CONTAINER, "first_pdt": round(first_pdt, 3)}
        return self._call("POST", "/epochs", body)

    def health(self) -> Json:
        """Return the stream's status and what the server says of what arrived."""
        return self._call("GET", "", None)

    def _call(self, method: str, path: str, body: Json | None) -> Json:
        try:
            answer = self._api.json(method, path, body=body)
        except ApiError as error:
            if error.status in RETRIABLE:
                raise Unreachable(f"The server is busy ({error.status}): {error.detail}") from error
            raise
        if not isinstance(answer, dict):
            raise Unreachable("What answers is not Headwater's API.")
        return answer

    def signed_until(self, epoch: int, name: str) -> float:
        """Return the seconds for which we may still send this segment; below 0 when it is not signed."""
        return self._urls.get((epoch, name), ("", 0.0))[1] - FRESH_S - time.time()

    def sign(self, epoch: int, names: Sequence[str]) -> None:
        """Get URLs for these segments, and forget those of other epochs."""
        answer = self._call("POST", "/uploads", {"epoch": epoch, "names": list(names)})
        until = _unix(answer.get("expires_at"))
        fresh = {(epoch, item["name"]): (str(item["url"]), until) for item in answer["uploads"]}
        self._urls = {key: value for key, value in self._urls.items() if key[0] == epoch} | fresh

    def forget(self, epoch: int, name: str) -> None:
        """Drop a URL that was used or refused."""
        self._urls.pop((epoch, name), None)

    def forget_all(self) -> None:
        """Drop all URLs, so that the server is asked before anything more is sent."""
        self._urls = {}

    def put(self, epoch: int, name: str, path: Path) -> None:
        """Send a segment's file. Raises Expired, Unreachable, ApiError or FileNotFoundError."""
        url, _ = self._urls.get((epoch, name), ("", 0.0))
        if not url:
            raise Expired
        try:
            answer = self._storage.put(url, content=path.read_bytes())
        except httpx.TransportError as error:
            raise Unreachable(f"Storage cannot be reached ({error or type(error).__name__}).") from error
        if answer.is_success:
            return
        if answer.status_code == FORBIDDEN:
            raise Expired
        found = re.search(r"<Code>(\w+)</Code>", answer.text)
        detail = f"Storage answered {answer.status_code} ({found[1] if found else answer.reason_phrase})."
        if answer.status_code in RETRIABLE or answer.is_server_error:
            raise Unreachable(detail)
        raise ApiError(answer.status_code, "segment_refused", detail)


def _unix(moment: object) -> float:
    """Read ISO 8601 or Unix seconds; five minutes from now when it is neither."""
    if isinstance(moment, int | float):
        return float(moment)
    try:
        return datetime.fromisoformat(str(moment)).timestamp()
    except ValueError:
        return time.time() + 300
