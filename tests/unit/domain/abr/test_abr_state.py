"""A session goes on elsewhere as if nothing had happened, and what is no state starts cold."""

from __future__ import annotations

import json
from math import nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.abr import play, report

from chalicelib.domain.abr import ABRConfig, AdaptiveBitrateManager, BitrateProfile, Start

CONFIG = ABRConfig()


def moved(manager: AdaptiveBitrateManager, config: ABRConfig = CONFIG) -> AdaptiveBitrateManager:
    """The same session in another process."""
    return AdaptiveBitrateManager.resume(config, json.loads(json.dumps(manager.state())))


@settings(max_examples=30)
@given(st.lists(st.floats(20, 50_000), max_size=25), st.integers(0, 25), st.booleans())
def test_an_interrupted_session_decides_as_an_uninterrupted_one(rates: list[float], cut: int, dropped: bool) -> None:  # noqa: FBT001
    """At whatever segment it moves, and with all that it knew."""
    whole, first = AdaptiveBitrateManager(CONFIG), AdaptiveBitrateManager(CONFIG)
    for session in (whole, first):
        session.set_device({"screen_width": 1920, "screen_height": 1080, "save_data": dropped})
    expected = play(whole, rates)
    before = play(first, rates[:cut])
    second = moved(first)
    assert expected == before + play(second, rates[cut:], first=len(before))
    assert (Start.RESUMED, whole.state()) == (second.start, second.state())
    assert whole.explain() | {"start": "resumed"} == second.explain()


def test_decisions_repeat() -> None:
    """The same reports give the same bytes."""
    states = set()
    for _ in range(3):
        session = AdaptiveBitrateManager(CONFIG)
        play(session, [800, 3000, 12000, 90, 700] * 4)
        states.add(json.dumps([session.state(), session.explain()]))
    assert len(states) == 1


def test_a_state_stays_small() -> None:
    """However long the session and whatever it met: a day of video."""
    session = AdaptiveBitrateManager(CONFIG)
    for index in range(43_200):
        told = report(index, index % 5, 1000 + index % 7919, stall_s=0.1, dropped_frames=index % 48, total_frames=48)
        session.record_segment_metrics(told)
        if index == 100:
            early = len(json.dumps(session.state()))
    assert early < 3000
    assert len(json.dumps(session.state())) < early + 200


def test_a_ladder_that_grew_keeps_what_is_known() -> None:
    """Rungs appear while a recording is encoded: the link, the last bitrate and the device stay."""
    small = ABRConfig(BitrateProfile.from_kbps(250, 500))
    session = AdaptiveBitrateManager(small)
    play(session, [9000] * 6)
    grown = moved(session)
    assert grown.start == Start.LADDER_CHANGED
    assert session.network() == grown.network()
    assert grown.explain()["inputs"]["last_kbps"] == 500
    assert play(grown, [9000] * 6, first=6)[-1] == 4000


@pytest.mark.parametrize(
    ("state", "start"),
    [
        (None, "state-malformed"),
        ("{}", "state-malformed"),
        ([], "state-malformed"),
        ({}, "state-malformed"),
        ({"v": "1"}, "state-malformed"),
        ({"v": 2}, "state-too-new"),
        ({"v": 1}, "state-malformed"),
        ({"v": 1, "link": {}}, "state-malformed"),
        ({"v": 1, "link": [1, 2]}, "state-malformed"),
    ],
)
def test_what_is_no_state_starts_cold(state: Any, start: str) -> None:
    """And says why."""
    session = AdaptiveBitrateManager.resume(CONFIG, state)
    assert start == session.start
    assert AdaptiveBitrateManager(CONFIG).state() == session.state()


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [path] * bool(path) + [found for key in keys for found in _paths(value[key], (*path, key))]


PLAYED = AdaptiveBitrateManager(CONFIG)
play(PLAYED, [3000, 900, 5000])
PLAYED.set_next_segment_sizes([1e4, 2e4, 3e4, 4e4, 5e4])
PLAYED.set_cap("viewer", 2000)
STORED = json.dumps(PLAYED.state())
ANYTHING = st.one_of(
    st.floats(), st.integers(), st.none(), st.booleans(), st.text(max_size=3), st.lists(st.floats(), max_size=3),
    st.dictionaries(st.text(max_size=2), st.floats(), max_size=2), st.sampled_from([10**400, nan, -1, 1e308]),
)  # fmt: skip


@given(st.sampled_from(_paths(json.loads(STORED))), ANYTHING)
def test_a_state_damaged_anywhere_still_decides(path: tuple[Any, ...], value: Any) -> None:
    """Any one value replaced by anything: no exception, a level, and a state that travels."""
    damaged = json.loads(STORED)
    place = damaged
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    session = AdaptiveBitrateManager.resume(CONFIG, damaged)
    session.record_segment_metrics(report(50, 1, 2000, t_ms=100_000))
    assert session.select_quality() in CONFIG.profile.levels
    assert moved(session).select_quality() == session.select_quality()
