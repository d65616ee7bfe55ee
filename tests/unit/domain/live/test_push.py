"""Epochs of encoders that only PUT, told from names and times."""

from __future__ import annotations

import pytest

from chalicelib.domain.live.push import Push, Pushed, is_playlist, pushed_as
from chalicelib.domain.live.stream import Container

INIT = Pushed(None, Container.FMP4)


def segment(n: int) -> Pushed:
    """A fragmented MP4 segment."""
    return Pushed(n, Container.FMP4)


@pytest.mark.parametrize(
    ("filename", "stored"),
    [
        ("init.mp4", "init.mp4"),
        ("init_0.mp4", "init.mp4"),
        ("s00012.m4s", "12.m4s"),
        ("live7.ts", "7.ts"),
        ("2026-11-28_003.mp4", "3.m4s"),
        ("live.m3u8", None),
        ("s.m4s", None),
        ("s1.webm", None),
        ("", None),
    ],
)
def test_names(filename: str, stored: str | None) -> None:
    """What encoders call their files becomes ours; anything else is nothing."""
    pushed = pushed_as(filename)
    assert (pushed.name if pushed else None) == stored


def test_playlists_are_known() -> None:
    """Also while they are being written."""
    assert [is_playlist(name) for name in ("live.m3u8", "live.m3u8.tmp", "live.ts")] == [True, True, False]


@pytest.mark.parametrize(
    ("push", "pushed", "after_s", "begins"),
    [
        (Push(), INIT, 0.0, True),
        (Push(), segment(5), 0.0, True),
        (Push(1, has_init=True), INIT, 60.0, False),
        (Push(1, has_init=True, highest=5), INIT, 0.1, True),
        (Push(1, has_init=False, highest=0), INIT, 0.1, False),
        (Push(1, has_init=True, highest=5), segment(6), 60.0, False),
        (Push(1, has_init=True, highest=5), segment(9000), 60.0, False),
        (Push(1, has_init=True, highest=5), segment(5), 3.0, False),
        (Push(1, has_init=True, highest=5), segment(5), 3.1, True),
        (Push(1, has_init=True, highest=9), segment(1), 0.1, False),
        (Push(1, has_init=True, highest=9), segment(0), 0.1, True),
    ],
)
def test_when_an_epoch_begins(push: Push, pushed: Pushed, after_s: float, *, begins: bool) -> None:
    """With an init segment, or with a number that only a restarted encoder sends."""
    assert push.begins_epoch(pushed, push.seen_at + after_s) == begins


def test_what_was_seen_is_remembered() -> None:
    """The highest number, however late one comes, and whether there was an init segment."""
    push = Push(3).seen(segment(4), 10.0).seen(segment(2), 11.5).seen(INIT, 12.0)

    assert push == Push(3, has_init=True, highest=4, seen_at=12.0)
    assert Push.from_list(push.to_list()) == push
