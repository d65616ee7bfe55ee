"""Uploads one file as one recording, going on where an earlier run stopped."""

from __future__ import annotations

import mimetypes
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwater.client import resume
from headwater.client.errors import ApiError, ClientError, FileChanged
from headwater.client.parts import PartSender, PartUrls
from headwater.client.source import Source

if TYPE_CHECKING:
    from pathlib import Path

    from headwater.client.api import Api, Json

ROUNDS = 3
NOT_FOUND, CONFLICT = 404, 409


@dataclass(frozen=True, slots=True)
class Upload:
    """What to make of a file. An empty title becomes the file's name without its ending."""

    path: Path
    title: str = ""
    room_id: str = ""
    public: bool = False

    def body(self, source: Source) -> dict[str, Any]:
        """Return the JSON that creates the recording."""
        body: dict[str, Any] = {
            "title": self.title or self.path.stem or self.path.name,
            "filename": self.path.name,
            "size_bytes": source.size_bytes,
            "content_type": mimetypes.guess_type(self.path.name)[0] or "application/octet-stream",
            "visibility": "public" if self.public else "private",
        }
        return body | ({"room_id": self.room_id} if self.room_id else {})


class Watcher:
    """Hears how an upload goes; a base whose methods do nothing. Called from several threads."""

    def note(self, sentence: str) -> None:
        """Hear something the person should know."""

    def begin(self, recording_id: str, total_bytes: int, sent_bytes: int) -> None:
        """Hear that sending begins, `sent_bytes` of it being there from an earlier run."""

    def advance(self, size: int) -> None:
        """Hear that `size` more bytes are out, fewer when negative."""


class Uploader:
    """Uploads files to one server."""

    def __init__(self, api: Api, watcher: Watcher, *, parallel: int = 4, folder: Path | None = None) -> None:
        """Send `parallel` parts at a time; remember unfinished uploads in `folder`, the person's by default."""
        self._api = api
        self._watcher = watcher
        self._parallel = parallel
        self._folder = folder or resume.state_dir()

    def run(self, upload: Upload) -> Json:
        """Upload the file and return the recording. Raises ClientError or OSError; a later run goes on."""
        source = Source.of(upload.path)
        with resume.claim(upload.path, self._api.url, self._folder) as claim:
            recording_id, plan = self._resume(claim, source) or self._begin(claim, source, upload)
            try:
                recording = self._finish(source, recording_id, plan)
            except FileChanged:
                self._drop(claim, recording_id)
                raise
            claim.forget()
            return recording

    def _begin(self, claim: resume.Claim, source: Source, upload: Upload) -> tuple[str, Json]:
        created = self._api.create(upload.body(source))
        recording_id = str(created["recording"]["id"])
        claim.remember(resume.Started(recording_id, source.size_bytes, source.mtime_ns))
        return recording_id, created["upload"]

    def _resume(self, claim: resume.Claim, source: Source) -> tuple[str, Json | None] | None:
        """Return the recording begun earlier and its plan, None for the plan when only the end was not noted."""
        started = claim.load()
        if started is None:
            return None
        if (started.size_bytes, started.mtime_ns) != (source.size_bytes, source.mtime_ns):
            self._watcher.note(f"{source.path.name} changed since its upload began: starting anew.")
            self._drop(claim, started.recording_id)
            return None
        try:
            plan = self._api.upload(started.recording_id)
        except ApiError as error:
            if error.status == CONFLICT and error.code == "upload_finished":
                self._watcher.note(f"{source.path.name} was uploaded already, as {started.recording_id}.")
                return started.recording_id, None
            if error.status == NOT_FOUND:
                claim.forget()
                return None
            raise
        there = len(plan["uploaded"])
        self._watcher.note(f"Going on with {started.recording_id}: {there} of {plan['part_count']} parts are there.")
        return started.recording_id, plan

    def _drop(self, claim: resume.Claim, recording_id: str) -> None:
        """Forget an upload that can never be completed; its recording too, as far as the server lets us."""
        claim.forget()
        with suppress(ClientError):
            self._api.delete(recording_id)

    def _finish(self, source: Source, recording_id: str, plan: Json | None) -> Json:
        if plan is None:
            return self._api.recording(recording_id)
        for left in reversed(range(ROUNDS)):
            self._send_missing(source, recording_id, plan)
            source.check()
            try:
                return self._api.complete(recording_id)
            except ApiError as error:
                if error.code != "upload_incomplete" or not left:
                    raise
            plan = self._api.upload(recording_id)
        raise AssertionError  # the last round returns or raises

    def _send_missing(self, source: Source, recording_id: str, plan: Json) -> None:
        sender = PartSender(self._api, source, plan["part_size_bytes"], self._watcher.advance)
        there = {part["part_number"]: part["size_bytes"] for part in plan["uploaded"]}
        numbers = range(1, plan["part_count"] + 1)
        missing = [number for number in numbers if there.get(number) != sender.length(number)]
        sent = source.size_bytes - sum(sender.length(number) for number in missing)
        self._watcher.begin(recording_id, source.size_bytes, sent)
        sender.send_all(missing, PartUrls(self._api, recording_id, missing, plan), self._parallel)
