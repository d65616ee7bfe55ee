"""Fetching a file: whole, resumed, cut off."""

from __future__ import annotations

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from headwater.client.download import fetch
from headwater.client.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BODY = bytes(range(256)) * 1000


class Storage(BaseHTTPRequestHandler):
    """Serves ranges of BODY; every answer breaks off after `most` bytes."""

    most = len(BODY)
    ranges: list[str]

    def do_GET(self) -> None:
        """Answer."""
        wanted = self.headers.get("Range", "")
        self.ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(BODY) - start))
        self.end_headers()
        self.wfile.write(BODY[start : start + self.most])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def storage(most: int = len(BODY)) -> Iterator[tuple[str, list[str]]]:
    """Serve; yields the address and the ranges asked for."""
    handler = type("Handler", (Storage,), {"most": most, "ranges": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/file", handler.ranges  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


def test_a_file_arrives_whole(tmp_path: Path) -> None:
    """Under its own name only when it is."""
    told: list[int] = []
    with storage() as (url, ranges):
        fetch(url, tmp_path / "a.mp4", len(BODY), told.append)
    assert (tmp_path / "a.mp4").read_bytes() == BODY
    assert (sum(told), ranges) == (len(BODY), [""])
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    """A second run goes on."""
    (tmp_path / "a.mp4.part").write_bytes(BODY[:1000])
    with storage() as (url, ranges):
        fetch(url, tmp_path / "a.mp4", len(BODY), lambda _size: None)
    assert (tmp_path / "a.mp4").read_bytes() == BODY
    assert ranges == ["bytes=1000-"]


def test_a_connection_that_breaks_is_taken_up_again(tmp_path: Path) -> None:
    """At once, a few times; what came stays for the next run."""
    with storage(most=100_000) as (url, ranges):
        fetch(url, tmp_path / "a.mp4", len(BODY), lambda _size: None)
        assert ranges == ["", "bytes=100000-", "bytes=200000-"]
    with storage(most=10_000) as (url, _):
        with pytest.raises(Unreachable, match="goes on where it stopped"):
            fetch(url, tmp_path / "b.mp4", len(BODY), lambda _size: None)
        assert (tmp_path / "b.mp4.part").read_bytes() == BODY[:50_000]


def test_a_part_of_some_other_file_is_thrown_away(tmp_path: Path) -> None:
    """It is longer than what is to come."""
    (tmp_path / "a.mp4.part").write_bytes(BODY + b"more")
    with storage() as (url, ranges):
        fetch(url, tmp_path / "a.mp4", len(BODY), lambda _size: None)
    assert ranges == [""]
    assert (tmp_path / "a.mp4").read_bytes() == BODY
