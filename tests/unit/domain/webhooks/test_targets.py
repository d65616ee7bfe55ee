"""Where webhooks may go."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.webhooks.targets import Target, may_reach, parse_target
from chalicelib.errors import BadRequest

INSIDE = (
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),  # noqa: S104
    *("169.254.169.254", "169.254.170.2", "100.64.0.1", "100.127.255.255", "192.0.0.8", "198.18.0.1"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.0.2.1", "203.0.113.7"),
    *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "2001::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1"),
    *("2002:7f00:1::", "::127.0.0.1", "not an address", ""),
)
OUTSIDE = ("1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")
REFUSED = (
    *("", "x", "ftp://a.test/", "http://a.test/", "https://", "https:///x", "//a.test", "https://a.test:0/"),
    *("https://a.test:99999/", "https://a.test:x/", "https://user@a.test/", "https://:pw@a.test/", "https://a.test/#f"),
    *("https://127.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/latest"),
    *("https://a b.test/", "https://a.test/\r\nx: y", "https://a.test\\@b.test/", "https://[fe80::1%25eth0]/"),
    *("https://-a.test/", "https://a..test/", "https://exämple.test/", "http://localhost/", "https://[x]/"),
    f"https://a.test/{'x' * 2000}",
)


@pytest.mark.parametrize("address", INSIDE)
def test_what_lies_inside_is_refused(address: str) -> None:
    """Private, link-local, carrier, multicast, metadata, and every way to write one of them in IPv6."""
    assert not may_reach(address, local=False)


@pytest.mark.parametrize("address", OUTSIDE)
def test_public_addresses_are_reached(address: str) -> None:
    """Anything that is routed on the internet."""
    assert may_reach(address, local=False)


def test_a_local_stack_reaches_itself_and_nothing_more() -> None:
    """Loopback of both families; private networks stay closed."""
    reached = [address for address in INSIDE if may_reach(address, local=True)]
    assert reached == ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]


@given(st.ip_addresses(v=4))
def test_nothing_private_is_reached(address: IPv4Address) -> None:
    """The standard library's judgement is one that ours is never laxer than; mapped addresses are judged alike."""
    mapped = str(IPv6Address(f"::ffff:{address}"))
    assert may_reach(str(address), local=False) == may_reach(mapped, local=False)
    assert address.is_global or not may_reach(str(address), local=False)
    assert not (address.is_multicast and may_reach(str(address), local=False))


@pytest.mark.parametrize("url", REFUSED)
def test_urls_that_are_refused(url: str) -> None:
    """Each with a sentence that says what is wrong."""
    with pytest.raises(BadRequest) as refused:
        parse_target(url, local=False)
    assert refused.value.code == "webhook_url_refused"
    assert refused.value.detail.startswith("This URL cannot be a webhook's. It")


@pytest.mark.parametrize(
    ("url", "expected", "authority"),
    [
        ("https://a.test", Target(secure=True, host="a.test", port=443, path="/"), "a.test"),
        ("HTTPS://A.test:8443/h?k=v", Target(secure=True, host="a.test", port=8443, path="/h?k=v"), "a.test:8443"),
        ("https://8.8.8.8:443/", Target(secure=True, host="8.8.8.8", port=443, path="/"), "8.8.8.8"),
        (
            "https://[2606:4700::1111]:9/x",
            Target(secure=True, host="2606:4700::1111", port=9, path="/x"),
            "[2606:4700::1111]:9",
        ),
        ("https://a.test./", Target(secure=True, host="a.test", port=443, path="/"), "a.test"),
        (
            "https://xn--exmple-cua.test/",
            Target(secure=True, host="xn--exmple-cua.test", port=443, path="/"),
            "xn--exmple-cua.test",
        ),
    ],
)
def test_urls_are_taken_apart(url: str, expected: Target, authority: str) -> None:
    """Host, port and path as they are connected to and asked for."""
    target = parse_target(url, local=False)
    assert target == expected
    assert target.authority == authority


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000/h", "http://localhost:9000/h", "http://[::1]:9/", "https://127.0.0.1/"]
)
def test_local_urls(url: str) -> None:
    """Taken by a local stack, by no other."""
    assert parse_target(url, local=True).host in {"127.0.0.1", "localhost", "::1"}
    with pytest.raises(BadRequest):
        parse_target(url, local=False)


def test_a_local_stack_still_wants_tls_elsewhere() -> None:
    """What leaves the machine is encrypted."""
    with pytest.raises(BadRequest):
        parse_target("http://a.test/", local=True)
