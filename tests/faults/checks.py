"""What must hold of a recording after whatever happened: read through the API, and in the store beneath it."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import m3u8
from support.conformance import read_strictly
from support.http_files import serve

if TYPE_CHECKING:
    from faults.cloud import FaultyCloud
    from faults.person import Person

ENDS = {"ready", "errored"}
MASTER = "master.m3u8"


@dataclass(frozen=True, slots=True)
class Clip:
    """A source and what becomes of it."""

    body: bytes
    duration_s: float
    sound: bool


def status_of(cloud: FaultyCloud, recording_id: str) -> str:
    """A recording's status as its row has it."""
    return str(cloud.item("recordings", recording_id).get("status", {}).get("S", "gone"))


def job_of(cloud: FaultyCloud, recording_id: str) -> str:
    """Its job's id."""
    return str(cloud.item("recordings", recording_id).get("job_id", {}).get("S", ""))


def broken_rules(cloud: FaultyCloud, person: Person, recording_id: str, clip: Clip, *, strictly: bool) -> list[str]:
    """Every rule that a recording breaks which should be ready. `strictly` reads its playlists with hls-parser too."""
    progress = person.ask("GET", f"/recordings/{recording_id}/transcode/progress").json()
    broken = _states(progress) + _rows(cloud, recording_id)
    if broken:
        return broken
    published = _Published(cloud, person, recording_id, clip)
    return published.broken() or (published.judged() if strictly else [])


def _states(progress: dict[str, Any]) -> list[str]:
    broken = []
    if (progress["recording_status"], progress["status"], progress["error"]) != ("ready", "completed", None):
        broken.append(f"is {progress['recording_status']}, its job {progress['status']}, {progress['error']}")
    broken += [
        f"{one['name']} has {one['chunks_done']} of {one['chunks_total']} chunks"
        for one in progress["renditions"]
        if one["chunks_done"] != one["chunks_total"]
    ]
    if float(progress["cost"]["usd"]) <= 0:
        broken.append("has no receipt")
    if not progress["storyboard_url"]:
        broken.append("has no thumbnails")
    return broken


def _rows(cloud: FaultyCloud, recording_id: str) -> list[str]:
    job_id = job_of(cloud, recording_id)
    job, tasks = cloud.item("transcoding_jobs", job_id), cloud.items("encode_tasks", job_id)
    broken = []
    if job.get("status", {}).get("S") != "completed":
        broken.append(f"its job's row is {job.get('status')}")
    done = sum(task["status"]["S"] == "done" for task in tasks)
    if not done == len(tasks) == int(job.get("tasks_done", {"N": "-1"})["N"]):
        broken.append(f"counts {job.get('tasks_done')} tasks, of which {done} of {len(tasks)} rows are done")
    if "finished_at" not in job:
        broken.append("its job has no end")
    return broken


@dataclass
class _Published:
    """What the recording's playlists say, beside what is stored."""

    cloud: FaultyCloud
    person: Person
    recording_id: str
    clip: Clip
    texts: dict[str, bytes] = field(default_factory=dict)
    """Playlists by path."""

    def judged(self) -> list[str]:
        """What hls-parser finds wrong. It has no cookies: it reads copies, under the same paths."""
        with serve(self.texts, "application/vnd.apple.mpegurl") as url:
            try:
                read_strictly(f"{url}{MASTER}")
            except AssertionError as error:
                return [f"hls-parser: {error}"]
        return []

    def broken(self) -> list[str]:
        """Every rule that they break."""
        answer = self.person.ask("GET", f"/recordings/{self.recording_id}/stream/master.m3u8")
        if answer.status_code != 200:
            return [f"the multivariant playlist answers {answer.status_code}"]
        self.texts[MASTER] = answer.content
        master = m3u8.loads(answer.text)
        stored = self.cloud.objects(self.recording_id)
        uris = [variant.uri for variant in master.playlists] + [sound.uri for sound in master.media if sound.uri]
        frames = [one.uri for one in master.iframe_playlists]
        broken = [] if master.playlists else ["lists no rendition"]
        if self.clip.sound != any(sound.type == "AUDIO" for sound in master.media):
            broken.append("has lost its sound")
        for uri in sorted({*uris, *frames}):
            broken += self._media(uri, stored, whole=uri in uris)
        return broken

    def _media(self, uri: str, stored: dict[str, int], *, whole: bool) -> list[str]:
        answer = self.person.ask("GET", uri)
        if answer.status_code != 200:
            return [f"{uri} answers {answer.status_code}"]
        self.texts[uri.lstrip("/")] = answer.content
        playlist = m3u8.loads(answer.text)
        folder = uri.rpartition("/")[0].lstrip("/")
        broken = [] if playlist.is_endlist else [f"{uri} has no end"]
        length = sum((Fraction(str(segment.duration)) for segment in playlist.segments), Fraction(0))
        if whole and abs(float(length) - self.clip.duration_s) > 0.2:
            broken.append(f"{uri} lasts {float(length)} s")
        if any(segment.duration > playlist.target_duration + 0.5 for segment in playlist.segments):
            broken.append(f"{uri} passes its target duration")
        ends: dict[str, int] = {}
        for segment in playlist.segments:
            key = f"{folder}/{segment.uri}"
            count, _, offset = str(segment.byterange).partition("@")
            end = int(offset) + int(count)
            if key not in stored or end > stored[key] or int(offset) < ends.get(key, 0):
                broken.append(f"{uri} names {segment.byterange} of {segment.uri}, which has {stored.get(key)} bytes")
            ends[key] = end
        return broken
