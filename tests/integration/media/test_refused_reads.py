"""S3 refuses some reads of a good file: that is no reason to refuse the file."""

from __future__ import annotations

import os
import socket
import struct
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from support.pipeline import PYAV

from chalicelib.adapters.probe import PyAvProbe
from chalicelib.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator


@contextmanager
def serve(body: bytes, refused: Collection[int], how: str = "503") -> Iterator[str]:
    """Serve a body, but for requests whose numbers are `refused`.

    Those get a status, half of what they asked ("half", or "torn" where a reset ends it), or a reset at once ("reset").
    """
    numbers = iter(range(1_000_000))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer a range as S3 does."""
            first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
            way = how if next(numbers) in refused else "whole"
            if way.isdigit():
                self.send_error(int(way))
                return
            if way == "closed":
                self.close_connection = True
                return
            if way != "reset":
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
                self.send_header("Content-Length", str(len(body) - first))
                self.end_headers()
                self.wfile.write(body[first : None if way == "whole" else (first + len(body)) // 2])
            if way in {"reset", "torn"}:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                os.close(self.connection.detach())
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/source"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def film(make_source: Callable[..., bytes]) -> bytes:
    """One whose index lies at its end, as cameras write it: a probe has to jump there."""
    picture = ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=24:d=1", "-c:v", "libx264", "-preset", "ultrafast"]
    return make_source(*picture, suffix="mp4")


@pytest.mark.parametrize("how", ["503", "500", "429", "half", "torn", "reset"])
@pytest.mark.parametrize(
    "refused", [{0}, {1}, {2}, {0, 1}, {1, 2}, {0, 1, 2, 3}, set(range(1, 50)), set(range(50))], ids=str
)
def test_a_good_file_is_never_refused(film: bytes, refused: set[int], how: str) -> None:
    """It is read, or the message comes again."""
    with serve(film, refused, how) as url:
        try:
            found = PyAvProbe(PYAV).probe(url, size_bytes=len(film))
        except Transient as error:
            assert error.code == "source_unreachable"  # noqa: PT017  either is right
        else:
            assert (float(found.duration_s), found.video is not None) == (1.0, True)


@pytest.mark.parametrize("refused", [{0}, {1}, {0, 1}, set(range(50))], ids=str)
def test_a_connection_that_ends_without_a_word_is_no_end_of_the_file(film: bytes, refused: set[int]) -> None:
    """The first bytes of a file that is not empty are there, or nobody has answered."""
    test_a_good_file_is_never_refused(film, refused, "closed")


def test_reads_that_are_never_answered_are_told_from_a_bad_file(film: bytes) -> None:
    """All ranges refused: unreachable. None refused and nothing in it: no media."""
    with serve(film, range(1, 50)) as url, pytest.raises(Transient):
        PyAvProbe(PYAV).probe(url, size_bytes=len(film))
    with serve(b"these are my notes " * 500, []) as url, pytest.raises(Permanent) as refused:
        PyAvProbe(PYAV).probe(url, size_bytes=9500)
    assert refused.value.code == "source_not_media"
