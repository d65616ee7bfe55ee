"""Recommendations: from a measurement, from a session, from a network's past, from nothing."""

from __future__ import annotations

from typing import Any

import pytest
from support.viewing import REC, RUNGS, SES, SOUND, Cinema, batch, job, segment

from chalicelib.domain.abr.device import SAVER_KBPS
from chalicelib.domain.access import Caller, Role
from chalicelib.errors import BadRequest, NotFound
from chalicelib.services.quality import Advice, Measured

ANNA, BERTA = Caller("anna", Role.PUBLISHER), Caller("berta", Role.VIEWER)


def advise(cinema: Cinema, measured: Measured | None = None, *, explain: bool = False, **asking: Any) -> Advice:
    """Ask as the entry point does."""
    asked = cinema.asking(**asking)
    viewer = cinema.viewers.admit(REC, asked)
    return cinema.quality.recommend(viewer, asked.session, measured or Measured(), explain=explain)


def report(cinema: Cinema, *events: dict[str, Any], **asking: Any) -> None:
    """Report as the entry point does."""
    viewer = cinema.viewers.admit(REC, cinema.asking(session=SES, **asking))
    cinema.reports.take(viewer, SES, batch(*events))


def test_knowing_nothing() -> None:
    """A rung to begin with, and what it rests on."""
    advice = advise(Cinema())
    assert (advice.start, advice.basis, advice.past, advice.cap, advice.explanation) == (
        True,
        "default",
        None,
        None,
        {},
    )


def test_from_a_measurement() -> None:
    """More bandwidth, no lower rung; from the lowest to the highest."""
    advices = [
        advise(Cinema(), Measured(bandwidth_kbps=kbps, buffer_s=20.0)) for kbps in (60.0, 700.0, 1500.0, 50_000.0)
    ]
    levels = [advice.level.index for advice in advices]
    assert levels == sorted(levels)
    assert (levels[0], levels[-1], {advice.basis for advice in advices}) == (0, 4, {"measured"})


def test_a_low_buffer_wins() -> None:
    """Over whatever was measured."""
    rich, poor = (
        advise(Cinema(), Measured(bandwidth_kbps=2500.0, buffer_s=buffer_s, level=2)) for buffer_s in (40.0, 0.0)
    )
    assert poor.level.index < rich.level.index
    assert not rich.start


def test_from_a_session() -> None:
    """Its reports count, and say so."""
    cinema = Cinema()
    report(cinema, *(segment(n, kbps=300.0, rung=0) for n in range(8)))
    slow = advise(cinema, session=SES)
    assert (slow.basis, slow.samples, slow.start) == ("session", 8, False)
    assert slow.level.index <= 1


def test_from_a_network() -> None:
    """Where others were fast a viewer begins higher; elsewhere not. Neighbours share it, strangers do not."""
    cinema = Cinema()
    for number in range(8):
        viewer = cinema.viewers.admit(REC, cinema.asking(session=f"{SES}{number}", address="192.0.2.200"))
        cinema.reports.take(viewer, f"{SES}{number}", batch(*(segment(n, kbps=400.0, rung=4) for n in range(40))))
    slow, unknown = advise(cinema), advise(cinema, address="198.51.100.1")
    assert (slow.basis, unknown.basis) == ("network", "default")
    assert slow.past is not None
    assert (slow.past.mean_log_kbps, slow.past.weight) == (6.0, 8.0)
    predicted = [
        advise(cinema, explain=True, address=address).explanation["prediction_kbps"]["p50"]
        for address in ("192.0.2.1", "198.51.100.1")
    ]
    assert predicted[0] < predicted[1]


def test_caps_say_why() -> None:
    """Screen, data saver, what is not encoded yet: the lowest counts."""
    cinema = Cinema()
    fast = Measured(bandwidth_kbps=50_000.0, buffer_s=30.0)

    def cap(**device: Any) -> tuple[int | None, str, int]:
        advice = advise(cinema, Measured(fast.bandwidth_kbps, fast.buffer_s, device=device))
        return advice.cap and advice.cap.kbps, advice.cap_reason, advice.level.kbps

    assert cap() == (None, "", 4000)
    assert cap(width=640.0, height=360.0, dpr=2.0) == (1000, "screen", 1000)
    assert cap(save_data=True) == (SAVER_KBPS, "data-saver", SAVER_KBPS)
    assert cap(width=640.0, height=360.0, dpr=1.0, save_data=True)[:2] == (250, "screen")
    cinema.show(job(SOUND, *RUNGS), SOUND, *RUNGS[:1])
    cinema.restart()
    assert cap() == (250, "not-encoded", 250)


def test_explanations() -> None:
    """Only when asked for: inputs, prediction, rule, runner-up."""
    shown = advise(Cinema(), Measured(bandwidth_kbps=3000.0, buffer_s=20.0, rtt_ms=55.0, level=3), explain=True)
    explanation = shown.explanation
    assert {"inputs", "prediction_kbps", "rule", "reason", "runner_up", "network"} <= explanation.keys()
    inputs = explanation["inputs"]
    assert (inputs["buffer_s"], inputs["latency_ms"], inputs["last_kbps"]) == (20.0, 55.0, 2000)
    spread = explanation["prediction_kbps"]
    assert spread["p10"] < spread["p50"] < spread["p90"]


def test_a_level_that_is_none() -> None:
    """Is told by its name."""
    with pytest.raises(BadRequest, match="level must be at most 4"):
        advise(Cinema(), Measured(level=5))


def test_whose_session_it_is() -> None:
    """Its viewer's, and whoever holds its token; not another recording's, nor one that nobody has heard of."""
    cinema = Cinema()
    report(cinema, segment(1), caller=ANNA)
    token = cinema.viewers.ticket(cinema.recordings.rows[REC], SES).token
    assert advise(cinema, session=SES, caller=ANNA).basis == "session"
    assert advise(cinema, session=SES, token=token).basis == "session"
    for asking in ({"caller": BERTA}, {}, {"caller": BERTA, "token": token}):
        with pytest.raises(NotFound, match="session_not_found"):
            advise(cinema, session=SES, **asking)
    with pytest.raises(NotFound, match="session_not_found"):
        advise(cinema, session="ses_00000000000000000000")
    with pytest.raises(NotFound, match="session_not_found"):
        advise(cinema, session="no session")


def test_a_session_that_has_not_reported_yet_begins_cold() -> None:
    """Its token says that it is one."""
    cinema = Cinema()
    token = cinema.viewers.ticket(cinema.recordings.rows[REC], SES).token
    advice = advise(cinema, session=SES, token=token)
    assert (advice.basis, advice.start) == ("default", True)


def test_asking_writes_nothing() -> None:
    """However often."""
    cinema = Cinema()
    for _ in range(3):
        advise(cinema, Measured(bandwidth_kbps=3000.0))
        advise(cinema)
    assert (cinema.sessions.rows, cinema.history.rows) == ({}, {})
