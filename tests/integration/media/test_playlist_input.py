"""Uploads that name other addresses: an upload must not make the cloud fetch."""

from __future__ import annotations

from contextlib import contextmanager
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from support.fakes import FakeProbe
from support.http_files import serve
from support.media import audio, source, video
from support.pipeline import Pipeline
from support.uploading import check_refused, deliver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Canary(BaseHTTPRequestHandler):
    """Remembers who came by."""

    visits: list[str]

    def do_GET(self) -> None:
        """Nobody should be here."""
        self.visits.append(self.path)
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def canary() -> Iterator[tuple[str, list[str]]]:
    """An HTTP server inside the network: its address and the list of visits."""
    handler = type("Handler", (Canary,), {"visits": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/secret", handler.visits  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{url}.ts\n#EXT-X-ENDLIST\n",
    "hls-key": '#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n#EXTINF:2,\n{url}.ts\n',
    "hls-master": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{url}.m3u8\n",
    "concat": "ffconcat version 1.0\nfile '{url}.mp4'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\na=control:{url}\n",
    "dash": '<MPD type="static" mediaPresentationDuration="PT2S"><BaseURL>{url}</BaseURL><Period><AdaptationSet>'
    '<Representation id="1" mimeType="video/mp4" bandwidth="1"/></AdaptationSet></Period></MPD>',
    "svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}.png" width="64" height="64"/></svg>',
}


@pytest.mark.parametrize("content_type", ["video/mp4", "application/vnd.apple.mpegurl"])
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_what_names_other_addresses_is_refused_and_none_is_visited(
    tmp_path: Path, kind: str, content_type: str
) -> None:
    """An upload must not make the cloud fetch: neither while probing, whatever type the uploader declared."""
    pipeline = Pipeline(tmp_path)
    with canary() as (url, visits), serve(pipeline.source.bodies, content_type) as pipeline.source.url:
        deliver(pipeline, PLAYLISTS[kind].format(url=url).encode())
    check_refused(pipeline, "source_not_media")
    assert visits == []


@pytest.mark.parametrize("kind", ["hls", "concat"])
def test_nor_while_encoding(tmp_path: Path, kind: str) -> None:
    """Should the object have changed since it was probed: the encoder reads only what the probe found."""
    facts = source(4, picture=video(64, 64, 25, duration_s=Fraction(4)), sound=audio())
    pipeline = Pipeline(tmp_path, probe=FakeProbe(facts))
    served = serve(pipeline.source.bodies, "application/vnd.apple.mpegurl")
    with canary() as (url, visits), served as pipeline.source.url:
        deliver(pipeline, PLAYLISTS[kind].format(url=url).encode())
    check_refused(pipeline, "encode_failed")
    assert visits == []
