"""What people do to recordings: upload, watch, cancel, retry, ask for other ladders, overwrite, delete."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib import container
from chalicelib.domain.access import Action, Caller, Role
from chalicelib.domain.job import Priority
from chalicelib.domain.keys import source_key
from chalicelib.domain.ladder import EncodingProfile
from chalicelib.services.control import CostLimit
from chalicelib.services.recordings import Draft
from chalicelib.services.transcoding import Wishes
from simulation.encoders import a_source, tag_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.recording import Recording
    from simulation.hub import Process
    from simulation.world import World

LADDERS = (
    (EncodingProfile("tiny", 160, 90, 60, 15),),
    (EncodingProfile("tiny", 160, 90, 60, 15), EncodingProfile("small", 320, 180, 150, 30)),
)
_TAGS = "ABCDEFGH"
_DEAREST_USD = 0.0001


@dataclass
class Owner:
    """One person with one recording. What was done is remembered, for it says which ends are right."""

    world: World
    number: int
    recording_id: str = ""
    tag: bytes = b""
    used: str = ""
    uploaded: bool = False
    unusable: bool = False
    stopped: bool = False
    """It was cancelled, or limited in cost, after the last time that it was asked to go on."""
    deleted: bool = False
    job_id: str = ""
    """The job that was asked for last; empty for the one that starts by itself."""
    asked: list[str] = field(default_factory=list)
    people: list[Process] = field(default_factory=list)
    """Others who act for them: nobody."""

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return Caller(f"owner-{self.number}", Role.PUBLISHER)

    def live(self) -> None:
        """Act, as a process."""
        chance, hub = self.world.hub.chance, self.world.hub
        hub.pause(chance.uniform(0, 20))
        body = self._body()
        self._upload(body)
        for _ in range(chance.choice((0, 1, 1, 2, 3, 5))):
            hub.pause(chance.choice((chance.uniform(0, 2), chance.uniform(0, 30), chance.uniform(0, 600))))
            if self.deleted or not self.recording_id:
                return
            acts = (
                (self.watch, 2),
                (self.cancel, 3),
                (self.retry, 3),
                (self.other_ladder, 2),
                (self.limited, 1),
                (self.overwrite, 2),
                (self.upload_again, 1),
                (self.delete, 1.5),
            )
            act = chance.choices([act for act, _ in acts], [weight for _, weight in acts])[0]
            act()

    def _body(self) -> bytes:
        chance = self.world.hub.chance
        if chance.random() < 0.03:
            self.unusable = True
            return b"text"
        self.unusable = False
        seconds = chance.choice((1, 3, 7, 7, 20, 40))
        # Never the same twice: what has been cancelled once is not begun by an event that might be an old one.
        tag = chance.choice([one for one in _TAGS if one not in self.used]).encode()
        self.used += tag.decode()
        return a_source(
            tag, seconds, sound=chance.random() < 0.7, seekable=chance.random() < 0.8, width=chance.choice((160, 640))
        )

    def _ask(self, name: str, work: Callable[[], Any]) -> Any:
        return self.world.ask_patiently(name, work, self.asked)

    def _find(self, action: Action) -> Recording:
        return container.library().find(self.caller, self.recording_id, action)

    def _upload(self, body: bytes) -> None:
        draft = Draft("A talk", "talk.mp4", "video/mp4", len(body))
        recording = self._ask("create", lambda: container.library().create(self.caller, draft))
        if recording is None:
            return
        self.recording_id = recording.id
        session = self._ask("resume", lambda: container.upload_sessions().resume(self.caller, self.recording_id))
        if session is not None:
            self._put_parts(body)
        if self._ask("complete", lambda: container.upload_sessions().complete(self.caller, self.recording_id)):
            self.uploaded, self.tag = True, tag_of(body)

    def _put_parts(self, body: bytes) -> None:
        """Straight to S3, by the addresses that were signed."""
        row = self.world.stores.recordings.rows[self.recording_id]
        parts = self.world.stores.uploads.open.get(row.upload_id)
        if parts is not None:
            parts[1] = body

    def upload_again(self) -> None:
        """Complete once more what is complete, as a client does that heard no answer."""
        self._ask("complete", lambda: container.upload_sessions().complete(self.caller, self.recording_id))

    def overwrite(self) -> None:
        """Put another file under the same key: an address that was signed before still takes one."""
        if not self.uploaded:
            return
        body = self._body()
        self.tag, self.stopped, self.job_id = tag_of(body), False, ""
        key = source_key(self.recording_id)
        self.world.stores.source.put_bytes(key, body, content_type="video/mp4", cache_control="none")
        self.asked.append("overwrite")

    def watch(self) -> None:
        """Fetch the multivariant playlist."""
        transcoder = container.transcoder()
        self._ask("watch", lambda: transcoder.generate_master_playlist(self._find(Action.WATCH), planned=True))

    def cancel(self) -> None:
        """Cancel the job; only that it happened counts, whatever the answer was."""
        self.stopped = True
        self._ask("cancel", lambda: container.job_control().cancel(self._find(Action.TRANSCODE)))

    def retry(self) -> None:
        """Let it go on, without a limit."""
        limit = CostLimit(None)
        if self._ask("retry", lambda: container.job_control().retry(self._find(Action.TRANSCODE), limit)):
            self.stopped = False

    def other_ladder(self) -> None:
        """Ask for other rungs, at times urgently."""
        chance = self.world.hub.chance
        ladder, wishes = chance.choice((*LADDERS, None)), Wishes(chance.choice(tuple(Priority)))
        started = self._ask(
            "transcode", lambda: container.transcoder().queue_job(self._find(Action.TRANSCODE), ladder, wishes)
        )
        if started is not None:
            self.stopped, self.job_id = self.stopped and not started[1], started[0].id

    def limited(self) -> None:
        """Ask for other rungs that must cost next to nothing: such a job stops by itself."""
        usd = self.world.hub.chance.choice((0.0000001, _DEAREST_USD))
        wishes = Wishes(max_cost_usd=usd)
        profiles = LADDERS[self.world.hub.chance.randrange(len(LADDERS))]
        self.stopped = True
        started = self._ask(
            "transcode", lambda: container.transcoder().queue_job(self._find(Action.TRANSCODE), profiles, wishes)
        )
        if started is not None:
            self.job_id = started[0].id

    def delete(self) -> None:
        """Delete it."""
        self.deleted = True
        self._ask("delete", lambda: container.library().delete(self.caller, self.recording_id))
