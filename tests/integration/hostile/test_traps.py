"""Uploads that would have FFmpeg open something else, in every disguise: nothing is opened, and each is refused."""

from __future__ import annotations

import struct
import subprocess
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from support.bombs import Film
from support.hostile import REFUSED, TRIED_AGAIN, check
from support.mp4 import box
from support.pipeline import FFMPEG, PYAV

from chalicelib.adapters.probe import PyAvProbe
from chalicelib.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def canary() -> Iterator[tuple[str, list[str]]]:
    """A server that sends everybody from `/here` to `/there`: its address, and the paths that were asked for."""
    visits: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            visits.append(self.path)
            self.send_response(302 if self.path == "/here" else 404)
            self.send_header("Location", "/there")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", visits
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{url}/x.ts\n#EXT-X-ENDLIST\n"
TEXTS = {
    "nested playlists": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{url}/a.m3u8\n#EXTINF:2,\n{url}/b.m3u8\n",
    "playlist of files": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "playlist through concat": "#EXTM3U\n#EXTINF:2,\nconcat:{url}/x|subfile,,start,0,end,9,,:/etc/passwd\n",
    "playlist with a map": '#EXTM3U\n#EXT-X-MAP:URI="{url}/i.mp4"\n#EXTINF:2,\n{url}/x.m4s\n#EXT-X-ENDLIST\n',
    "concat without a header": "file '{url}/x.mp4'\n",
    "session description": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
    "manifest with an entity": '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "{url}/e">]><MPD>&e;</MPD>',
    "smooth manifest": '<SmoothStreamingMedia Duration="9"><StreamIndex Url="{url}/q"/></SmoothStreamingMedia>',
    "picture list": "{url}/%03d.png\n",
    "media list": '<Playlist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"><Url>{url}/x</Url></Playlist>',
    "subtitles": "[Script Info]\n[Events]\nDialogue: 0,0:00:00.00,0:00:02.00,,,0,0,0,,{{\\img({url}/x.png)}}\n",
    "description of a stream": "[Reference]\nRef1={url}/x.asf?MSWMExt=.asf\n",
}
DISGUISES: dict[str, Callable[[bytes], bytes]] = {
    "bare": lambda text: text,
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "mp4": lambda text: box(b"ftyp", b"isom\0\0\0\0isom") + text,
    "matroska": lambda text: b"\x1a\x45\xdf\xa3\x80" + text,
    "avi": lambda text: b"RIFF\xff\xff\0\0AVI " + text,
    "tag": lambda text: b"ID3\x04\0\0\0\0\0\0" + text,
    "transport stream": lambda text: b"".join(b"\x47\x1f\xff\x10" + text.ljust(184, b"\xff")[:184] for _ in range(9)),
}
TRAPS = [(text, "bare") for text in TEXTS] + [("hls", disguise) for disguise in DISGUISES]


@pytest.mark.parametrize(("text", "disguise"), TRAPS)
def test_nothing_else_is_opened(tmp_path: Path, text: str, disguise: str) -> None:
    """Not a server, not a file of the worker's."""
    with canary() as (url, visits):
        body = DISGUISES[disguise](({"hls": HLS} | TEXTS)[text].format(url=url).encode())
        end, broken = check(tmp_path, body)
    assert (end.kind, broken, visits) == (REFUSED, [], [])
    assert end.code in {"source_not_media", "source_unreadable", "source_no_streams", "source_no_duration"}


def test_the_trap_is_one(tmp_path: Path) -> None:
    """An FFmpeg that is asked what the file is, and may do what it likes, walks into it."""
    with canary() as (url, visits):
        (tmp_path / "x.mp4").write_text(HLS.format(url=url))
        command = [FFMPEG, "-v", "quiet", "-nostdin", "-protocol_whitelist", "file,http,tcp", "-f", "hls"]
        subprocess.run([*command, "-i", str(tmp_path / "x.mp4"), "-f", "null", "-"], check=False, timeout=60)
    assert visits


def alias(path: Path) -> bytes:
    """A data reference to a file by its absolute path."""
    name = str(path).encode()
    head = bytes(10) + bytes([4]) + b"disk".ljust(27, b"\0") + bytes(12) + bytes([len(path.name)])
    head += path.name.encode().ljust(63, b"\0") + bytes(16) + struct.pack(">hh", 1, 1) + bytes(16)
    record = struct.pack(">HH", 2, len(name)) + name + b"\0" * (len(name) % 2) + struct.pack(">hH", -1, 0)
    return box(b"alis", b"\0\0\0\0", (head + record).ljust(200, b"\0"))


def test_a_track_that_lies_in_another_file_is_not_read(tmp_path: Path) -> None:
    """Neither at an address nor on the worker's disk."""
    secret = tmp_path / "secret.mov"
    secret.write_bytes(Film().write())
    work = tmp_path / "work"
    work.mkdir()
    with canary() as (url, visits):
        references = [box(b"url ", b"\0\0\0\0" + f"{url}/x.mov".encode() + b"\0"), alias(secret)]
        for reference in references:
            body = Film(reference=reference, picture=b"\0" * 64).write()
            end, broken = check(work, body)
            assert broken == []
            assert end.kind == REFUSED or end.code in TRIED_AGAIN
    assert visits == []


def test_no_redirect_is_followed() -> None:
    """The bucket sends nobody anywhere; whoever answers in its place does not send us either."""
    with canary() as (url, visits):
        with pytest.raises(Permanent) as end:
            PyAvProbe(PYAV).probe(f"{url}/here", size_bytes=1000)
        command = [
            FFMPEG,
            "-v",
            "error",
            "-nostdin",
            "-max_redirects",
            "0",
            "-f",
            "mov",
            "-i",
            f"{url}/here",
            "-f",
            "null",
            "-",
        ]
        done = subprocess.run(command, check=False, timeout=60, capture_output=True)
    assert done.returncode
    assert set(visits) == {"/here"}
    assert end.value.code == "source_unreadable"
