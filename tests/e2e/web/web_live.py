"""A live stream for the stand-in origin: real one-second segments, a sliding window, a socket that tells of them."""

from __future__ import annotations

import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import web_socket
from web_media import AUDIO_KBPS, FPS, parse, run_ffmpeg

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path
    from socket import socket

    from web_media import Chunk

TARGET_S = 1
LENGTH_S = 120
RUNGS = {"l-low": (160, 90, 150), "l-high": (320, 180, 400)}
SOUND = "l-audio"
_AUDIO_RATE = 48000
_MOVFLAGS = "+cmaf+empty_moov+default_base_moof+frag_discont+frag_keyframe+negative_cts_offsets+skip_trailer"


@dataclass(frozen=True)
class LiveMedia:
    """Init segment and segments of (bytes, seconds), by rendition."""

    inits: dict[str, bytes]
    segments: dict[str, tuple[tuple[bytes, float], ...]]


def make_live_media(ffmpeg: Path, folder: Path) -> LiveMedia:
    """Encode two minutes of a counting picture and a tone."""
    made = {name: _picture(ffmpeg, folder, name) for name in RUNGS} | {SOUND: _sound(ffmpeg, folder)}
    inits = {name: body[: chunk.init_length] for name, (body, chunk) in made.items()}
    cut = {
        name: tuple((body[at : at + length], seconds) for at, length, seconds in chunk.segments)
        for name, (body, chunk) in made.items()
    }
    return LiveMedia(inits, cut)


def _picture(ffmpeg: Path, folder: Path, name: str) -> tuple[bytes, Chunk]:
    width, height, kbps = RUNGS[name]
    path = folder / f"{name}.mp4"
    codec = f"-c:v libx264 -preset ultrafast -profile:v high -pix_fmt yuv420p -b:v {kbps}k".split()
    gop = f"-g {FPS} -keyint_min {FPS} -sc_threshold 0 -flags +cgop -video_track_timescale 24000".split()
    source = f"testsrc2=size={width}x{height}:rate={FPS}:duration={LENGTH_S}"
    mux = ["-movflags", _MOVFLAGS, "-use_editlist", "0"]
    run_ffmpeg(ffmpeg, "-f", "lavfi", "-i", source, *codec, *gop, *mux, str(path))
    body = path.read_bytes()
    return body, parse(body, samples_per_second=FPS)


def _sound(ffmpeg: Path, folder: Path) -> tuple[bytes, Chunk]:
    path = folder / "live-audio.mp4"
    tone = f"sine=frequency=330:sample_rate={_AUDIO_RATE}:duration={LENGTH_S}"
    mux = ["-avoid_negative_ts", "make_zero", "-movflags", "+empty_moov+default_base_moof", "-use_editlist", "0"]
    codec = ["-ac", "2", "-c:a", "aac", "-b:a", f"{AUDIO_KBPS}k", "-frag_duration", "1000000"]
    run_ffmpeg(ffmpeg, "-f", "lavfi", "-i", tone, *codec, *mux, str(path))
    body = path.read_bytes()
    return body, parse(body, samples_per_second=_AUDIO_RATE / 1024)


@dataclass
class LiveSource:
    """One stream: what has been published, who listens."""

    recording_id: str
    media: LiveMedia
    status: str = "active"
    window: int = 45
    """Segments that stay in the playlists."""
    entries: list[dict[str, object]] = field(default_factory=list)
    deaf: bool = False
    """Sockets are held but told nothing."""
    refuses_sockets: bool = False
    log: list[str] = field(default_factory=list)
    heard: list[dict[str, object]] = field(default_factory=list)
    """What viewers said."""
    tickets: int = 0
    _sockets: list[socket] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def publish(self, count: int = 1) -> None:
        """Make the next segments available; the last one has just been captured."""
        with self._lock:
            begun = len(self.entries)
            for number in range(begun, begun + count):
                captured = time.time() - TARGET_S * (begun + count - number)
                self.entries.append(self._entry(number, captured))
            self._tell(self._segment(self.entries[begun:]))

    def run(self) -> None:
        """Publish one segment each second until `halt`, in a thread."""
        self._stopped.clear()
        threading.Thread(target=self._publish_on, daemon=True).start()

    def halt(self) -> None:
        """Publish no more."""
        self._stopped.set()

    def pause(self) -> None:
        """The encoder is gone."""
        self.halt()
        self.status = "paused"
        self._tell({"type": "status", "status": "paused"})

    def end(self) -> None:
        """Stop: the playlists end, viewers are told."""
        self.halt()
        with self._lock:
            self.status = "stopped"
            self._tell({"type": "status", "status": "stopped"})
            master = f"/api/v1/recordings/{self.recording_id}/stream/master.m3u8"
            playback = f"/watch/{self.recording_id}"
            self._tell(
                {"type": "ended", "recording": self.recording_id, "master_url": master, "playback_url": playback}
            )
            self.drop()

    def drop(self) -> None:
        """Cut every connection."""
        with self._lock:
            for connection in self._sockets:
                with suppress(OSError):
                    connection.shutdown(2)
            self._sockets.clear()

    @property
    def playlist_fetches(self) -> int:
        """How often a media playlist was asked for."""
        return sum(path.endswith(".m3u8") for path in self.log)

    def document(self, host: str) -> dict[str, object]:
        """Answer of GET stream/live."""
        self.tickets += 1
        url = f"ws://{host}/ws?token={self.recording_id}.{self.tickets}"
        return {"status": self.status, "protocol": "headwater.live.v1", "websocket_url": url, "master_url": ""}

    def master(self) -> str:
        """Multivariant playlist."""
        base = f"/media/{self.recording_id}/live"
        lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
        lines.append(
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Audio",LANGUAGE="und",DEFAULT=YES,AUTOSELECT=YES,'
            f'CHANNELS="2",URI="{base}/{SOUND}/live.m3u8"'
        )
        for name, (width, height, kbps) in RUNGS.items():
            lines.append(
                f"#EXT-X-STREAM-INF:BANDWIDTH={kbps * 1300},AVERAGE-BANDWIDTH={kbps * 1050},"
                f'CODECS="avc1.64000d,mp4a.40.2",RESOLUTION={width}x{height},FRAME-RATE={FPS}.000,AUDIO="audio"'
            )
            lines.append(f"{base}/{name}/live.m3u8")
        return "\n".join([*lines, ""])

    def playlist(self, rendition: str) -> str:
        """Media playlist as it is now."""
        first = self._first
        lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{TARGET_S}", f"#EXT-X-MEDIA-SEQUENCE:{first}"]
        lines += ["#EXT-X-DISCONTINUITY-SEQUENCE:0", "#EXT-X-INDEPENDENT-SEGMENTS"]
        lines.append('#EXT-X-MAP:URI="init.mp4"')
        for entry in self.entries[first:]:
            seconds = entry["a" if rendition == SOUND else "d"]
            lines += [f"#EXT-X-PROGRAM-DATE-TIME:{entry['pdt']}", f"#EXTINF:{seconds:.5f},", str(entry["name"])]
        lines += ["#EXT-X-ENDLIST"] * (self.status == "stopped")
        return "\n".join([*lines, ""])

    def file(self, rendition: str, name: str) -> tuple[bytes, str] | None:
        """What the CDN answers with, and its type; None for what is not there."""
        self.log.append(f"{rendition}/{name}")
        if rendition not in self.media.inits:
            return None
        if name == "live.m3u8":
            return self.playlist(rendition).encode(), "application/vnd.apple.mpegurl"
        if name == "init.mp4":
            return self.media.inits[rendition], "video/mp4"
        number = int(name.removesuffix(".m4s"))
        return (self.media.segments[rendition][number][0], "video/mp4") if number < len(self.entries) else None

    def connect(self, handler: BaseHTTPRequestHandler) -> None:
        """Hold a viewer's WebSocket until it goes."""
        if self.refuses_sockets:
            handler.send_error(503)
            return
        web_socket.accept(handler)
        with suppress(OSError, struct.error, ValueError):
            while (message := web_socket.read(handler.rfile)) is not None:
                self.heard.append(message)
                if message["type"] == "subscribe":
                    self._welcome(handler.connection, message["after"])
                elif message["type"] == "ping":
                    web_socket.send(handler.connection, {"type": "pong"})
        with self._lock:
            self._sockets = [one for one in self._sockets if one is not handler.connection]

    @property
    def _first(self) -> int:
        return max(0, len(self.entries) - self.window)

    def _publish_on(self) -> None:
        while not self._stopped.wait(TARGET_S) and len(self.entries) < LENGTH_S - 1:
            self.publish()

    def _entry(self, number: int, captured: float) -> dict[str, object]:
        pdt = datetime.fromtimestamp(captured, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        durations = {"d": self.media.segments["l-low"][number][1], "a": self.media.segments[SOUND][number][1]}
        rounded = {name: round(seconds, 5) for name, seconds in durations.items()}
        names = {"msn": number, "name": f"{number:05d}.m4s", "init": "init.mp4"}
        return {**names, **rounded, "pdt": pdt, "disc": False, "gap": False}

    def _segment(self, entries: list[dict[str, object]]) -> dict[str, object]:
        facts = {
            "type": "segment",
            "stream": "live_1",
            "first": self._first,
            "dsn": 0,
            "rendition": "auto",
            "url": None,
        }
        return {**facts, "entries": entries, "sent_at": time.time()}

    def _welcome(self, connection: socket, after: int | None) -> None:
        qualities = [
            {"id": name, "name": name, "bitrate_kbps": kbps, "width": width, "height": height}
            for name, (width, height, kbps) in RUNGS.items()
        ]
        with self._lock:
            edge, first = len(self.entries) - 1, self._first
            resume = "reset" if after is not None and after < first - 1 else "ok"
            facts = {"protocol": "headwater.live.v1", "connection": "c", "stream": "live_1", "status": self.status}
            facts |= {"target_s": TARGET_S, "qualities": qualities, "edge": edge, "first": first, "resume": resume}
            web_socket.send(connection, {"type": "welcome", **facts, "report_after_s": 1})
            missed = self.entries[after + 1 :] if after is not None and resume == "ok" else []
            if missed:
                web_socket.send(connection, self._segment(missed))
            self._sockets = [*(one for one in self._sockets if one is not connection), connection]
            self._tell({"type": "stats", "viewers": len(self._sockets), "peak": len(self._sockets), "by_quality": {}})

    def _tell(self, message: dict[str, object]) -> None:
        with self._lock:
            for connection in [] if self.deaf else list(self._sockets):
                with suppress(OSError):
                    web_socket.send(connection, message)
