"""The edge's rules: freshness, bounds, ranges, validators, codings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.local.edge_cache import EdgeCache, Entry, Meta, fresh_for_s
from headwater.local.http_rules import RangeNotSatisfiable, accepts_gzip, is_unchanged, parse_range, range_applies


@pytest.mark.parametrize(
    ("cache_control", "expected"),
    [
        ("", 0),
        ("max-age=5", 5),
        ("public, max-age=31536000, immutable", 31536000),
        ("max-age=5, s-maxage=2", 2),
        ("no-cache, max-age=5", 0),
        ("private, max-age=5", 0),
        ("NO-STORE", 0),
        ("max-age=oops", 0),
        ('max-age="7"', 7),
    ],
)
def test_freshness_is_what_cache_control_says(cache_control: str, expected: int) -> None:
    """Nothing said means asking each time."""
    assert fresh_for_s(cache_control) == expected


def _entry(size: int, cache_control: str = "max-age=10", stored_at: float = 100.0) -> Entry:
    return Entry(Meta(size, '"e"', "text/plain", cache_control, ""), b"x" * size, stored_at)


def test_entries_age_and_go_stale() -> None:
    """Age counts from when the origin was asked."""
    entry = _entry(1)
    assert [(entry.age_s(at), entry.is_fresh(at)) for at in (100.0, 109.9, 110.0)] == [
        (0, True),
        (9, True),
        (10, False),
    ]


def test_the_least_recently_used_go_first() -> None:
    """The bound is on bytes kept."""
    cache = EdgeCache(max_total=10, max_body=10)
    for key in ("a", "b"):
        cache.put(key, _entry(5))
    cache.get("a")
    cache.put("c", _entry(5))
    assert [cache.get(key) is not None for key in "abc"] == [True, False, True]


def test_large_bodies_are_described_not_kept() -> None:
    """The caller still gets the body it just fetched."""
    cache = EdgeCache(max_body=4)
    given_back = cache.put("a", _entry(5))
    kept = cache.get("a")
    assert kept is not None
    assert (given_back.body, kept.body, kept.meta.size) == (b"xxxxx", None, 5)


def test_no_store_is_not_kept() -> None:
    """Not even the description."""
    cache = EdgeCache()
    cache.put("a", _entry(1, "no-store"))
    assert cache.get("a") is None


def test_replacing_and_dropping_keeps_the_count_right() -> None:
    """A bound that drifts would empty the cache in the end."""
    cache = EdgeCache(max_total=10, max_body=10)
    for _ in range(50):
        cache.put("a", _entry(6))
    cache.drop("a")
    cache.drop("a")
    cache.put("b", _entry(10))
    assert cache.get("b") is not None


def test_entries_are_counted_too() -> None:
    """Descriptions weigh nothing but are not free."""
    cache = EdgeCache(max_entries=2)
    for key in "abc":
        cache.put(key, _entry(0))
    assert [cache.get(key) is not None for key in "abc"] == [False, True, True]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-0", (0, 0)),
        ("bytes=5-", (5, 9)),
        ("bytes=5-99", (5, 9)),
        ("bytes=-3", (7, 9)),
        ("bytes=-99", (0, 9)),
        ("Bytes=1-2", (1, 2)),
        ("bytes=3-2", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
    ],
)
def test_ranges(header: str | None, expected: tuple[int, int] | None) -> None:
    """One range is honoured; several, or nonsense, answer with the whole object."""
    assert parse_range(header, 10) == expected


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10-", 10), ("bytes=99-100", 10), ("bytes=-0", 10), ("bytes=0-", 0)]
)
def test_ranges_behind_the_end(header: str, size: int) -> None:
    """These are 416."""
    with pytest.raises(RangeNotSatisfiable):
        parse_range(header, size)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 20))
def test_a_range_lies_inside_the_object(first: int, last: int, size: int) -> None:
    """Whatever is asked for."""
    try:
        span = parse_range(f"bytes={first}-{last}", size)
    except RangeNotSatisfiable:
        assert first >= size
    else:
        assert span is None or 0 <= span[0] <= span[1] < size


@pytest.mark.parametrize(
    ("header", "expected"),
    [(None, False), ('"a"', True), ('W/"a"', True), ('"b", "a"', True), ('"b"', False), ("*", True), ("a", False)],
)
def test_if_none_match_compares_weakly(header: str | None, *, expected: bool) -> None:
    """What a compressed answer's weak tag came from is the same object."""
    assert is_unchanged(header, '"a"') is expected


@pytest.mark.parametrize(
    ("header", "expected"), [(None, True), ('"a"', True), ('W/"a"', False), ("then", True), ("x", False)]
)
def test_if_range_compares_strongly(header: str | None, *, expected: bool) -> None:
    """A weak tag never joins two pieces."""
    assert range_applies(header, '"a"', "then") is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("*", True),
        ("*;q=0.1, gzip;q=0", False),
        ("gzip;q=x", False),
        ("identity", False),
    ],
)
def test_gzip_only_when_asked_for(header: str | None, *, expected: bool) -> None:
    """With weights."""
    assert accepts_gzip(header) is expected
