"""The sender against a server that fails now and then; segments are made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.live_server import KEY

from headwater.client.retry import Backoff
from headwater.push.backlog import Segment
from headwater.push.link import Link
from headwater.push.progress import Progress
from headwater.push.sender import Over, Sender
from headwater.push.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.live_server import LiveServer


class Desk:
    """A sender with its spool."""

    def __init__(self, server: LiveServer, folder: Path) -> None:
        """Send from `folder` to `server`, trying again at once."""
        self.link = Link(f"{server.url}/api/v1/live/{server.stream_id}", KEY, "primary")
        self.spool = Spool(folder, 10**6)
        self.progress = Progress()
        self.sender = Sender(self.spool, self.link, self.progress, backoff=Backoff(first_s=0.01, longest_s=0.05))
        self.begin()

    def begin(self) -> None:
        """Begin a run."""
        self.run = self.spool.begin()

    def record(self, count: int) -> None:
        """Record so many segments of one second."""
        for n in range(count):
            self.run.open()
            self.run.write(b"%d" % n)
            self.run.close(1.0, 1000.0 + n)

    def codes(self) -> list[str]:
        """What the person was told."""
        return [note.code for note in self.progress.notes()]


@pytest.fixture
def desk(server: LiveServer, tmp_path: Path) -> Iterator[Desk]:
    """A sender that ends with the test."""
    made = Desk(server, tmp_path)
    yield made
    made.sender.stop()
    if made.sender.is_alive():
        made.sender.join()
    made.link.close()


def test_all_of_each_run_under_its_epoch(server: LiveServer, desk: Desk) -> None:
    """Signed in batches, ahead of time: not a call for each segment."""
    desk.record(12)
    desk.begin()
    desk.record(2)
    desk.sender.start()
    server.wait(lambda: len(server.arrivals) == 14)
    assert sorted(server.numbers) == [(1, n) for n in range(12)] + [(2, 0), (2, 1)]
    assert [epoch["first_pdt"] for epoch in server.epochs] == [1000.0, 1000.0]
    assert server.calls["POST uploads"] <= 5


def test_what_may_pass_is_tried_again(server: LiveServer, desk: Desk) -> None:
    """Busy, failing and expired: each segment still arrives once, and the person hears of it once."""
    server.answers = {
        "epochs": [(503, "unavailable")],
        "uploads": [(429, "too_many_requests"), (500, "internal")],
        "put": [(503, "SlowDown"), (403, "AccessDenied"), (500, "InternalError")],
    }
    desk.record(6)
    desk.sender.start()
    server.wait(lambda: len(server.arrivals) == 6)
    assert sorted(server.numbers) == [(1, n) for n in range(6)]
    assert [desk.codes().count(code) for code in ("refused", "segment_refused")] == [0, 0]


def test_what_storage_never_takes_is_left_out(server: LiveServer, desk: Desk) -> None:
    """Too large, say: the person is told, and the rest goes on."""
    server.answers = {"put": [(413, "EntityTooLarge")]}
    desk.record(1)
    desk.sender.start()
    server.wait(lambda: server.calls["PUT 0.ts"] == 1)
    desk.record(1)
    server.wait(lambda: len(server.arrivals) == 1)
    assert (desk.progress.refusals, "segment_refused" in desk.codes()) == (1, True)


def test_an_expired_url_is_nothing_to_tell(server: LiveServer, desk: Desk) -> None:
    """Another is fetched at once; numbers that lie far apart, as the spool was full, are signed all the same."""
    server.answers = {"put": [(403, "AccessDenied")]}
    desk.record(30)
    for n in range(1, 29):
        desk.spool.acknowledged(Segment(0, n, len(str(n)), 1.0, 1000.0 + n))
    desk.sender.start()
    server.wait(lambda: len(server.arrivals) == 2)
    assert ("offline" in desk.codes(), sorted(server.numbers)) == (False, [(1, 0), (1, 29)])


@pytest.mark.parametrize(
    ("kind", "code"), [("epochs", "stream_stopped"), ("uploads", "stream_not_found"), ("uploads", "epoch_superseded")]
)
def test_what_is_over_is_over(server: LiveServer, desk: Desk, kind: str, code: str) -> None:
    """A stream that ended, a key that is none, an input that another encoder took: the sender ends and says which."""
    server.answers = {kind: [(409, code)]}
    desk.record(1)
    desk.sender.start()
    desk.sender.join(60)
    assert isinstance(desk.sender.failure, Over)
    assert (desk.sender.failure.error.code, server.arrivals) == (code, [])


def test_status_says_that_it_is_over(desk: Desk) -> None:
    """Also while nothing is sent: an agent that waits for its encoder must not wait for ever."""
    desk.sender.start()
    desk.sender.hear({"status": "stopped"})
    desk.sender.join(60)
    assert isinstance(desk.sender.failure, Over)


def test_status_says_that_another_encoder_took_over(server: LiveServer, desk: Desk) -> None:
    """What was signed before is not used any more: the server is asked first."""
    desk.record(1)
    desk.sender.start()
    server.wait(lambda: len(server.arrivals) == 1)
    desk.sender.hear({"status": "active", "on_air": {"epoch": 2, "input": "primary"}})
    server.superseded.add(1)
    desk.record(1)
    desk.sender.join(60)
    assert isinstance(desk.sender.failure, Over)
    assert len(server.arrivals) == 1
