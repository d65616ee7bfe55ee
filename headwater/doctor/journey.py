"""A real recording on its way through: uploaded, encoded, played with the CDN's cookies, refused without, removed."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import httpx

from headwater.client.errors import ApiError, ClientError, Unreachable
from headwater.client.parts import PartSender, PartUrls
from headwater.client.source import Source
from headwater.doctor.findings import bad, good

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from headwater.client.api import Api
    from headwater.doctor.findings import Finding

CLIP = Path(__file__).with_name("clip.mp4")
"""Two seconds of a test picture, 320x180."""
TITLE = "headwater doctor"
PATIENCE_S = 300.0
"""For the encoding of two seconds, cold starts and a queue before it included."""
_PAUSE_S = 1.0
_NOT_FOUND = 404
_LOGS = "Read the log of the function that was at it: {}."


@dataclass(frozen=True, slots=True)
class Journey:
    """One test encode. `sleep` and `now` are the process's, but for tests."""

    api: Api
    patience_s: float = PATIENCE_S
    sleep: Callable[[float], object] = time.sleep
    now: Callable[[], float] = time.monotonic

    def run(self) -> Iterator[Finding]:
        """Yield a finding for each step; whatever happens, the recording is removed."""
        try:
            made = self.api.create(
                {
                    "title": TITLE,
                    "filename": CLIP.name,
                    "size_bytes": CLIP.stat().st_size,
                    "content_type": "video/mp4",
                }
            )
        except ClientError as error:
            yield self._api_failed("upload", error)
            return
        recording_id = str(made["recording"]["id"])
        try:
            yield from self._through(recording_id, made["upload"])
        finally:
            removed = self._remove(recording_id)
        yield removed

    def _through(self, recording_id: str, plan: dict[str, Any]) -> Iterator[Finding]:
        try:
            source = Source.of(CLIP)
            numbers = range(1, plan["part_count"] + 1)
            sender = PartSender(self.api, source, plan["part_size_bytes"], lambda _count: None)
            sender.send_all(numbers, PartUrls(self.api, recording_id, numbers, plan), 1)
            self.api.complete(recording_id)
        except ClientError as error:
            do = "Uploads go to the source bucket: check its policy, the API's role, and the network in between."
            yield bad("upload", f"A test upload fails: {error}", do)
            return
        yield good("upload", "A test upload arrived.")
        began = self.now()
        recording = self._settled(recording_id, began)
        if recording["status"] != "ready":
            yield self._not_ready(recording)
            return
        yield good("encode", f"It was encoded in {self.now() - began:.0f} s.")
        yield from self._play(recording["master_url"])

    def _settled(self, recording_id: str, began: float) -> dict[str, Any]:
        while True:
            recording = self.api.recording(recording_id)
            if recording["status"] in {"ready", "errored"} or self.now() - began > self.patience_s:
                return recording
            self.sleep(_PAUSE_S)

    def _not_ready(self, recording: dict[str, Any]) -> Finding:
        status = recording["status"]
        if status == "errored":
            error = recording["error"] or {}
            says = f"The test encode failed: {error.get('detail')} ({error.get('code')})"
            return bad("encode", says, _LOGS.format("on_upload, then on_encode"))
        waits = {
            "uploading": ("the event that it has arrived did not come", "on_upload, and the bucket's notification"),
            "processing": ("no chunk of it is encoded", "on_encode, its queue and its concurrency"),
            "playable": ("it plays, but is not finished", "on_encode"),
        }
        what, where = waits.get(status, (f"it is {status}", "on_upload"))
        says = f"The test encode is not done after {self.patience_s:.0f} s: {what}."
        return bad("encode", says, f"If nothing else is being encoded, look at {where}.")

    def _play(self, master_url: str) -> Iterator[Finding]:
        http = self.api.transport.http
        try:
            master = http.get(master_url, follow_redirects=True).raise_for_status()
            # By hand: a jar keeps Secure cookies from a local stack's plain address.
            cookie = "; ".join(text.partition(";")[0] for text in master.headers.get_list("set-cookie"))
            media_url = urljoin(str(master.url), _first(master.text))
            with_cookie = {"cookie": cookie}
            media = http.get(media_url, headers=with_cookie).raise_for_status()
            init = re.search(r'#EXT-X-MAP:URI="([^"]+)"', media.text)
            piece = urljoin(media_url, init[1] if init else _first(media.text))
            body = http.get(piece, headers=with_cookie | {"range": "bytes=0-31"}).raise_for_status().content
            stranger = http.build_request("GET", piece, headers={"range": "bytes=0-31"})
            stranger.headers.pop("cookie", None)  # the client keeps those it was given
            shut = http.send(stranger)
        except (httpx.HTTPError, LookupError) as error:
            do = "A 403 means that the key group is not that of the secret `cdn-key`: docs/operations.md, Keys."
            yield bad("playback", f"What was encoded does not play through the CDN: {_why(error)}.", do)
            return
        if body[4:8] != b"ftyp":
            yield bad(
                "playback", "What the CDN gives is no fragment of ours.", "Look at its origin and cache behaviours."
            )
        else:
            yield good("playback", "It plays through the CDN with its cookies.")
        if shut.is_success:
            do = "`make deploy`, at once: the behaviour /media/* has to trust the key group."
            yield bad("locked", "The CDN gives media to whoever asks, without cookies.", do)
        else:
            yield good("locked", "Without them it does not.")

    def _remove(self, recording_id: str) -> Finding:
        try:
            self.api.delete(recording_id)
            with suppress(ApiError):
                self.api.recording(recording_id)
                return bad("removal", f"{recording_id} is still there after it was deleted.", _LOGS.format("api"))
        except ClientError as error:
            do = f"Delete it by hand: `headwater delete {recording_id}`."
            return bad("removal", f"The test recording could not be removed: {error}", do)
        return good("removal", "The test recording is removed.")

    def _api_failed(self, check: str, error: ClientError) -> Finding:
        if isinstance(error, Unreachable):
            return bad(check, str(error), _LOGS.format("api"))
        return bad(
            check, f"A test recording cannot be made: {error}", "Use a publisher's token, or an administrator's."
        )


def _first(playlist: str) -> str:
    """Return the first address in a playlist; raises LookupError when it has none."""
    return next((line for line in playlist.splitlines() if line and not line.startswith("#")), "") or _none()


def _why(error: Exception) -> str:
    """Word an error without the address's query, which may open something."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"{error.response.status_code} for {error.request.url.path}"
    return type(error).__name__ if isinstance(error, httpx.HTTPError) else "an empty playlist"


def _none() -> str:
    raise LookupError
