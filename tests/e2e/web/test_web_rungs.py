"""Which rung may be played while it encodes: the pure rules, run where they will run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from web_origin import Origin

pytestmark = pytest.mark.e2e

CALL = """async ([module, name, ...rest]) => (await import(`/assets/${module}.js`))[name](...rest)"""
WHOLE = 1e9


def call(page: Page, module: str, name: str, *arguments: object) -> object:
    """Call an exported function of a module of the pages."""
    return page.evaluate(CALL, [module, name, *arguments])


@pytest.mark.parametrize(
    ("reaches", "buffered_end", "current", "expected"),
    [
        ([2, 0, 0], 0, -1, [0]),  # nothing has headroom at the start: the furthest
        ([30, 30, 8], 0, 0, [0, 1, 2]),
        ([30, 30, 8], 4, 0, [0, 1]),  # entering needs three segments of 2 s beyond the buffer
        ([30, 30, 8], 4, 2, [0, 1, 2]),  # staying needs one
        ([30, 30, 8], 7, 2, [0, 1]),
        ([10, 14, 6], 14, 0, [1]),  # exhausted: the one that reaches furthest
        ([14, 14, 6], 14, 1, [1]),  # a tie keeps the rung in use
        ([WHOLE, WHOLE, WHOLE], 500, 0, [0, 1, 2]),
    ],
)
def test_only_rungs_with_headroom_are_allowed(
    page: Page, origin: Origin, reaches: list[float], buffered_end: float, current: int, expected: list[int]
) -> None:
    """Headroom is counted from the end of the buffer, with more asked for entering than for staying."""
    page.goto(origin.url)
    rungs = [{"index": index, "reachS": reach} for index, reach in enumerate(reaches)]
    assert call(page, "availability", "allowedRungs", rungs, buffered_end, current, 2) == expected


@pytest.mark.parametrize(
    ("allowed", "wanted", "expected"), [([0, 1, 2], 1, 1), ([0, 2], 1, 0), ([1, 2], 0, 1), ([0], 4, 0)]
)
def test_the_nearest_allowed_rung_is_taken(
    page: Page, origin: Origin, allowed: list[int], wanted: int, expected: int
) -> None:
    """Not above the wanted one if that can be helped."""
    page.goto(origin.url)
    assert call(page, "availability", "nearestAllowed", allowed, wanted) == expected


def test_polling_backs_off_while_the_server_is_away(page: Page, origin: Origin) -> None:
    """From one second, doubling, to a quarter of a minute."""
    page.goto(origin.url)
    delays = [call(page, "progress", "retryDelay", failures) for failures in range(1, 7)]
    assert delays == [1000, 2000, 4000, 8000, 15000, 15000]


@pytest.mark.parametrize(
    ("recording", "job", "playable", "settled"),
    [
        ("ready", "completed", True, True),
        ("processing", "completed", False, False),  # the recording's own write is still to come
        ("ready", "in-progress", True, False),  # further rungs of a finished recording
        ("playable", "failed", True, True),
        ("errored", "pending", False, True),
        ("uploading", "pending", False, False),
    ],
)
def test_polling_ends_when_nothing_more_will_change(
    page: Page, origin: Origin, recording: str, job: str, *, playable: bool, settled: bool
) -> None:
    """Neither one of two statuses alone decides it."""
    page.goto(origin.url)
    progress = {"recording_status": recording, "status": job, "playable": playable}
    assert call(page, "progress", "isSettled", progress) is settled


@pytest.mark.parametrize(
    ("function", "argument", "expected"),
    [
        ("clock", 7.9, "0:07"),
        ("clock", 3723, "1:02:03"),
        ("bitrate", 250, "250 kbps"),
        ("bitrate", 4000, "4.0 Mbps"),
        ("percent", 99.9, "99 %"),
        ("percent", 100, "100 %"),
    ],
)
def test_numbers_in_plain_words(page: Page, origin: Origin, function: str, argument: float, expected: str) -> None:
    """As people write them; 100 % only when it is done."""
    page.goto(origin.url)
    assert call(page, "format", function, argument) == expected
