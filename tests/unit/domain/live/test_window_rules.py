"""Whatever arrives, in whatever order, by whatever clock: one legal playlist follows another."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.live import Delivery, deliveries, programmes
from support.live_rules import Watcher

from chalicelib.domain.live.entry import fits
from chalicelib.domain.live.keys import part_name
from chalicelib.domain.live.window import LiveWindow

if TYPE_CHECKING:
    from chalicelib.domain.live.packaged import PackagedSegment

TARGETS = st.sampled_from([1, 2, 4])
WINDOWS = st.sampled_from([1, 6, 20, 900])


def watcher(segments: list[PackagedSegment], target_s: int) -> Watcher:
    """One that knows when each file begins and ends."""
    starts = {}
    for one in segments:
        at = float(one.start_s)
        for part, piece in enumerate(one.video.pieces):
            starts[part_name(one.stem, part)] = (at, at + float(piece.duration_s))
            at += float(piece.duration_s)
    return Watcher(target_s, starts)


def step(window: LiveWindow, sent: Delivery) -> LiveWindow:
    """Deliver one thing."""
    if sent.segment is None:
        return window.tick(sent.now)
    return window.accept(sent.segment, sent.now, sent.first)


def reread(window: LiveWindow) -> LiveWindow:
    """Through JSON and back."""
    return LiveWindow.from_dict(json.loads(json.dumps(window.to_dict())))


@settings(max_examples=150)
@given(st.data(), TARGETS, WINDOWS)
def test_every_playlist_follows_legally_from_the_one_before(data: st.DataObject, target_s: int, window_s: int) -> None:
    """Live rules of R and A, read by a stranger's parser, through the end and beyond it."""
    sent = data.draw(deliveries(target_s))
    watch = watcher([one.segment for one in sent if one.segment], target_s)
    window = LiveWindow(target_s, window_s)
    for one in sent:
        window = reread(step(window, one))
        watch.look(window)
    window = window.end(data.draw(st.floats(-1e9, 1e9)))
    watch.look(window)
    assert not window.held
    assert all(step(window, one) is window for one in sent)
    assert window.end(0) is window


@given(st.data(), TARGETS)
def test_what_is_known_changes_nothing(data: st.DataObject, target_s: int) -> None:
    """A duplicate, listed or waiting, and one that is too late return the same object."""
    sent = data.draw(deliveries(target_s))
    window = LiveWindow(target_s, 60)
    for one in sent:
        after = step(window, one)
        if one.segment is not None:
            assert after.accept(one.segment, one.now, one.first) is after
            assert after is window or after.tick(one.now) is after
        window = after


@given(st.data(), TARGETS)
def test_the_state_says_everything(data: st.DataObject, target_s: int) -> None:
    """Written and read back it is equal, whatever waits in it."""
    window = LiveWindow(target_s, 60)
    for one in data.draw(deliveries(target_s)):
        window = step(window, one)
        assert reread(window) == window


@given(st.data(), TARGETS)
def test_nothing_is_lost_that_came_before_it_was_given_up(data: st.DataObject, target_s: int) -> None:
    """One run in any order: all of it that may be listed is, in the encoder's order."""
    made = [one for one in data.draw(programmes(target_s)) if one.run == 0]
    window = LiveWindow(target_s, 100_000)
    for one in data.draw(st.permutations(made)):
        window = window.accept(one, 50.0)
    listed = [(entry.n, entry.part) for entry in window.end(50.0).entries if not entry.gap]
    assert listed == [(one.n, part) for one in made if fits(one, target_s) for part in range(len(one.video.pieces))]


@given(st.data(), TARGETS, WINDOWS)
def test_a_viewer_resumes_with_exactly_what_it_lacks(data: st.DataObject, target_s: int, window_s: int) -> None:
    """After any entry it may have; None when entries between are gone, or when it names one that never was."""
    window = LiveWindow(target_s, window_s)
    seen: list[Any] = []
    for one in data.draw(deliveries(target_s)):
        window = step(window, one)
        seen += [entry for entry in window.entries if entry.msn >= len(seen)]
        if len(seen) <= window.edge:  # more came at once than the window holds
            return
    for msn in range(-1, window.edge + 1):
        lacks = seen[msn + 1 :]
        gone = bool(lacks) and lacks[0].msn < window.media_sequence
        assert window.window_at(msn) == (None if gone else tuple(lacks))
    assert window.window_at(window.edge + 1) is None


@pytest.mark.parametrize("target_s", [1, 2, 6])
def test_it_waits_no_longer_than_two_targets(target_s: int) -> None:
    """The deadline is when the first that waits has waited for two target durations."""

    @given(deliveries(target_s))
    @settings(max_examples=30)
    def check(sent: list[Delivery]) -> None:
        window = LiveWindow(target_s, 60)
        for one in sent:
            window = step(window, one)
            assert (window.deadline is None) == (not window.held)
            if window.deadline is not None:
                assert window.deadline == min(held.since for held in window.held.waiting) + 2 * target_s
                assert window.tick(window.deadline) is not window

    check()
