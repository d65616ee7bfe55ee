"""Reports: once, in order, one writer at a time, and the same session in any Lambda."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.viewing import REC, SES, Cinema, batch, segment

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.networks import MAX_WEIGHT
from chalicelib.domain.sessions import KEEP_S
from chalicelib.entrypoints.views import report_view
from chalicelib.errors import BadRequest, NotFound, Transient
from chalicelib.services.reports import FIRST_REPORT_S, REPORT_S

if TYPE_CHECKING:
    from chalicelib.services.reports import Answer

ANNA, BERTA = Caller("anna", Role.PUBLISHER), Caller("berta", Role.VIEWER)


def report(cinema: Cinema, *events: dict[str, Any], session: str = SES, **asking: Any) -> Answer:
    """Report as the entry point does."""
    viewer = cinema.viewers.admit(REC, cinema.asking(session=session, **asking))
    return cinema.reports.take(viewer, session, batch(*events))


def stored(cinema: Cinema) -> dict[str, Any]:
    """What is kept of the session."""
    return cinema.sessions.rows[REC, SES].state


def session_of(count: int = 40) -> list[dict[str, Any]]:
    """A session on a link that changes, the same every time."""
    chance = random.Random(7)  # noqa: S311  no secret
    return [segment(n, kbps=chance.choice([400.0, 3000.0, 9000.0]), rung=chance.randrange(5)) for n in range(1, count)]


def test_what_is_new_counts_and_what_is_known_does_not() -> None:
    """Twice, late, or again in a later batch: no write, no change, the same advice."""
    cinema = Cinema()
    first = report(cinema, segment(1), segment(2), segment(3))
    assert (first.taken.accepted, first.taken.ignored, first.last) == (3, 0, 3)
    before, writes, history = stored(cinema), cinema.sessions.writes, dict(cinema.history.rows)
    for again in ((1, 2, 3), (2,), (3, 1)):
        answer = report(cinema, *(segment(n, kbps=100.0) for n in again))
        assert (answer.taken.accepted, answer.taken.ignored, answer.last) == (0, len(again), 3)
        assert answer.advice == first.advice
    assert (stored(cinema), cinema.sessions.writes, cinema.history.rows) == (before, writes, history)
    more = report(cinema, segment(3), segment(4))
    assert (more.taken.accepted, more.taken.ignored, more.last) == (1, 1, 4)


def test_events_of_a_batch_may_come_in_any_order() -> None:
    """Their numbers say which was first."""
    sorted_, shuffled = Cinema(), Cinema()
    events = session_of()
    report(sorted_, *events)
    random.Random(3).shuffle(events)  # noqa: S311  no secret
    report(shuffled, *events)
    assert stored(sorted_) == stored(shuffled)


@given(st.lists(st.integers(1, 8), min_size=1, max_size=20))
@settings(deadline=None)
def test_any_way_of_delivering_ends_alike(sizes: list[int]) -> None:
    """Batches of any size, each sent twice, in a new Lambda each: the same session as in one that never stopped."""
    whole, parts = Cinema(), Cinema()
    events = session_of()[: sum(sizes)]
    expected = [report(whole, event) for event in events]
    begin, answer = 0, None
    for size in sizes:
        some = events[begin : begin + size]
        begin += len(some)
        for _ in range(2 if some else 0):
            parts.restart()
            answer = report(parts, *some)
    # Shares are sums, whose last digit depends on how they were cut.
    assert stored(parts) == stored(whole) | {"given": pytest.approx(stored(whole)["given"])}
    assert answer is not None
    assert answer.advice == expected[-1].advice


def test_a_rival_is_not_undone() -> None:
    """Two Lambdas with two batches: whoever comes second reads again and adds to what the first wrote."""
    cinema = Cinema()
    report(cinema, segment(1))
    cinema.sessions.rivals = [lambda: report(cinema, segment(2), segment(3))]
    answer = report(cinema, segment(4))
    assert (answer.taken.accepted, answer.last) == (1, 4)
    alone = Cinema()
    for events in ((1,), (2, 3), (4,)):
        report(alone, *(segment(n) for n in events))
    assert stored(cinema) == stored(alone)


def test_the_same_batch_twice_at_once_counts_once() -> None:
    """The second finds everything known."""
    cinema = Cinema()
    cinema.sessions.rivals = [lambda: report(cinema, segment(1), segment(2))]
    answer = report(cinema, segment(1), segment(2))
    assert (answer.taken.accepted, answer.taken.ignored) == (0, 2)
    alone = Cinema()
    report(alone, segment(1), segment(2))
    assert stored(cinema) == stored(alone)
    assert cinema.history == alone.history


def test_a_session_that_everybody_writes_is_told_to_wait() -> None:
    """One retry, then the player sends it again; nothing was written."""
    cinema = Cinema()
    cinema.sessions.rivals = [lambda: report(cinema, segment(1)), lambda: report(cinema, segment(2))]
    with pytest.raises(Transient, match="session_contended"):
        report(cinema, segment(9))
    assert stored(cinema)["last"] == 2


def test_a_join_caps_the_session_until_it_ends() -> None:
    """What the device is stays known; nonsense about it does no harm."""
    cinema = Cinema()
    device = {"kind": "join", "seq": 0, "width": 640, "height": 360, "dpr": 1, "cores": "many", "codecs": {"a": 1}}
    report(cinema, device)
    cinema.restart()
    answer = report(cinema, *(segment(n, kbps=60_000.0) for n in range(1, 9)))
    assert answer.advice.cap is not None
    assert (answer.advice.cap.kbps, answer.advice.cap_reason) == (250, "screen")
    assert answer.advice.level.kbps == 250


def test_other_events_change_nothing_but_the_count() -> None:
    """They are for analytics."""
    cinema = Cinema()
    report(cinema, segment(1), segment(2))
    before = stored(cinema)
    kinds = ("start", "stall", "switch", "seek", "pause", "resume", "error", "end")
    answer = report(cinema, *({"kind": kind, "seq": 3 + n, "pt": 5} for n, kind in enumerate(kinds)))
    assert (answer.taken.accepted, answer.taken.refused) == (8, ())
    assert stored(cinema) == before | {"last": 10}


def test_what_is_not_believed_is_told() -> None:
    """With its number; the others of its batch count."""
    cinema = Cinema()
    answer = report(cinema, segment(1), segment(2, bytes=-5), segment(3, rendition="none"), segment(4))
    assert answer.taken.refused == ((2, "negative"), (3, "unknown_level"))
    assert answer.advice.samples == 2
    assert report_view(answer)["refused"][0] == {"seq": 2, "reason": "negative"}


def test_report_more_often_at_first() -> None:
    """While the first advice is worth most."""
    cinema = Cinema()
    assert report(cinema, segment(1)).report_after_s == FIRST_REPORT_S
    assert report(cinema, *(segment(n) for n in range(2, 9))).report_after_s == REPORT_S


def test_a_session_is_its_viewers() -> None:
    """Whoever began it; an anonymous one is anybody's who knows its name, and nobody's by signing in."""
    cinema = Cinema()
    report(cinema, segment(1), caller=ANNA)
    for asking in ({"caller": BERTA}, {}):
        with pytest.raises(NotFound, match="session_not_found"):
            report(cinema, segment(2), **asking)
    token = cinema.viewers.ticket(cinema.recordings.rows[REC], SES).token
    report(cinema, segment(3), token=token)
    assert cinema.sessions.rows[REC, SES].viewer == "anna"
    other = SES[:-1] + "x"
    report(cinema, segment(1), session=other)
    report(cinema, segment(2), session=other, caller=BERTA)
    assert cinema.sessions.rows[REC, other].viewer == ""


def test_a_session_is_forgotten_a_day_after_its_last_report() -> None:
    """What comes then begins anew."""
    cinema = Cinema()
    report(cinema, segment(5), caller=ANNA)
    cinema.clock.time += KEEP_S - 1
    assert report(cinema, segment(5), caller=ANNA).taken.ignored == 1
    cinema.clock.time += 1
    assert report(cinema, segment(5), caller=BERTA).taken.accepted == 1


def test_one_viewer_does_not_make_a_networks_history() -> None:
    """A session weighs as one, whatever and however often it reports; all of them at most as eight."""
    cinema = Cinema()
    for begin in range(1, 2000, 50):
        report(cinema, *(segment(n, kbps=90_000.0, rung=4) for n in range(begin, begin + 50)))
        assert sum(share.weight for share in cinema.history.rows.values()) > 0
    past = cinema.pasts.of("192.0.2.1")
    assert past is not None
    assert past.weight <= 1.0 + 1e-9
    assert stored(cinema)["given"] <= 1.0 + 1e-9
    assert past.weight < MAX_WEIGHT
    assert cinema.pasts.of("192.0.3.1") is None


def test_what_is_kept_does_not_grow() -> None:
    """A session of thousands of segments is as large as one of a hundred, and never a place for addresses."""
    cinema = Cinema()
    sizes = []
    for begin in (1, 101, 2001):
        for first in range(begin, begin + 100, 50):
            report(cinema, *(segment(n) for n in range(first, first + 50)))
        sizes.append(len(json.dumps(stored(cinema))))
    assert max(sizes) < 4096
    assert sizes[2] - sizes[1] < 100
    assert "192.0.2" not in json.dumps([stored(cinema), list(cinema.history.rows)])


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
KEYS = [*segment(1), "width", "height", "dpr", "codecs", "decoding", "played", "stall_ms", "outcome", "ot", "br", "mtp"]
EVENTS = st.fixed_dictionaries(
    {"kind": st.sampled_from(["join", "segment", "abandon", "stall"]), "seq": st.integers(0, 9)},
    optional={key: JSON_VALUES for key in KEYS if key not in {"kind", "seq"}},
)


@given(st.lists(EVENTS, min_size=1, max_size=6))
@settings(deadline=None)
def test_whatever_is_reported_is_answered(events: list[dict[str, Any]]) -> None:
    """Any JSON in any key: an answer that is JSON, a state that is JSON, and a session that goes on."""
    cinema = Cinema()
    try:
        answer = report(cinema, *events)
    except BadRequest:
        return
    json.dumps(report_view(answer), allow_nan=False)
    json.dumps(stored(cinema), allow_nan=False)
    assert report(cinema, segment(10)).taken.accepted == 1
