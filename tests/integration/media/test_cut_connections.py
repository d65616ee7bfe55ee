"""A connection to the source that breaks: FFmpeg takes that for the end of the file, we do not."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from support.media import source, video
from support.pipeline import FFMPEG

from chalicelib.adapters.ffmpeg import FfmpegEncoder
from chalicelib.domain.preparing import Target, prepare_command
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STREAM = source(0, picture=video(), container="mpegts", seekable=False)


@contextmanager
def serve(body: bytes, sent: int) -> Iterator[str]:
    """Serve a body of which only `sent` bytes arrive."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Promise all of it."""
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:sent])

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


def test_a_source_that_arrives_in_part_is_read_again(tmp_path: Path, make_source: Callable[..., bytes]) -> None:
    """Half a recording must not pass for a whole one; a whole one does."""
    body = make_source("-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=8", "-c:v", "libx264", suffix="ts")
    out = tmp_path / "out.mp4"

    def prepare(sent: int) -> None:
        with serve(body, sent) as url:
            command = prepare_command(STREAM, Target("mp4"), url=url, output=str(out))
            FfmpegEncoder(FFMPEG).run_to_file(command, timeout_s=30, beat=lambda _frames, _fps: True)

    with pytest.raises(Transient) as broken:
        prepare(len(body) * 2 // 3)
    assert broken.value.code == "read_interrupted"
    prepare(len(body))
    counted = [FFMPEG, "-v", "error", "-i", str(out), "-f", "framecrc", "-c", "copy", "-"]
    lines = subprocess.run(counted, capture_output=True, check=True, timeout=30).stdout.splitlines()
    assert len([line for line in lines if not line.startswith(b"#")]) == 8 * 25
