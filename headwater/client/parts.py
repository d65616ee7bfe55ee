"""Sends the parts of one multipart upload, several at a time, each until it has arrived."""

from __future__ import annotations

import re
import threading
import time
from datetime import datetime
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import httpx

from headwater.client.errors import ApiError, Refused, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from headwater.client.api import Api
    from headwater.client.source import Source

SIGN_AT_ONCE = 50
FRESH_S = 60.0
TIMEOUT = httpx.Timeout(120.0, connect=10.0)
FORBIDDEN, GONE = 403, 404


class Stopped(Exception):
    """The upload was given up while this part was on its way."""


class PartUrls:
    """Presigned URLs by part number, signed in batches and again before they expire. Safe between threads."""

    def __init__(self, api: Api, recording_id: str, wanted: Sequence[int], plan: dict[str, Any]) -> None:
        """Begin with the URLs in `plan`, the API's answer about this upload."""
        self._api = api
        self._id = recording_id
        self._wanted = list(wanted)
        self._lock = threading.Lock()
        self._urls: dict[int, tuple[str, float]] = {}
        self._take(plan)

    def url(self, number: int, *, anew: bool = False) -> str:
        """Return a URL for the part that will hold for a while; `anew` forces another one."""
        with self._lock:
            url, good_until = self._urls.get(number, ("", 0.0))
            if anew or time.time() > good_until - FRESH_S:
                at = self._wanted.index(number)
                numbers = [number] if anew else self._wanted[at : at + SIGN_AT_ONCE]
                self._take(self._api.upload(self._id, numbers))
                url, _ = self._urls[number]
            return url

    def _take(self, plan: dict[str, Any]) -> None:
        good_until = datetime.fromisoformat(plan["expires_at"]).timestamp()
        self._urls |= {part["part_number"]: (part["url"], good_until) for part in plan["parts"]}


class PartSender:
    """PUTs parts of `source`, `size_bytes` each but the last."""

    def __init__(self, api: Api, source: Source, part_size_bytes: int, on_bytes: Callable[[int], object]) -> None:
        """Count what goes out through `on_bytes`, which gets a negative number when a part starts over."""
        self._transport = api.transport
        self._source = source
        self._size = part_size_bytes
        self._on_bytes = on_bytes
        self._stop = threading.Event()

    def length(self, number: int) -> int:
        """Return the bytes of part `number`, counted from 1."""
        return min(self._size, self._source.size_bytes - (number - 1) * self._size)

    def send_all(self, numbers: Sequence[int], urls: PartUrls, parallel: int) -> None:
        """Send the parts, `parallel` at a time. Raises the first failure at once and lets the rest go."""
        waiting: SimpleQueue[int | None] = SimpleQueue()
        outcomes: SimpleQueue[Exception | None] = SimpleQueue()
        workers = min(parallel, len(numbers))
        for item in (*numbers, *[None] * workers):
            waiting.put(item)
        for _ in range(workers):
            # Daemons: Ctrl-C must not wait for a part that crawls over a slow line.
            threading.Thread(target=self._work, args=(urls, waiting, outcomes), daemon=True).start()
        try:
            for _ in numbers:
                if failure := outcomes.get():
                    raise failure
        finally:
            self._stop.set()

    def _work(self, urls: PartUrls, waiting: SimpleQueue[int | None], outcomes: SimpleQueue[Exception | None]) -> None:
        while (number := waiting.get()) is not None and not self._stop.is_set():
            try:
                self._send(number, urls)
            except Exception as error:  # noqa: BLE001  handed to the thread that waits, which raises it
                outcomes.put(error)
            else:
                outcomes.put(None)

    def _send(self, number: int, urls: PartUrls) -> None:
        backoff = self._transport.backoff
        failure: Exception = Unreachable(f"Part {number} could not be sent.")
        for failed in range(backoff.tries):
            if failed:
                self._transport.sleep(backoff.wait_s(failed))
            # A refusal may close the line before it can be read, so any failure gets a new signature.
            url = urls.url(number, anew=failed > 0)
            try:
                response = self._put(url, number)
            except httpx.TransportError as error:
                failure = Unreachable(f"Part {number} could not be sent ({error or type(error).__name__}).")
                continue
            if response.is_success:
                return
            failure = _refusal(response, number)
            if _is_final(response, failed):
                break
        raise failure

    def _put(self, url: str, number: int) -> httpx.Response:
        sent = 0

        def count(size: int) -> None:
            nonlocal sent
            sent += size
            self._on_bytes(size)

        length = self.length(number)
        body = self._stoppable(self._source.pieces((number - 1) * self._size, length, count))
        arrived = False
        try:
            # With the length given, httpx streams without chunked encoding, which S3 does not take.
            headers = {"content-length": str(length)}
            response = self._transport.http.put(url, content=body, headers=headers, timeout=TIMEOUT)
            arrived = response.is_success
        finally:
            if not arrived and sent:
                self._on_bytes(-sent)
        return response

    def _stoppable(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            if self._stop.is_set():
                raise Stopped
            yield piece


def _is_final(response: httpx.Response, failed: int) -> bool:
    """A missing upload never comes back; a refusal is believed once the URL was fresh."""
    return response.status_code == GONE or (response.status_code == FORBIDDEN and failed > 0)


def _refusal(response: httpx.Response, number: int) -> Exception:
    status = response.status_code
    found = re.search(r"<Code>(\w+)</Code>", response.text)
    code = found[1] if found else f"http_{status}"
    detail = f"Storage answered {status} ({code}) to part {number}."
    if status in {FORBIDDEN, GONE}:
        return Refused(status, code, detail)
    return ApiError(status, code, detail) if status < httpx.codes.INTERNAL_SERVER_ERROR else Unreachable(detail)
