"""Figures that an operator watches."""

from __future__ import annotations

import pytest

from chalicelib.domain.gauges import cost_per_minute, encode_speed, live_lag


@pytest.mark.parametrize(
    ("media_s", "started_at", "finished_at", "expected"),
    [(60.0, 100.0, 120.0, 3.0), (60.0, None, 120.0, None), (60.0, 100.0, None, None), (0.0, 100.0, 120.0, None)],
)
def test_speed_is_video_over_time(
    media_s: float, started_at: float | None, finished_at: float | None, expected: float | None
) -> None:
    """Three seconds of video a second; nothing where an end was not noted or nothing has a length."""
    assert encode_speed(media_s, started_at, finished_at) == expected


def test_what_took_no_time_is_still_a_number() -> None:
    """Everything was taken over from an earlier job."""
    assert encode_speed(2.0, 5.0, 5.0) == 2000.0


def test_cost_is_of_a_minute() -> None:
    """Half a minute for a cent is two cents a minute; what has no length has no price."""
    assert cost_per_minute(0.01, 30.0) == 0.02
    assert cost_per_minute(0.01, 0.0) is None


def test_lag_is_never_negative() -> None:
    """S3's clock may be ahead of a function's."""
    assert (live_lag(10.0, 12.5), live_lag(12.5, 10.0)) == (2.5, 0.0)
