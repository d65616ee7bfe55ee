"""What no list shows of a deleted recording: it goes last but for the row, and while that cannot be the row stays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from support.analytics_fakes import FakeWatched
from support.fakes import FakeClock, FakeJobs, FakeLedger, FakeObjects, FakeQueue, FakeRecordings, FakeUploads
from support.live_fakes import no_remains

from chalicelib.domain.keys import media_prefix
from chalicelib.domain.messages import DeleteMessage, parse_message
from chalicelib.domain.recording import Recording, RecordingStatus
from chalicelib.errors import Transient
from chalicelib.services.lifecycle import BUSY_DELAY_S, Lifecycle
from chalicelib.services.traces import Traces

if TYPE_CHECKING:
    from collections.abc import Callable

ID = "rec_0123456789abcdefghij"


@dataclass
class Told:
    """An edge, and two buckets' uploads, that remember what they were told; `before` may fail first."""

    before: Callable[[], None] = lambda: None
    edge: list[tuple[str, str]] = field(default_factory=list)
    aborted: list[str] = field(default_factory=list)

    def forget(self, paths: str, reference: str) -> None:
        """Note it."""
        self.before()
        self.edge.append((paths, reference))

    def abort_below(self, prefix: str) -> None:
        """Note it."""
        self.aborted.append(prefix)


class World:
    """One recording that is being deleted."""

    def __init__(self) -> None:
        self.clock, self.queue, self.media, self.told = FakeClock(), FakeQueue(), FakeObjects(), Told()
        self.recordings = FakeRecordings(self.clock)
        self.recordings.rows[ID] = Recording(
            id=ID,
            owner="anna",
            title="T",
            filename="a",
            content_type="a/b",
            size_bytes=1,
            status=RecordingStatus.DELETING,
            created_at=0.0,
            updated_at=0.0,
        )
        self.media.put_bytes(f"{media_prefix(ID)}x.mp4", b"x", content_type="a/b", cache_control="none")
        source = FakeObjects()
        self.lifecycle = Lifecycle(
            self.recordings,
            FakeJobs(),
            FakeUploads(source),
            source=source,
            media=self.media,
            queue=self.queue,
            ledger=FakeLedger(),
            live=no_remains(),
            watched=FakeWatched(),
            clock=self.clock,
            traces=Traces(self.told, self.told, self.told, self.clock),
        )

    def waiting(self) -> list[tuple[object, int]]:
        """Messages and how long they wait."""
        return [(parse_message(body), delay) for body, _, delay in self.queue.messages]


def test_edges_forget_once_the_objects_are_gone() -> None:
    """Both passes ask, under names of their own; parts of uploads go from both buckets."""
    world = World()
    world.told.before = lambda: world.media.bodies and pytest.fail("an edge that asks now would keep it again")  # type: ignore[assignment]
    world.lifecycle.delete(DeleteMessage(ID))
    world.clock.time += 900
    world.lifecycle.delete(DeleteMessage(ID, final=True))
    paths, references = zip(*world.told.edge, strict=True)
    assert paths == (f"/media/{ID}/*",) * 2
    assert len(set(references)) == 2
    assert set(world.told.aborted) == {f"sources/{ID}/", f"media/{ID}/"}
    assert ID not in world.recordings.rows


def test_what_comes_twice_asks_under_one_name_and_later_under_another() -> None:
    """CloudFront then does it once; after a redrive there may be something new to forget."""
    world = World()
    for wait in (0, 1, 3600):
        world.clock.time += wait
        world.lifecycle.delete(DeleteMessage(ID))
    references = [reference for _, reference in world.told.edge]
    assert references[0] == references[1] != references[2]


@pytest.mark.parametrize("final", [False, True])
def test_a_busy_cdn_is_asked_again_a_minute_later(*, final: bool) -> None:
    """Fifteen at once are all that it takes: the message has not failed, and the row stays until it was told."""
    world = World()

    def busy() -> None:
        raise Transient("aws_unavailable", "Busy.")

    world.told.before = busy
    message = DeleteMessage(ID, final=final)
    assert world.lifecycle.delete(message) is True
    assert (message, BUSY_DELAY_S) in world.waiting()
    assert ID in world.recordings.rows
    world.told.before = lambda: None
    world.lifecycle.delete(message)
    assert (ID in world.recordings.rows) is not final


def test_without_a_cdn_there_is_nobody_to_tell() -> None:
    """Parts go all the same."""
    told = Told()
    Traces(None, told, told, FakeClock()).purge(ID, final=True)
    assert (told.edge, len(told.aborted)) == ([], 2)
