"""Dead letters go back to work, and none is lost on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from support.control import check_whole, give_up, job_of, seven_seconds
from support.fakes import FakeClock, FakeQueue
from support.stand_in import StandInEncoder

from chalicelib.errors import NotFound, Transient
from chalicelib.services.dead_letters import REQUEUE_S, DeadLetterService, Office
from chalicelib.services.ports import Letter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass
class FakeDead:
    """A dead-letter queue: what is taken is hidden, not gone."""

    letters: list[Letter] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)

    def count(self) -> int:
        """What can be seen."""
        return len(self._visible())

    def peek(self) -> list[Letter]:
        """The first ten."""
        return self._visible()[:10]

    def take(self, hide_s: int) -> list[Letter]:
        """Hide the first ten."""
        assert hide_s > REQUEUE_S
        taken = self.peek()
        self.hidden |= {letter.receipt for letter in taken}
        return taken

    def drop(self, letters: Sequence[Letter]) -> None:
        """Forget them."""
        gone = {letter.receipt for letter in letters}
        self.letters = [letter for letter in self.letters if letter.receipt not in gone]

    def _visible(self) -> list[Letter]:
        return [letter for letter in self.letters if letter.receipt not in self.hidden]


@dataclass
class Bench:
    """Two queues; letters are put into the first one's dead letters."""

    queue: Any = field(default_factory=FakeQueue)
    dead: FakeDead = field(default_factory=FakeDead)
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        offices = {"encode": Office(self.queue, self.dead), "uploads": Office(FakeQueue(), FakeDead())}
        self.service = DeadLetterService(offices, self.clock)

    def fill(self, *letters: tuple[str, str]) -> None:
        """Put (body, group) there, each a minute older than the next."""
        now, count = self.clock.time, len(letters)
        self.dead.letters += [Letter(b, g, now - 60 * (count - n), f"r{n}") for n, (b, g) in enumerate(letters)]


@pytest.fixture
def bench() -> Bench:
    """Nothing has failed yet."""
    return Bench()


def test_the_overview(bench: Bench) -> None:
    """Every queue, how many, and how long the oldest has been waiting."""
    bench.fill(("a", "g"), ("b", "g"))
    assert bench.service.overview() == [
        {"queue": "encode", "messages": 2, "oldest_s": 120},
        {"queue": "uploads", "messages": 0, "oldest_s": None},
    ]


def test_letters_go_back_in_their_groups(bench: Bench) -> None:
    """All of them, in order; S3's own have no group and get one."""
    bench.fill(*((f"m{n}", "rec_a" if n < 15 else "") for n in range(23)))
    assert bench.service.requeue("encode") == {"queue": "encode", "moved": 23, "left": 0}
    assert [(body, group) for body, group, _ in bench.queue.messages] == [
        (f"m{n}", "rec_a" if n < 15 else "requeued") for n in range(23)
    ]
    assert bench.dead.letters == []
    assert bench.service.requeue("encode")["moved"] == 0


def test_a_queue_that_refuses_loses_nothing(bench: Bench) -> None:
    """Each letter is removed after it was sent: dying or failing in between leaves it where it was."""

    class Refusing(FakeQueue):
        def send(self, bodies: Sequence[str], *, group: str, delay_s: int = 0) -> None:
            if len(self.messages) >= 10:
                raise Transient("queue_refused", "Not now.")
            super().send(bodies, group=group, delay_s=delay_s)

    bench = Bench(queue=Refusing())
    bench.fill(*((f"m{n}", "g") for n in range(15)))
    with pytest.raises(Transient):
        bench.service.requeue("encode")
    assert [letter.body for letter in bench.dead.letters] == [f"m{n}" for n in range(10, 15)]


def test_a_call_ends_in_time(bench: Bench) -> None:
    """With more than fifteen seconds' worth it says what is left."""

    class Slow(FakeQueue):
        def send(self, bodies: Sequence[str], *, group: str, delay_s: int = 0) -> None:
            bench.clock.time += REQUEUE_S / 2
            super().send(bodies, group=group, delay_s=delay_s)

    bench.service = DeadLetterService({"encode": Office(Slow(), bench.dead)}, bench.clock)
    bench.fill(*((f"m{n}", "g") for n in range(35)))
    assert bench.service.requeue("encode") == {"queue": "encode", "moved": 20, "left": 15}


def test_an_unknown_queue(bench: Bench) -> None:
    """Its name is wrong, and the sentence gives the right ones."""
    with pytest.raises(NotFound) as refused:
        bench.service.requeue("encoder")
    assert (refused.value.code, "encode, uploads" in refused.value.detail) == ("queue_not_found", True)


def test_a_dead_letter_is_useful_again_after_a_retry(bench: Bench, tmp_path: Path) -> None:
    """Its job failed: requeued alone it is dropped; after `retry` it is work, and doing it twice does no harm."""
    pipeline = seven_seconds(tmp_path)
    pipeline.upload(b"media")
    pipeline.step()
    encoder = pipeline.encoder
    assert isinstance(encoder, StandInEncoder)
    dead = pipeline.queue.messages[0][0]
    give_up(pipeline, encoder)
    pipeline.work()
    service = DeadLetterService({"encode": Office(pipeline.queue, bench.dead)}, bench.clock)
    runs = encoder.runs
    bench.fill((dead, job_of(pipeline).recording_id))
    assert service.requeue("encode")["moved"] == 1
    pipeline.work()
    assert encoder.runs == runs
    pipeline.control.retry(pipeline.recording)
    pipeline.queue.messages.clear()
    bench.dead.hidden.clear()
    bench.fill((dead, job_of(pipeline).recording_id))
    service.requeue("encode")
    pipeline.step()
    assert encoder.runs == runs + 1
    pipeline.transcoder.fanout.send(job_of(pipeline))
    pipeline.work()
    check_whole(pipeline)
