"""Times and settings of cues."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.caption_timing import Timing, clean_settings, parse_timing, timestamp


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("00:00:01.500 --> 00:00:02.000", Timing(1500, 2000)),
        ("00:00:01,500 --> 00:00:02,000", Timing(1500, 2000)),
        ("00:01.500 --> 01:02.000", Timing(1500, 62_000)),
        ("1:02:03 --> 1:02:04", Timing(3_723_000, 3_724_000)),
        ("123:00:00.000 --> 123:00:01.000", Timing(442_800_000, 442_801_000)),
        ("\t00:01.500-->00:02.000 ", Timing(1500, 2000)),
        ("00:01.000 --> 00:02.000 align:start line:0", Timing(1000, 2000, "line:0 align:start")),
        ("00:00:01,000 --> 00:00:02,000  X1:40 X2:600 Y1:20", Timing(1000, 2000)),
    ],
)
def test_times_of_both_formats(line: str, expected: Timing) -> None:
    """Comma or period, with or without hours, however many blanks."""
    assert expected == parse_timing(line)


@pytest.mark.parametrize(
    "line",
    [
        "-->",
        "00:01.000 --> ",
        "00:60:00.000 --> 01:00:00.000",
        "00:00:99 --> 00:01:00",
        "00:01.5 --> 00:02.000",
        "-1:00 --> 00:02.000",
        "00:01.000 --> 00:02.000x",
        "\u0660\u0660:\u0660\u0661.000 --> 00:02.000",
        "1 --> 2",
    ],
)
def test_what_are_no_times(line: str) -> None:
    """A guess would put the words where nobody speaks them."""
    assert parse_timing(line) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("position:10%,line-left size:35% align:left", "position:10%,line-left size:35% align:left"),
        ("line:-1 vertical:rl", "vertical:rl line:-1"),
        ("line:84.5%,end", "line:84.5%,end"),
        ("align:middle", "align:center"),
        ("size:101% position:x line:1e9 align:", ""),
        ("region:fred style:evil align:end", "align:end"),
        ("align:start align:end", "align:end"),
    ],
)
def test_settings(text: str, expected: str) -> None:
    """Those that mean something, in one order; whatever else a browser would pass over."""
    assert expected == clean_settings(text)


@given(st.integers(0, 9999 * 3_600_000), st.integers(0, 9999 * 3_600_000))
def test_times_survive_writing(start: int, end: int) -> None:
    """To the millisecond."""
    assert parse_timing(f"{timestamp(start)} --> {timestamp(end)}") == Timing(start, end)
