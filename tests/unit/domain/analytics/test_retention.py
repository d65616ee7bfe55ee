"""Parts of a recording, rungs, networks, devices and countries."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.analytics.measures import Measures
from chalicelib.domain.analytics.retention import breakdown, retention, rung_shares


def test_the_retention_curve() -> None:
    """A hundred numbers, the share of views that played that hundredth."""
    curve = retention(Measures(views=4, seen={"0": 4, "1": 3, "99": 1}))
    assert curve is not None
    assert (len(curve), curve[0], curve[1], curve[2], curve[99]) == (100, 1.0, 0.75, 0.0, 0.25)
    assert retention(Measures(views=4)) is None
    assert retention(Measures(views=9, live_views=5, seen={"0": 4, "1": 3, "99": 1})) == curve


@given(
    st.dictionaries(st.integers(0, 99).map(str), st.integers(0, 9), min_size=1), st.integers(0, 5), st.integers(0, 6)
)
def test_retention_is_a_share(seen: dict[str, int], views: int, live: int) -> None:
    """Also where views lag behind what was seen."""
    curve = retention(Measures(views=views, live_views=live, seen=seen))
    assert curve is not None
    assert all(0 <= point <= 1 for point in curve)


def test_rungs_from_the_bottom() -> None:
    """By bitrate, not by letter; shares add up to one."""
    rungs = {"720p 1000k": 3_000, "360p 250k": 1_000, "1080p 4000k": 4_000, "odd": 0}
    assert rung_shares(Measures(rungs=rungs)) == [
        {"rung": "odd", "share": 0.0, "watch_s": 0.0},
        {"rung": "360p 250k", "share": 0.125, "watch_s": 1.0},
        {"rung": "720p 1000k", "share": 0.375, "watch_s": 3.0},
        {"rung": "1080p 4000k", "share": 0.5, "watch_s": 4.0},
    ]
    assert rung_shares(Measures()) == []


def test_values_of_a_dimension() -> None:
    """The most watched first, each with its own rates; other dimensions stay out, slashes in names do not matter."""
    by = {
        "network/4g/sessions": 3,
        "network/4g/views": 2,
        "network/4g/watch_ms": 9000,
        "network/4g/stall_ms": 1000,
        "network/4g/judged": 2,
        "network/4g/good": 1,
        "network/4g/qoe_milli": 5000,
        "network/a/b/sessions": 1,
        "network//watch_ms": 20_000,
        "device/phone/sessions": 7,
    }
    found = breakdown(Measures(by=by), "network")
    assert [row["name"] for row in found] == ["unknown", "4g", "a/b"]
    assert found[1] == {
        "name": "4g",
        "sessions": 3,
        "views": 2,
        "watch_s": 9.0,
        "rebuffer_ratio": 0.1,
        "good_share": 0.5,
        "qoe": 2.5,
    }
    assert (found[2]["rebuffer_ratio"], found[2]["qoe"]) == (None, None)
    assert [row["sessions"] for row in breakdown(Measures(by=by), "device")] == [7]
    assert breakdown(Measures(by=by), "country") == []
