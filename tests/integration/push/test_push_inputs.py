"""The push agent's inputs with real FFmpeg: RTMP, SRT, files."""

from __future__ import annotations

import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from support.live_server import KEY
from support.pipeline import FFMPEG

from headwater.push.inputs import passphrase

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Push
    from support.live_server import LiveServer

    Start = Callable[..., Push]
    Encoder = Callable[..., subprocess.Popen[bytes]]
    Unbroken = Callable[[LiveServer, int, int], bool]
    Listening = Callable[[int], None]


class QuietFiles(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *args: object) -> None:
        """Stay silent."""


def test_obs_comes_goes_and_comes_again(
    server: LiveServer, push: Start, encoder: Encoder, free_port: int, listening: Listening, unbroken: Unbroken
) -> None:
    """A wrong key is turned away; a right one is copied, and each connection is an epoch of its own."""
    agent = push("--rtmp", str(free_port))
    address = f"rtmp://127.0.0.1:{free_port}/live"
    listening(free_port)
    encoder("-f", "flv", f"{address}/sk_wrong").wait(30)
    agent.wait_note("wrong_key")
    for epoch in (1, 2):
        listening(free_port)
        encoder("-f", "flv", f"{address}/{KEY}", seconds=3.2)
        agent.wait_note("encoder_left", epoch)
    assert agent.end() == 0
    first = sum(epoch == 1 for epoch, _ in server.numbers)
    assert (unbroken(server, 1, first), unbroken(server, 2, len(server.numbers) - first)) == (True, True)
    assert (first >= 3, agent.notes("encoding")) == (True, [])


def test_key_frames_too_far_apart(
    server: LiveServer, push: Start, encoder: Encoder, free_port: int, listening: Listening
) -> None:
    """OBS left at its default has one in eight seconds: then the agent encodes, and says so."""
    agent = push("--rtmp", str(free_port))
    listening(free_port)
    encoder("-f", "flv", f"rtmp://127.0.0.1:{free_port}/live/{KEY}", seconds=5, gop=250)
    assert "key frames" in agent.wait_note("encoding")
    agent.wait_note("encoder_left")
    assert agent.end() == 0
    assert len(server.arrivals) in {5, 6}


def test_another_hls_stream(server: LiveServer, push: Start, tmp_path: Path, unbroken: Unbroken) -> None:
    """Is copied to its end, in real time."""
    source = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-f", "lavfi", "-i", "sine=sample_rate=48000"]
    coded = ["-t", "3", "-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-c:a", "aac"]
    playlist = ["-f", "hls", "-hls_time", "1", "-hls_list_size", "0", str(tmp_path / "live.m3u8")]
    subprocess.run([FFMPEG, "-v", "error", *source, *coded, *playlist], check=True)
    handler = partial(QuietFiles, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
        agent = push("--hls", f"http://127.0.0.1:{http.server_address[1]}/live.m3u8")
        assert agent.process.wait(40) == 0
        http.shutdown()
    assert (unbroken(server, 1, 3), agent.notes("encoding")) == (True, [])


def test_srt(server: LiveServer, push: Start, encoder: Encoder, free_port: int, unbroken: Unbroken) -> None:
    """A caller with the passphrase that the key gives is taken."""
    agent = push("--srt", str(free_port))
    agent.wait_note("send_to")
    agent.wait_status(lambda now: now["source"] == "waiting")
    address = f"srt://127.0.0.1:{free_port}?passphrase={passphrase(KEY)}&pbkeylen=16&connect_timeout=20000"
    encoder("-f", "mpegts", address)
    server.wait(lambda: len(server.arrivals) >= 2)
    assert agent.end() == 0
    assert unbroken(server, 1, len(server.arrivals))


def test_a_file_to_its_end(server: LiveServer, push: Start, tmp_path: Path, unbroken: Unbroken) -> None:
    """Is played in real time, what is not H.264 encoded, and with --stop the stream ends with it."""
    path = tmp_path / "-talk.mkv"
    picture = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-f", "lavfi", "-i", "sine=sample_rate=44100"]
    coded = ["-t", "2", "-c:v", "mpeg4", "-c:a", "flac", "file:" + str(path)]
    subprocess.run([FFMPEG, "-v", "error", *picture, *coded], check=True)
    agent = push("--stop", "--", str(path))
    assert agent.process.wait(40) == 0
    assert (server.status, unbroken(server, 1, 2)) == ("stopped", True)


def test_a_file_that_is_no_media(server: LiveServer, push: Start, tmp_path: Path) -> None:
    """The agent ends with 1 and FFmpeg's reason."""
    path = tmp_path / "notes.txt"
    path.write_text("no media at all")
    agent = push(str(path))
    assert agent.process.wait(40) == 1
    assert "notes.txt cannot be read" in agent.said[-1]["error"]["detail"]
    assert server.arrivals == []
