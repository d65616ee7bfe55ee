"""The spool on disk: what one agent left, the next one finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.transport_streams import steady

from headwater.client.errors import Busy
from headwater.push import spool as spools
from headwater.push.backlog import Claim, Segment, Send
from headwater.push.spool import Spool, held

if TYPE_CHECKING:
    from pathlib import Path


def record(spool: Spool, *bodies: bytes) -> list[Segment]:
    """Record a run with these segments, one second each."""
    run = spool.begin()
    made = []
    for n, body in enumerate(bodies):
        run.open()
        run.write(body)
        made.append(run.close(1.0, 1000.0 + n))
    return [segment for segment in made if segment]


def test_another_agent_goes_on(tmp_path: Path) -> None:
    """Numbers, times, epochs and bytes are found again; what was acknowledged is not."""
    first = Spool(tmp_path, 1000)
    segments = record(first, b"a", b"bb", b"ccc")
    first.claimed(0, 5)
    first.acknowledged(segments[0])
    second = Spool(tmp_path, 1000)
    assert (second.left_over, second.next(3, 0)) == (2, Send(5, tuple(segments[1:])))
    assert [second.path(one).read_bytes() for one in segments[1:]] == [b"bb", b"ccc"]


def test_a_segment_that_was_being_written(tmp_path: Path) -> None:
    """Is saved up to its last whole picture and keeps its number; one without a picture goes."""
    first = Spool(tmp_path, 10**6)
    run = first.begin()
    run.open()
    run.write(steady(1, 1))
    run.close(1.0, 1000.0)
    run.open()
    run.write(steady(0.5, 1)[:-10])
    last = first.begin()
    last.open()
    last.write(b"nothing yet")
    second = Spool(tmp_path, 10**6)
    work = second.next(3, 0)
    assert isinstance(work, Claim)
    second.claimed(0, 1)
    work = second.next(3, 0)
    assert isinstance(work, Send)
    assert [(one.n, round(one.duration_s, 2)) for one in work.segments] == [(0, 1.0), (1, 0.47)]
    assert list(tmp_path.rglob("*.part")) == []


def test_finished_runs_leave_nothing(tmp_path: Path) -> None:
    """Once delivered and followed by another run, the folder is gone."""
    spool = Spool(tmp_path, 1000)
    (segment,) = record(spool, b"a")
    spool.claimed(0, 1)
    record(spool, b"b")
    spool.acknowledged(segment)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000001"]
    assert (spool.is_recording(1), spool.waiting()) == (True, (1, 1.0, 1))


def test_the_disk_it_takes_is_bounded(tmp_path: Path) -> None:
    """The oldest files go, and are told of once."""
    spool = Spool(tmp_path, 5)
    segments = record(spool, b"aaa", b"bbb", b"ccc")
    assert (spool.take_dropped(), spool.take_dropped()) == (segments[:2], [])
    assert [path.read_bytes() for path in tmp_path.rglob("*.ts")] == [b"ccc"]


def test_a_run_given_up(tmp_path: Path) -> None:
    """Its files go."""
    spool = Spool(tmp_path, 1000)
    segments = record(spool, b"a", b"b")
    assert (spool.give_up(0), list(tmp_path.rglob("*.ts")), spool.oldest_end()) == (segments, [], None)


def test_taking_a_segment_back(tmp_path: Path) -> None:
    """Returns its bytes and leaves nothing; the number is used again."""
    spool = Spool(tmp_path, 1000)
    run = spool.begin()
    run.open()
    run.write(b"abc")
    assert (run.take_back(), list(tmp_path.rglob("*.part")), run.close(1.0, 0.0)) == (b"abc", [], None)
    run.open()
    assert run.close(1.0, 2.0) == Segment(0, 0, 0, 1.0, 2.0)


def test_one_agent_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two would send the same segments."""
    monkeypatch.setattr(spools, "LOCK_WITHIN_S", 0.0)
    with held(tmp_path / "spool"), pytest.raises(Busy), held(tmp_path / "spool"):
        pass
    with held(tmp_path / "spool"):
        pass
