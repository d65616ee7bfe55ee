"""A live stream in the simulation: its owner, its encoders with their mishaps, and the viewers who come and go."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.numbered import numbered, tone
from support.pipeline import FFMPEG

from chalicelib import container, live_container
from chalicelib.domain.access import Caller, Role
from chalicelib.domain.live.keys import epoch_prefix
from chalicelib.domain.live.stream import Container, Input
from chalicelib.errors import Rejected, Unauthorized
from chalicelib.services.livestream import Wishes
from chalicelib.services.recordings import Draft
from simulation.world import PATIENCE, Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from chalicelib.services.livestream import Started
    from simulation.hub import Hub, Process
    from simulation.world import World

TARGET_S = 2
SEGMENTS = 10
"""Of one run of an encoder: what was filmed is so long."""


@cache
def filmed() -> tuple[bytes, ...]:
    """An init segment and the segments that every encoder sends: real ones, of two seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder, seconds = Path(name), SEGMENTS * TARGET_S
        x264 = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "40", "-g", "24", "-c:a", "aac", "-b:a", "64k"]
        small = ["-vf", "scale=160:90"]
        hls = ["-f", "hls", "-hls_time", str(TARGET_S), "-hls_list_size", "0", "-hls_segment_type", "fmp4"]
        names = ["-hls_segment_filename", str(folder / "%d.m4s"), str(folder / "live.m3u8")]
        command = [FFMPEG, "-v", "error", "-nostdin", *numbered(12, seconds), *tone(seconds), *small, *x264, *hls]
        subprocess.run([*command, *names], check=True, timeout=60)
        return tuple((folder / one).read_bytes() for one in ("init.mp4", *(f"{n}.m4s" for n in range(SEGMENTS))))


@dataclass
class Sent:
    """A segment whose upload S3 has acknowledged."""

    key: str
    epoch: int
    n: int
    at: float


@dataclass
class Broadcast:
    """One owner, one live recording."""

    world: World
    number: int
    recording_id: str = ""
    started: Started | None = None
    sent: list[Sent] = field(default_factory=list)
    claims: list[tuple[float, int, Input]] = field(default_factory=list)
    stopped_at: float | None = None
    deleted: bool = False
    over: bool = False
    asked: list[str] = field(default_factory=list)
    people: list[Process] = field(default_factory=list)

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return Caller(f"broadcaster-{self.number}", Role.PUBLISHER)

    @property
    def hub(self) -> Hub:
        """The scheduler."""
        return self.world.hub

    @property
    def chance(self) -> Random:
        """The history's."""
        return self.world.hub.chance

    def live(self) -> None:
        """Go on the air, and off again; as a process."""
        self.hub.pause(self.chance.uniform(0, 10))
        made = self._ask("create", lambda: container.library().create(self.caller, Draft("Live", live=True)))
        if made is None:
            return
        self.recording_id = made.id
        self.started = self._start()
        if self.started is None:
            return
        self._begin("encoder", lambda: self.encoder(Input.PRIMARY))
        if self.chance.random() < 0.3:
            self._begin("backup", lambda: self.encoder(Input.BACKUP))
        for number in range(self.chance.choice((0, 1, 3, 8))):
            self._begin(f"viewer {number}", self.viewer)
        self.hub.pause(self.chance.uniform(3, 60))
        if self.chance.random() < 0.15:
            self.delete()
        elif self.chance.random() < 0.8:
            self.stop()
        else:
            self.over = True  # nobody stops it: it closes when nothing has come for a while
        if not self.deleted and self.chance.random() < 0.15:
            self.hub.pause(self.chance.uniform(0, 900))
            self.delete()

    def _begin(self, name: str, work: Callable[[], None]) -> None:
        person = self.hub.begin(f"{name} of {self.number}", work, immortal=True)
        self.people.append(person)

    def _ask(self, name: str, work: Callable[[], Any]) -> Any:
        return self.world.ask_patiently(name, work, self.asked)

    def _start(self) -> Started | None:
        """Start; whoever did not hear the key of a stream that is on stops it and starts again."""
        wishes = Wishes(target_s=TARGET_S, silence_s=60)
        # A function that runs out of time while it ends an empty stream is followed by another after six minutes.
        for _ in range(4 * PATIENCE):
            try:
                return self.world.ask(
                    "start", lambda: live_container.live_streams().start(self.caller, self.recording_id, wishes)
                )
            except Unanswered:
                self.hub.pause(1)
            except Rejected as refusal:
                self.asked.append(f"start: {refusal.code}")
                if refusal.code == "stream_active":
                    self._ask("stop", lambda: live_container.live_streams().stop(self.caller, self.recording_id))
                self.hub.pause(20)
        self.world.defects.append(f"{self.recording_id} could not be started ({', '.join(self.asked)})")
        return None

    def stop(self) -> None:
        """End it; what lands from now on need not be taken."""
        self.stopped_at = self.stopped_at or self.hub.now
        self.over = True
        self._ask("stop", lambda: live_container.live_streams().stop(self.caller, self.recording_id))

    def delete(self) -> None:
        """Delete the recording, on the air or not."""
        self.deleted = self.over = True
        self._ask("delete", lambda: container.library().delete(self.caller, self.recording_id))

    def encoder(self, input_: Input) -> None:
        """Send segments in real time; crash, come back, stay away, send on as a zombie."""
        assert self.started is not None
        stream, key = self.started.stream, self.started.key
        while not self.over:
            claimed = self._ask(
                "claim", lambda: live_container.ingest().claim(stream.id, key, input_, Container.FMP4, None)
            )
            if claimed is None:
                return
            number = claimed[1].number
            self.claims.append((self.hub.now, number, input_))
            self._put(stream.id, number, "init.mp4", filmed()[0])
            length = self.chance.randint(1, SEGMENTS)
            for n in range(length):
                self.hub.pause(TARGET_S + self.chance.uniform(-0.1, 0.3))
                if self.over and self.chance.random() < 0.9:
                    return
                self._put(stream.id, number, f"{n}.m4s", filmed()[1 + n])
                self.sent.append(Sent(f"{epoch_prefix(stream.id, number)}{n}.m4s", number, n, self.hub.now))
            if self.chance.random() < 0.2 and length < SEGMENTS:
                self._begin("zombie", lambda at=number, n=length: self._haunt(stream.id, at, n))
            self.hub.pause(self.chance.choice((0.0, self.chance.uniform(0, 10), self.chance.uniform(0, 40))))

    def _haunt(self, stream_id: str, epoch: int, n: int) -> None:
        """An encoder that everybody thought dead sends what it had left."""
        self.hub.pause(self.chance.uniform(0, 15))
        self._put(stream_id, epoch, f"{n}.m4s", filmed()[1 + n])

    def _put(self, stream_id: str, epoch: int, name: str, body: bytes) -> None:
        key = epoch_prefix(stream_id, epoch) + name
        self.world.stores.source.put_bytes(key, body, content_type="video/mp4", cache_control="none")

    def viewer(self) -> None:
        """Come, subscribe, listen, report, and go: with a goodbye, or without."""
        assert self.started is not None
        stream, hub, chance = self.started.stream, self.hub, self.chance
        hub.pause(chance.uniform(0, 30))
        connection_id = f"c{self.number}-{next(_numbers(self.world))}"
        try:
            token = self.world.ask("invite", lambda: live_container.audience().invite(stream))
            self.world.ask("connect", lambda: live_container.viewers().join(token, connection_id))
        except (Unanswered, Unauthorized):
            # API Gateway opens no socket without an answer, and says goodbye to what was half open.
            self._goodbye(connection_id)
            return
        inbox = self.world.sockets.inbox.setdefault(connection_id, [])
        said = [{"type": "subscribe", "quality": "auto", "after": None}, {"type": "ping"}]
        said += [{"type": "report", "latency_s": 4.5, "buffer_s": 3, "stalls": 0}] * chance.randint(0, 3)
        for message in said:
            if connection_id not in self.world.sockets.inbox:
                break
            text = json.dumps(message)
            with contextlib.suppress(Unanswered):
                self.world.ask("say", partial(_say, connection_id, text))
            hub.pause(chance.uniform(1, 20))
        self._read(inbox)
        self.world.sockets.inbox.pop(connection_id, None)
        if chance.random() < 0.7:
            self._goodbye(connection_id)

    def _goodbye(self, connection_id: str) -> None:
        """$disconnect: API Gateway tries it once."""
        try:
            self.world.ask("leave", lambda: live_container.viewers().leave(connection_id))
        except Unanswered:
            self.asked.append("a goodbye was lost")

    def _read(self, inbox: list[bytes]) -> None:
        """What was told of one media sequence number is the same each time."""
        places: dict[int, dict[str, Any]] = {}
        for text in inbox:
            for entry in json.loads(text).get("entries", []):
                if places.setdefault(entry["msn"], entry) != entry:
                    self.world.defects.append(f"a viewer was told {entry} and {places[entry['msn']]}")


def _say(connection_id: str, text: str) -> None:
    live_container.conversation().hear(connection_id, text)


@cache
def _numbers(_world: World) -> Any:
    return count()
