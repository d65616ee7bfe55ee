"""Raw request targets: what may name a file or an object, and which Host headers are ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.local.targets import Target, is_local_host, parse_target, safe_path
from headwater.local.wildcards import wildcard_match


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("/a/b?x=1&y", Target("/a/b", "x=1&y")),
        ("/a%2Fb", Target("/a%2Fb", "")),
        ("/a/../b?", Target("/a/../b", "")),
        ("http://127.0.0.1:1/media/x?q=1", Target("/media/x", "q=1")),
        ("*", Target("/*", "")),
    ],
)
def test_targets_stay_as_sent(raw: str, expected: Target) -> None:
    """Nothing is decoded or normalised before access is decided."""
    assert parse_target(raw) == expected


@pytest.mark.parametrize(
    "path",
    [
        *("/media/../x", "/media/%2e%2e/x", "/media/.%2E/x", "/media//x", "/media/x/", "/media/%2f/x", "/media/a%2Fb"),
        *("/media/a%5cb", "/media/a%00b", "/media/%0ab", "/media/%ff", "/media/./x", "/", ""),
    ],
)
def test_tricky_paths_are_refused(path: str) -> None:
    """Traversal, empty segments, encoded separators, control characters and broken UTF-8."""
    assert safe_path(path) is None


def test_plain_paths_are_decoded_once() -> None:
    """A doubly encoded dot stays an ordinary name."""
    assert safe_path("/media/a%20b/%252e%252e/c.mp4") == "media/a b/%2e%2e/c.mp4"


@given(st.text(alphabet="ab./%25eEfF\\", max_size=24))
def test_a_safe_path_never_leaves_its_folder(path: str) -> None:
    """Whatever comes out has no segment that moves anywhere."""
    name = safe_path("/media/" + path)
    assert name is None or not set(name.split("/")) & {"", ".", ".."}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:8787", True),
        ("localhost:9000", True),
        ("LOCALHOST", True),
        ("[::1]:8787", True),
        ("headwater.localhost:8787", True),
        ("Lab.example:8787", True),
        ("evil.example:8787", False),
        ("127.0.0.1.evil.example", False),
        ("[broken", False),
        ("", False),
    ],
)
def test_only_names_of_this_machine_are_hosts(host: str, *, expected: bool) -> None:
    """A page that rebinds its own DNS name to 127.0.0.1 gets nothing."""
    assert is_local_host(host, "lab.example:8787") is expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("http://h/media/r1/*", "http://h/media/r1/a/b.mp4", True),
        ("http://h/media/r1/*", "http://h/media/r12/a.mp4", False),
        ("http*://h/?.ts", "https://h/a.ts", True),
        ("http*://h/?.ts", "https://h/ab.ts", False),
        ("a.c", "abc", False),
        ("*", "", True),
        ("***a", "xa", True),
    ],
)
def test_wildcards_match_whole_text(pattern: str, text: str, *, expected: bool) -> None:
    """Only * and ? are special."""
    assert wildcard_match(pattern, text) is expected
