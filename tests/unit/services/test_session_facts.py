"""From reports to sums: exact whatever comes twice, late, in pieces, or dies half-way."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.viewing import REC, SES, Cinema
from support.watching import MIDNIGHT_MS, VIEWER_ID, report, sweeps, told

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.analytics.measures import Measures
from chalicelib.domain.analytics.record import BURST
from chalicelib.domain.analytics.session import MOST_EVENTS
from chalicelib.domain.sessions import KEEP_S, viewer_name
from chalicelib.errors import TooMany

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

NOW = MIDNIGHT_MS / 1000 + 600
ANNA = Caller("anna", Role.PUBLISHER)
LONG = 1600.0
"""Seconds after which a session that said nothing has been left; events may be a day late."""


class Died(Exception):
    """The function was killed here."""


def cinema_at(now: float = NOW) -> Cinema:
    """A cinema a few minutes after midnight, whose recording lasts a minute."""
    cinema = Cinema()
    cinema.clock.time = now
    cinema.recordings.update(REC, duration_s=60.0)
    return cinema


def closed(cinema: Cinema) -> tuple[Any, ...]:
    """Everything that is known once the sweep has been: sums, rows, single events."""
    cinema.folds.contended = False
    cinema.clock.time += LONG
    sweeps(cinema).close_left()
    assert all(row.sweep_at is None for row in cinema.sessions.rows.values())
    return cinema.folds.known(), cinema.folds.rows, cinema.log.rows


def clean(*sessions: tuple[str, list[Any]]) -> tuple[Any, ...]:
    """The same after one pass in order."""
    cinema = cinema_at()
    for session, events in sessions:
        for begin in range(0, len(events), 50):
            report(cinema, events[begin : begin + 50], session)
    return closed(cinema)


def deliver(cinema: Cinema, events: list[Any], data: DataObject) -> None:
    """Deliver some events: after a while, perhaps twice, perhaps killed or contended on the way."""
    fate = data.draw(st.sampled_from(["arrives", "arrives", "twice", "dies before", "dies between", "contended"]))
    cinema.clock.time += data.draw(st.sampled_from([0.0, 1.0, 30.0, 70.0, 301.0]))
    cinema.folds.contended = fate == "contended"
    if fate.startswith("dies"):
        target, name = (cinema.log, "add") if fate == "dies before" else (cinema.sessions, "save")
        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Died):
            patch.setattr(target, name, _die)
            report(cinema, events)
    for _ in range(2 if fate == "twice" else 1):
        cinema.restart()
        report(cinema, events)


def _die(*_args: object, **_named: object) -> None:
    raise Died


@given(st.integers(0, 30), st.data())
@settings(max_examples=30, deadline=None)
def test_any_delivery_comes_to_the_same_sums(seed: int, data: DataObject) -> None:
    """Any order, batches, repeats, deaths, contention and sweeps in between."""
    events = told(seed)
    order = data.draw(st.permutations(range(len(events))))
    cinema, place = cinema_at(), 0
    while place < len(order):
        size = data.draw(st.integers(2, 15))
        again = data.draw(st.lists(st.sampled_from(order), max_size=3))
        some = list(dict.fromkeys([*order[place : place + size], *again]))
        deliver(cinema, [events[number] for number in some], data)
        place += size
        if data.draw(st.booleans()):
            cinema.clock.time += LONG
            sweeps(cinema).close_left()
    assert closed(cinema) == clean((SES, events))


def test_days_and_all_time_agree() -> None:
    """A session counts on the day it began, its slots where they lie; over all time it is the same once."""
    sums, rows, _ = clean((SES, told(3)))
    first, second, ever = sums[REC, "2027-01-15"], sums[REC, "2027-01-16"], sums[REC, "all"]
    assert (first.sessions, first.views, first.viewers, second.sessions) == (1, 1, 1, 0)
    watched = sum(first.slots.values()) + sum(second.slots.values())
    assert set(first.slots) == {"287"}
    assert watched == first.watch_ms == ever.watch_ms == round(1000 * rows[REC, SES].total_watch_time)
    assert sums["anna", "2027-01-15"].watch_ms == first.watch_ms
    assert (ever.slots, ever.sessions, ever.rungs) == ({}, 1, first.rungs)
    assert len(ever.seen) > 50


def test_a_viewer_is_one_however_often_they_come() -> None:
    """By the browser's own id, or by the token's subject; who gives neither counts each time."""
    cinema = cinema_at()
    for number in range(3):
        report(cinema, told(1), f"ses_browser_{number:08d}")
        report(cinema, told(1, viewer=""), f"ses_nobody_{number:08d}")
        report(cinema, told(1), f"ses_anna_{number:011d}", caller=ANNA)
    sums, rows, _ = closed(cinema)
    assert (sums[REC, "all"].views, sums[REC, "all"].viewers) == (9, 5)
    assert {(row.user_id, row.viewer) for row in rows.values()} == {
        ("", viewer_name(b"key", "browser", VIEWER_ID)),
        ("", ""),
        ("anna", viewer_name(b"key", "user", "anna")),
    }


def test_sums_hear_of_a_session_when_it_matters() -> None:
    """When it begins to play and ends; else once a minute, and of long ones every five."""
    cinema = cinema_at()
    plain = {"kind": "pause", "at_ms": 1000 * NOW}
    report(cinema, [plain | {"seq": 0}])
    assert cinema.folds.writes == 0
    report(cinema, [{"kind": "start", "seq": 1, "at_ms": 1000 * NOW, "startup_ms": 5}])
    assert cinema.folds.writes == 1
    for seq, wait, writes in ((2, 30, 1), (3, 29, 1), (4, 1, 2), (5, 59, 2)):
        cinema.clock.time += wait
        report(cinema, [plain | {"seq": seq, "at_ms": 1000 * cinema.clock.time}])
        assert cinema.folds.writes == writes
    report(cinema, [{"kind": "end", "seq": 6, "at_ms": 1000 * cinema.clock.time, "reason": "left"}])
    assert cinema.folds.writes == 3
    assert cinema.folds.rows[REC, SES].session_end == pytest.approx(cinema.clock.time)
    report(cinema, [plain | {"seq": 7}])
    cinema.clock.time += 61
    report(cinema, [plain | {"seq": 8}])
    assert cinema.folds.rows[REC, SES].session_end is None


def test_what_vanishes_is_closed_and_may_come_back() -> None:
    """A tab that was killed ends with its last event; one that wakes up goes on in the same session."""
    cinema = cinema_at()
    begun = {"kind": "join", "seq": 0, "at_ms": 1000 * NOW}
    report(cinema, [begun])
    cinema.clock.time += 60
    assert (sweeps(cinema).close_left(), cinema.folds.rows) == (0, {})
    cinema.clock.time += LONG
    assert sweeps(cinema).close_left() == 1
    assert cinema.folds.rows[REC, SES].session_end == pytest.approx(NOW)
    assert cinema.folds.sums[REC, "all"].exits_before_start == 1
    assert sweeps(cinema).close_left() == 0
    report(cinema, [{"kind": "start", "seq": 1, "at_ms": 1000 * cinema.clock.time}])
    assert cinema.folds.rows[REC, SES].session_end is None
    assert cinema.folds.sums[REC, "all"].exits_before_start == 0
    assert cinema.folds.sums[REC, "all"].sessions == 1


def test_the_sweep_is_not_stopped_by_one_and_takes_what_is_nearly_over() -> None:
    """Contended ones wait; those of a recording that is going are dropped; a row past its time is still summed."""
    cinema = cinema_at()
    report(cinema, told(2)[:10])
    cinema.clock.time += KEEP_S + 100
    cinema.folds.contended = True
    assert sweeps(cinema).close_left() == 0
    cinema.folds.contended = False
    assert sweeps(cinema).close_left() == 1
    assert cinema.folds.sums[REC, "all"].sessions == 1
    report(cinema, told(2)[:10], "ses_of_a_recording_that_goes")
    del cinema.recordings.rows[REC]
    cinema.clock.time += LONG
    assert sweeps(cinema).close_left() == 1
    assert [session for _, session in cinema.sessions.rows] == [SES]
    assert [session for _, session in cinema.log.rows] == [SES]


def test_reports_are_bounded() -> None:
    """A burst, then one a second; what comes again costs nothing, and a session has so many events."""
    cinema = cinema_at()
    for seq in range(int(BURST)):
        report(cinema, [{"kind": "pause", "seq": seq}])
    with pytest.raises(TooMany, match="too_many_reports"):
        report(cinema, [{"kind": "pause", "seq": 1000}])
    assert report(cinema, [{"kind": "pause", "seq": 5}]).taken.ignored == 1
    cinema.clock.time += 1
    assert report(cinema, [{"kind": "pause", "seq": 1000}]).taken.accepted == 1
    cinema.clock.time += 5
    answer = report(cinema, [{"kind": "pause", "seq": MOST_EVENTS}, {"kind": "pause", "seq": MOST_EVENTS - 1}])
    assert (answer.taken.accepted, answer.taken.refused) == (1, ((MOST_EVENTS, "session_full"),))


def test_sums_are_of_measures_that_are_known() -> None:
    """One whole session, by hand."""
    cinema = cinema_at()
    at = round(1000 * NOW) - 60_000
    rung = {"rendition": "v-1280x720-1000k-0a1b2c3d", "d": 20_000, "bytes": 2_500_000, "duration_ms": 1000}
    report(
        cinema,
        [
            {"kind": "join", "seq": 0, "at_ms": at, "vid": VIEWER_ID, "device": "desktop"},
            {"kind": "start", "seq": 1, "at_ms": at + 600, "startup_ms": 600},
            {"kind": "segment", "seq": 2, "at_ms": at + 700, "index": 0, **rung},
            {"kind": "stall", "seq": 3, "at_ms": at + 9000, "stall_ms": 450, "wt": 8000, "seen": [[0, 8000]]},
            {"kind": "end", "seq": 4, "at_ms": at + 30_000, "wt": 20_000, "seen": [[8000, 20_000]], "reason": "left"},
        ],
    )
    counts = {"sessions": 1, "views": 1, "watch_ms": 20_000, "stall_ms": 450, "judged": 1, "qoe_milli": 97}
    assert cinema.folds.sums["anna", "2027-01-16"] == Measures(
        **counts, stalls=1, startup_ms=600, startups=1, picture_ms=20_000, kbit=20_000,
        rungs={"720p 1000k": 20_000}, slots={"1": 20_000}, startup_classes={"750": 1},
        by={f"{name}/{key}": number
            for name in ("network/unknown", "device/desktop", "country/unknown") for key, number in counts.items()},
    )  # fmt: skip
    row = cinema.folds.rows[REC, SES]
    assert (row.bitrate_selected, row.buffer_events, row.good, row.completion) == (
        1000,
        1,
        False,
        pytest.approx(1 / 3, abs=1e-4),
    )


def test_a_live_session() -> None:
    """Judged as any other; latency is the mean of what segments told, and there is no whole to complete."""
    cinema = cinema_at()
    at = round(1000 * NOW) - 30_000
    events: list[dict[str, Any]] = [
        {"kind": "join", "seq": 0, "at_ms": at, "live": True, "device": "tv"},
        {"kind": "start", "seq": 1, "at_ms": at + 400, "startup_ms": 400},
    ]
    for number in range(10):
        segment = {"kind": "segment", "rendition": "v-1280x720-1000k-0a1b2c3d", "index": number, "d": 2000}
        times = {"at_ms": at + 2000 * number, "wt": 2000 * number, "latency_ms": 3000 + 100 * number}
        events.append({**segment, **times, "seq": 2 + number, "bytes": 250_000, "duration_ms": 500})
    report(cinema, events)
    sums, rows, _ = closed(cinema)
    total, row = sums[REC, "all"], rows[REC, SES]
    assert (row.live, row.latency_ms, row.completion, row.device, row.good) == (True, 3450, 0.0, "tv", True)
    assert (total.latency_ms, total.latencies, total.seen, total.watch_ms) == (34_500, 10, {}, 18_000)
    assert (total.views, total.live_views) == (1, 1)
