"""Networks' history: no addresses, decay, bounds, and writers that only add."""

from __future__ import annotations

import ipaddress
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.networks import (
    DAY_S,
    FULL_TRANSFERS,
    HALF_LIFE_S,
    HIGHEST_KBPS,
    LEAST_WEIGHT,
    LOWEST_KBPS,
    MAX_WEIGHT,
    PERIOD_S,
    SESSION_WEIGHT,
    NetworkPast,
    Share,
    expiry_of,
    grown,
    network_name,
    network_of,
    past_of,
    period_of,
    share_of,
    viewer_address,
    viewer_country,
)

NOW = 700 * PERIOD_S + 3 * DAY_S
ONE_MINUTE = [1000.0] * FULL_TRANSFERS


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        (" 192.0.2.1 ", "192.0.2.0/24"),
        ("::ffff:192.0.2.9", "192.0.2.0/24"),
        ("2001:db8:1:2::9", "2001:db8:1::/48"),
        ("2001:0db8:0001:ffff:0:0:0:1", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("127.0.0.1", "127.0.0.0/24"),
        ("", None),
        ("unknown", None),
        ("192.0.2.256", None),
        ("192.0.2.1, 10.0.0.1", None),
    ],
)
def test_the_network_of_an_address(address: str, network: str | None) -> None:
    """A /24 or a /48, whichever way the address is written; nothing for what is no address."""
    assert network == network_of(address)


def test_a_name_tells_nothing_and_outlives_no_period() -> None:
    """One for each key, network and period; the network is not in it."""
    names = [network_name(key, net, p) for key in (b"a", b"b") for net in ("192.0.2.0/24", "x") for p in (1, 2)]
    assert len(set(names)) == 8
    assert all(len(name) == 32 and "192" not in bytes.fromhex(name).decode("latin1") for name in names)


@pytest.mark.parametrize(
    ("headers", "edge_key", "expected"),
    [
        ({"cloudfront-viewer-address": "198.51.100.7:443"}, "", "192.0.2.1"),
        ({"cloudfront-viewer-address": "198.51.100.7:443", "x-headwater-edge": ""}, "", "192.0.2.1"),
        ({"cloudfront-viewer-address": "198.51.100.7:443"}, "key", "192.0.2.1"),
        ({"cloudfront-viewer-address": "198.51.100.7:443", "x-headwater-edge": "Key"}, "key", "192.0.2.1"),
        ({"cloudfront-viewer-address": "198.51.100.7:443", "x-headwater-edge": "kéy"}, "key", "192.0.2.1"),
        ({"cloudfront-viewer-address": "198.51.100.7:443", "x-headwater-edge": "key"}, "key", "198.51.100.7"),
        ({"cloudfront-viewer-address": "2001:db8::1:443", "x-headwater-edge": "key"}, "key", "2001:db8::1"),
        ({"cloudfront-viewer-address": "[2001:db8::1]:443", "x-headwater-edge": "key"}, "key", "2001:db8::1"),
        ({"x-headwater-edge": "key"}, "key", "192.0.2.1"),
        ({"x-forwarded-for": "198.51.100.7", "x-headwater-edge": "key"}, "key", "192.0.2.1"),
    ],
)
def test_the_cdns_word_counts_only_from_the_cdn(headers: dict[str, str], edge_key: str, expected: str) -> None:
    """Anybody can send the header; only our distribution knows the key beside it."""
    assert expected == viewer_address("192.0.2.1", headers, edge_key=edge_key)


@pytest.mark.parametrize(
    ("headers", "edge_key", "expected"),
    [
        ({"cloudfront-viewer-country": "de", "x-headwater-edge": "k"}, "k", "DE"),
        ({"cloudfront-viewer-country": "DE", "x-headwater-edge": "other"}, "k", ""),
        ({"cloudfront-viewer-country": "DE"}, "k", ""),
        ({"cloudfront-viewer-country": "DE", "x-headwater-edge": ""}, "", ""),
        ({"cloudfront-viewer-country": "<b>", "x-headwater-edge": "k"}, "k", ""),
        ({"x-headwater-edge": "k"}, "k", ""),
    ],
)
def test_the_country_is_the_cdns_word(headers: dict[str, str], edge_key: str, expected: str) -> None:
    """Two letters, or nothing."""
    assert viewer_country(headers, edge_key=edge_key) == expected


def test_a_minute_of_segments_is_a_whole_session() -> None:
    """Fast or slow; its mean is that of the logs."""
    share = share_of([1000.0, 4000.0, 4000.0] * (FULL_TRANSFERS // 6), 0.0)
    assert share.weight == pytest.approx(0.5)
    assert share.total / share.weight == pytest.approx((math.log(1000) + 2 * math.log(4000)) / 3)
    assert share_of([], 0.0) == Share()


@given(st.lists(st.lists(st.floats(), max_size=50), max_size=9))
def test_no_session_adds_more_than_its_weight(batches: list[list[float]]) -> None:
    """Whatever is claimed, in however many reports: at most one session, within plausible speeds."""
    added = 0.0
    for batch in batches:
        share = share_of(batch, added)
        assert 0 <= share.weight <= SESSION_WEIGHT - added + 1e-9
        if share.weight > 0:
            mean = share.total / share.weight
            assert math.log(LOWEST_KBPS) - 1e-9 <= mean <= math.log(HIGHEST_KBPS) + 1e-9
        added += share.weight


def test_history_decays_by_half_in_a_week() -> None:
    """A session of a week ago counts half of one today, inside a period and across its end."""
    one = share_of(ONE_MINUTE, 0.0)
    for then in (NOW, NOW + 20 * DAY_S, NOW + 26 * DAY_S):
        later = then + HALF_LIFE_S
        past = past_of([(period_of(then), grown(one, then))], later)
        assert past is not None
        assert past.weight == pytest.approx(0.5)
        assert past.mean_log_kbps == pytest.approx(math.log(1000))


def test_the_order_of_writers_does_not_matter() -> None:
    """Shares are only ever added: any order gives the same past."""
    writes = [(share_of([kbps] * 15, 0.0), NOW + day * DAY_S) for kbps, day in ((500, 0), (8000, 3), (2000, 9))]
    pasts = set()
    for order in itertools.permutations(writes):
        weight = total = 0.0
        for share, when in order:
            more = grown(share, when)
            weight, total = weight + more.weight, total + more.total
        past = past_of([(period_of(NOW), Share(weight, total))], NOW + 10 * DAY_S)
        assert past is not None
        pasts.add((round(past.weight, 9), round(past.mean_log_kbps, 9)))
    assert len(pasts) == 1


def test_the_recent_counts_more_than_the_old() -> None:
    """Two periods' rows are one past."""
    slow, fast = share_of([500.0] * 30, 0.0), share_of([8000.0] * 30, 0.0)
    last_month = NOW - PERIOD_S
    stored = [(period_of(NOW), grown(fast, NOW)), (period_of(last_month), grown(slow, last_month))]
    past = past_of(stored, NOW)
    assert past is not None
    assert math.log(8000) - 0.2 < past.mean_log_kbps < math.log(8000)


def test_weight_is_bounded_and_nothing_is_nothing() -> None:
    """Thousands of sessions weigh as eight; no rows, empty rows and broken rows say nothing."""
    many = Share(5000.0, 5000.0 * math.log(3000))
    past = past_of([(period_of(NOW), grown(many, NOW))], NOW)
    assert past is not None
    assert (past.weight, round(past.mean_log_kbps, 6)) == (MAX_WEIGHT, round(math.log(3000), 6))
    little = Share(LEAST_WEIGHT * 0.99, 2.0)
    for share in (little, Share(), Share(math.nan, 1.0)):
        assert past_of([(period_of(NOW), grown(share, NOW))], NOW) is None
    assert past_of([], NOW) is None


def test_what_is_told_is_coarse() -> None:
    """Steps of a tenth and of half a session, and never nothing."""
    assert NetworkPast(7.3421, 2.3).coarse() == NetworkPast(7.3, 2.5)
    assert NetworkPast(7.3421, LEAST_WEIGHT).coarse() == NetworkPast(7.3, 0.5)


def test_rows_outlive_their_use_by_a_month() -> None:
    """They are still read during the period after theirs."""
    assert expiry_of(period_of(NOW)) - NOW >= PERIOD_S
    assert expiry_of(period_of(NOW)) - NOW <= 2 * PERIOD_S


@given(st.ip_addresses())
def test_every_address_has_a_network(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """And its neighbours share it."""
    network = network_of(str(address))
    assert network is not None
    first = str(next(iter(ipaddress.ip_network(network))))
    assert network == network_of(first)
