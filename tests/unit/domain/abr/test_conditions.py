"""Names of networks: which link gets which, how sure that is, and that names do not flap."""

from __future__ import annotations

import json
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.abr import transfer

from chalicelib.domain.abr import NetworkClass, NetworkConditionDetector, NetworkStats, Outcome
from chalicelib.domain.abr.conditions import Percentiles, bounds, mass

LOST = transfer(None, ttfb_s=None, bytes=0, outcome=Outcome.TIMEOUT)


def detector(*kbps: float, ttfb_s: float | None = 0.1) -> NetworkConditionDetector:
    """A detector that has seen these transfers."""
    made = NetworkConditionDetector()
    for rate in kbps:
        made.observe(transfer(rate, ttfb_s=ttfb_s))
    return made


@pytest.mark.parametrize(
    ("kbps", "ttfb_s", "name"),
    [
        (8, 0.1, "offline"),
        (90, 0.4, "2g"),
        (900, 0.1, "3g"),
        (900, None, "3g"),
        (900, 0.02, "wifi-slow"),
        (4000, 0.02, "wifi-slow"),
        (4000, None, "wifi-slow"),
        (4000, 0.1, "4g"),
        (12000, 0.02, "4g"),
        (60000, 0.02, "broadband"),
        (60000, 0.3, "4g"),
    ],
)
def test_each_kind_of_link_has_its_name(kbps: float, ttfb_s: float | None, name: str) -> None:
    """By bandwidth, and by latency where bandwidth leaves it open."""
    condition = detector(*[kbps] * 10, ttfb_s=ttfb_s).condition()
    assert name == condition.name
    assert condition.confidence > 0.8


def test_a_link_that_varies_is_mobile() -> None:
    """At the same mean, steady is Wi-Fi and restless is 4g."""
    assert detector(*[4000.0] * 10, ttfb_s=0.02).name is NetworkClass.WIFI_SLOW
    assert detector(*[2200.0, 6500.0] * 8, ttfb_s=0.02).name is NetworkClass.G4


def test_confidence_grows_with_samples_and_shrinks_at_an_edge() -> None:
    """One transfer proves little; between two classes nothing is sure."""
    one, many, edge = (detector(*rates).condition() for rates in ([900.0], [900.0] * 20, [1600.0, 2400.0] * 10))
    assert 0 < one.confidence < many.confidence <= 1
    assert edge.confidence < 0.75
    assert (NetworkConditionDetector().condition().name, detector().condition().confidence) == (NetworkClass.G3, 0.0)


def test_the_engines_prediction_replaces_the_windows() -> None:
    """A link known to have become slow is not named by what it was."""
    made = detector(*[900.0] * 6)
    slow = Percentiles(60, 80, 100)
    names = [made.observe(transfer(80, ttfb_s=0.1), slow).name for _ in range(3)]
    assert names == ["3g", "3g", "2g"]


def test_a_name_holds_until_another_is_clearly_likelier_three_times() -> None:
    """A network that goes back and forth over an edge keeps one name."""
    made = detector(*[1500.0] * 5)
    names = {made.observe(transfer(kbps, ttfb_s=0.1)).name for kbps in [2600.0, 1500.0] * 20}
    assert {NetworkClass.G3} == names


def test_offline_after_two_requests_without_a_byte_and_back_at_once() -> None:
    """No holding here: nobody wants to wait for three transfers on a dead link, nor after it came back."""
    made = detector(*[4000.0] * 10)
    assert made.observe(LOST).name is NetworkClass.G4
    offline = made.observe(LOST)
    assert (offline.name, round(offline.confidence, 3)) == (NetworkClass.OFFLINE, 0.643)
    assert made.observe(transfer(4000, ttfb_s=0.1)).name is NetworkClass.G4


@given(st.floats(0.1, 1e6), st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_prediction_is_shared_out_whole(middle: float, down: float, up: float) -> None:
    """The classes are seamless: their shares make 1, whatever the latency."""
    spread = Percentiles(middle * down, middle, middle / up)
    for latency in (None, 0.02, 0.1, 0.5):
        stats = NetworkStats(latency_s=latency, latency_floor_s=latency)
        assert sum(mass(spread, *span) for span in bounds(stats).values()) == pytest.approx(1)
    assert mass(spread, 0, inf) == 1


def test_what_it_knows_travels() -> None:
    """Also in the middle of a challenge; names from elsewhere are forgotten."""
    made = detector(*[900.0] * 10, 9000, 9000)
    stored = json.loads(json.dumps(made.to_dict()))
    assert made == NetworkConditionDetector.from_dict(stored)
    odd = NetworkConditionDetector.from_dict({"name": "6g", "challenger": ["3g"], "stats": "none"})
    assert NetworkConditionDetector() == odd
    shown = made.condition().to_dict()
    assert (shown["class"], shown["transfers"], shown["latency_ms"]) == ("3g", 12, 100.0)
