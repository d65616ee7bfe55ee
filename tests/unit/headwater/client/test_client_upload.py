"""Uploads arrive byte for byte, go on where they stopped, and survive what networks do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from headwater.client import Api, FileChanged, Refused, Unreachable, Upload, Uploader
from headwater.client.auth import DevTokens
from headwater.client.errors import Busy
from headwater.client.resume import Started, claim
from headwater.client.retry import Backoff
from headwater.client.transport import Transport
from headwater.client.upload import Watcher

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Stub

EMPTY_PROBLEM = {"code": "x", "detail": "Later."}


class Ear(Watcher):
    """Writes down what it hears."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self.notes: list[str] = []
        self.begun: list[tuple[str, int, int]] = []
        self.bytes = 0

    def note(self, sentence: str) -> None:
        """Keep the sentence."""
        self.notes.append(sentence)

    def begin(self, recording_id: str, total_bytes: int, sent_bytes: int) -> None:
        """Keep what began."""
        self.begun.append((recording_id, total_bytes, sent_bytes))

    def advance(self, size: int) -> None:
        """Add up."""
        self.bytes += size


@pytest.fixture
def api(stub: Stub) -> Api:
    """Return a client whose waits are too short to notice."""
    transport = Transport(stub.url, backoff=Backoff(tries=3, first_s=0.001))
    transport.tokens = DevTokens(transport, "ann")
    return Api(transport)


@pytest.fixture
def ear() -> Ear:
    """Return a fresh watcher."""
    return Ear()


@pytest.fixture
def uploader(api: Api, ear: Ear, tmp_path: Path) -> Uploader:
    """Return an uploader that remembers in a folder of this test."""
    return Uploader(api, ear, folder=tmp_path / "state")


def test_the_file_arrives_byte_for_byte(uploader: Uploader, stub: Stub, clip: Path, ear: Ear) -> None:
    """Three parts, the last a half one, make the same file; nothing is remembered afterwards."""
    recording = uploader.run(Upload(clip, room_id="room 1", public=True))
    assert stub.uploaded(recording["id"]) == clip.read_bytes()
    assert (sorted(stub.puts), ear.bytes) == ([1, 2, 3], clip.stat().st_size)
    assert list((clip.parent / "state").iterdir()) == []


def test_the_recording_is_described(uploader: Uploader, stub: Stub, clip: Path) -> None:
    """Title, type, room and visibility reach the server; the title is the file's name without its ending."""
    uploader.run(Upload(clip, room_id="r1", public=True))
    assert stub.bodies == [
        {
            "title": "my talk",
            "filename": "my talk.mp4",
            "size_bytes": clip.stat().st_size,
            "content_type": "video/mp4",
            "visibility": "public",
            "room_id": "r1",
        }
    ]


def test_an_empty_file_is_one_empty_part(uploader: Uploader, stub: Stub, tmp_path: Path) -> None:
    """Zero bytes are uploaded too: what to say about them is the server's business."""
    empty = tmp_path / "empty.mp4"
    empty.touch()
    recording = uploader.run(Upload(empty))
    assert stub.parts[recording["id"]] == {1: b""}


@pytest.mark.parametrize("status", [500, 503, 429, 400])
def test_a_part_that_fails_is_sent_again(uploader: Uploader, stub: Stub, clip: Path, ear: Ear, status: int) -> None:
    """A part refused once is counted once, and with a new signature it arrives."""
    stub.fail["PUT /bucket/rec_1/2"] = [(status, EMPTY_PROBLEM, {})]
    recording = uploader.run(Upload(clip))
    assert stub.uploaded(recording["id"]) == clip.read_bytes()
    assert (stub.calls["PUT /bucket/rec_1/2"], ear.bytes) == (2, clip.stat().st_size)


def test_a_refused_signature_is_made_anew(uploader: Uploader, stub: Stub, clip: Path) -> None:
    """403 once is an expired URL: the part is signed again and sent."""
    stub.fail["PUT /bucket/rec_1/3"] = [(403, EMPTY_PROBLEM, {})]
    recording = uploader.run(Upload(clip))
    assert (stub.uploaded(recording["id"]) == clip.read_bytes(), stub.signed) == (True, 2)


def test_a_fresh_signature_that_is_refused_ends_it(uploader: Uploader, stub: Stub, clip: Path) -> None:
    """403 twice is no expiry: the upload ends with what storage said, and can go on later."""
    stub.fail["PUT /bucket/rec_1/3"] = [(403, EMPTY_PROBLEM, {})] * 2
    with pytest.raises(Refused, match="403"):
        uploader.run(Upload(clip))
    assert len(list((clip.parent / "state").iterdir())) == 1


def test_a_part_that_never_arrives_ends_it(uploader: Uploader, stub: Stub, clip: Path) -> None:
    """After all tries the upload ends as unreachable."""
    stub.fail["PUT /bucket/rec_1/1"] = [(500, EMPTY_PROBLEM, {})] * 3
    with pytest.raises(Unreachable, match="part 1"):
        uploader.run(Upload(clip))


def test_urls_are_signed_again_before_they_expire(uploader: Uploader, stub: Stub, clip: Path) -> None:
    """URLs about to expire are not even tried."""
    stub.url_ttl_s = 5
    uploader.run(Upload(clip))
    assert (stub.calls["GET /api/v1/recordings/rec_1/upload"] > 0, sorted(stub.puts)) == (True, [1, 2, 3])


def test_only_missing_parts_are_sent(uploader: Uploader, stub: Stub, clip: Path, ear: Ear) -> None:
    """A second run asks what is there, says so and sends the rest."""
    stub.fail["PUT /bucket/rec_1/3"] = [(403, EMPTY_PROBLEM, {})] * 2
    with pytest.raises(Refused):
        uploader.run(Upload(clip))
    there = sorted(stub.parts["rec_1"])
    stub.puts.clear()
    uploader.run(Upload(clip))
    assert sorted([*there, *stub.puts]) == [1, 2, 3]
    assert ear.notes == [f"Going on with rec_1: {len(there)} of 3 parts are there."]
    assert stub.uploaded("rec_1") == clip.read_bytes()


def test_a_short_part_is_sent_again(uploader: Uploader, stub: Stub, clip: Path) -> None:
    """A part that lies in storage with the wrong size does not count."""
    stub.add("rec_1", size_bytes=clip.stat().st_size)
    stub.parts["rec_1"] = {1: clip.read_bytes()[: stub.part_size], 2: b"short"}
    now = clip.stat()
    with claim(clip, stub.url, clip.parent / "state") as held:
        held.remember(Started("rec_1", now.st_size, now.st_mtime_ns))
    uploader.run(Upload(clip))
    assert (sorted(stub.puts), stub.uploaded("rec_1")) == ([2, 3], clip.read_bytes())


def test_a_changed_file_starts_anew(uploader: Uploader, stub: Stub, clip: Path, ear: Ear) -> None:
    """The parts of another version are not mixed in: the old recording goes, a sentence says so."""
    stub.add("rec_1", size_bytes=9)
    with claim(clip, stub.url, clip.parent / "state") as held:
        held.remember(Started("rec_1", 9, 1))
    stub.recordings["rec_0"] = stub.recordings["rec_1"]
    uploader.run(Upload(clip))
    assert ear.notes == ["my talk.mp4 changed since its upload began: starting anew."]
    assert (sorted(stub.recordings), stub.uploaded("rec_2")) == (["rec_0", "rec_2"], clip.read_bytes())


def test_a_file_that_changes_meanwhile_is_not_completed(
    uploader: Uploader, stub: Stub, clip: Path, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of one version and half of another never become a recording."""
    monkeypatch.setattr(ear, "begin", lambda *_: os.utime(clip, (1, 1)))
    with pytest.raises(FileChanged, match="changed while it was being uploaded"):
        uploader.run(Upload(clip))
    assert (stub.recordings, stub.calls["POST /api/v1/recordings/rec_1/upload/complete"]) == ({}, 0)


def test_a_recording_that_is_gone_starts_anew(uploader: Uploader, stub: Stub, clip: Path) -> None:
    """When the server no longer knows the unfinished recording, a new one is made."""
    now = clip.stat()
    with claim(clip, stub.url, clip.parent / "state") as held:
        held.remember(Started("rec_gone", now.st_size, now.st_mtime_ns))
    assert uploader.run(Upload(clip))["id"] == "rec_1"


def test_an_upload_whose_end_was_not_noted_is_not_repeated(
    uploader: Uploader, stub: Stub, clip: Path, ear: Ear
) -> None:
    """Killed between the server's answer and our note of it, the next run finds the recording done."""
    now = clip.stat()
    stub.add("rec_1", status="processing", size_bytes=now.st_size)
    with claim(clip, stub.url, clip.parent / "state") as held:
        held.remember(Started("rec_1", now.st_size, now.st_mtime_ns))
    assert uploader.run(Upload(clip))["status"] == "processing"
    assert (stub.puts, ear.notes) == ([], ["my talk.mp4 was uploaded already, as rec_1."])


def test_parts_the_server_misses_are_sent_again(uploader: Uploader, stub: Stub, clip: Path) -> None:
    """When completing finds parts missing, they are looked up and sent, then it is completed."""
    incomplete = {"code": "upload_incomplete", "detail": "Part 2 is missing."}
    stub.fail["POST /api/v1/recordings/rec_1/upload/complete"] = [(409, incomplete, {})]
    assert uploader.run(Upload(clip))["status"] == "processing"


def test_a_torn_note_counts_as_none(uploader: Uploader, stub: Stub, clip: Path) -> None:
    """A state file cut off by a crash is not a reason to fail."""
    with claim(clip, stub.url, clip.parent / "state") as held:
        held.remember(Started("rec_9", 1, 1))
    (state,) = (clip.parent / "state").iterdir()
    state.write_text(state.read_text()[:20])
    assert uploader.run(Upload(clip))["id"] == "rec_1"


def test_two_uploads_of_one_file_do_not_mix(uploader: Uploader, stub: Stub, clip: Path) -> None:
    """While one process uploads a file, a second is told so."""
    with (
        claim(clip, stub.url, clip.parent / "state"),
        pytest.raises(Busy, match="by another process already"),
    ):
        uploader.run(Upload(clip))


def test_a_pipe_is_refused(uploader: Uploader, tmp_path: Path) -> None:
    """What is no regular file is refused without opening it, which would hang."""
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="not a regular file"):
        uploader.run(Upload(pipe))
