"""A small ladder of real CMAF, cut into chunks as the encoder cuts them, with its playlists."""

from __future__ import annotations

import struct
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FPS = 24
SEGMENT_S = 2
CHUNKS_S = (2, 4, 8, 10)
DURATION_S = sum(CHUNKS_S)
RUNGS = {"v-low": (160, 90, 150), "v-mid": (320, 180, 400), "v-high": (640, 360, 900)}
AUDIO_KBPS = 64
_AUDIO_RATE = 48000
_MOVFLAGS = "+cmaf+empty_moov+default_base_moof+frag_discont+negative_cts_offsets+skip_trailer"


@dataclass(frozen=True)
class Chunk:
    """One object: init segment, then segments of (offset, length, seconds)."""

    body: bytes
    init_length: int
    segments: tuple[tuple[int, int, float], ...]

    @property
    def duration_s(self) -> float:
        """Seconds of media."""
        return sum(seconds for _, _, seconds in self.segments)


@dataclass(frozen=True)
class Ladder:
    """Chunks by rendition id, and of the video rungs, lowest first, (width, height, kbit/s)."""

    chunks: dict[str, tuple[Chunk, ...]]
    rungs: Mapping[str, tuple[int, int, int]] = field(default_factory=lambda: RUNGS)
    duration_s: float = DURATION_S

    def playlist(self, rendition: str, done: int) -> str:
        """Media playlist of the first `done` chunks: EVENT, with ENDLIST when that is all of them."""
        chunks = self.chunks[rendition]
        lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{SEGMENT_S}", "#EXT-X-MEDIA-SEQUENCE:0"]
        lines += ["#EXT-X-PLAYLIST-TYPE:EVENT", "#EXT-X-INDEPENDENT-SEGMENTS"]
        lines.append(f'#EXT-X-MAP:URI="00000.mp4",BYTERANGE="{chunks[0].init_length}@0"')
        for number, chunk in enumerate(chunks[:done]):
            for offset, length, seconds in chunk.segments:
                lines += [f"#EXTINF:{seconds:.5f},", f"#EXT-X-BYTERANGE:{length}@{offset}", f"{number:05d}.mp4"]
        lines += ["#EXT-X-ENDLIST"] * (done == len(chunks))
        return "\n".join([*lines, ""])

    def master(self, recording_id: str) -> str:
        """Multivariant playlist of every planned rung, lowest first."""
        lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
        lines.append(
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aud",NAME="Audio",LANGUAGE="und",DEFAULT=YES,AUTOSELECT=YES,'
            f'CHANNELS="2",URI="/media/{recording_id}/v1/a-main/index.m3u8"'
        )
        for name, (width, height, kbps) in self.rungs.items():
            lines.append(
                f"#EXT-X-STREAM-INF:BANDWIDTH={kbps * 1100},AVERAGE-BANDWIDTH={kbps * 1000},"
                f'CODECS="avc1.64001e,mp4a.40.2",RESOLUTION={width}x{height},FRAME-RATE={FPS}.000,AUDIO="aud"'
            )
            lines.append(f"/media/{recording_id}/v1/{name}/index.m3u8")
        return "\n".join([*lines, ""])


def make_ladder(ffmpeg: Path, folder: Path) -> Ladder:
    """Encode a counting test picture with a tone; every rung chunk by chunk, the audio whole."""
    chunks = {name: tuple(_video_chunks(ffmpeg, folder, name)) for name in RUNGS}
    chunks["a-main"] = (_audio(ffmpeg, folder),)
    return Ladder(chunks)


def _video_chunks(ffmpeg: Path, folder: Path, name: str) -> Iterator[Chunk]:
    width, height, kbps = RUNGS[name]
    start = 0
    for number, seconds in enumerate(CHUNKS_S):
        # a generated picture can be asked for from any time, so no seeking is needed to cut it
        picture = f"testsrc2=size={width}x{height}:rate={FPS},trim=start={start}:duration={seconds}"
        path = folder / f"{name}-{number}.mp4"
        codec = f"-c:v libx264 -preset ultrafast -profile:v high -pix_fmt yuv420p -b:v {kbps}k".split()
        gop = f"-g {SEGMENT_S * FPS} -keyint_min {SEGMENT_S * FPS} -sc_threshold 0 -flags +cgop".split()
        mux = f"-video_track_timescale 24000 -movflags {_MOVFLAGS}+frag_keyframe -use_editlist 0".split()
        run_ffmpeg(
            ffmpeg, "-copyts", "-f", "lavfi", "-i", picture, "-fps_mode", "passthrough", *codec, *gop, *mux, str(path)
        )
        yield parse(path.read_bytes(), samples_per_second=FPS)
        start += seconds


def _audio(ffmpeg: Path, folder: Path) -> Chunk:
    path = folder / "audio.mp4"
    tone = f"sine=frequency=330:sample_rate={_AUDIO_RATE}:duration={DURATION_S}"
    codec = f"-ac 2 -c:a aac -b:a {AUDIO_KBPS}k".split()
    # the encoder's priming would otherwise begin before 0, which a decode time cannot say
    mux = ["-avoid_negative_ts", "make_zero", "-movflags", "+empty_moov+default_base_moof", "-use_editlist", "0"]
    mux += ["-frag_duration", str(SEGMENT_S * 1_000_000)]
    run_ffmpeg(ffmpeg, "-f", "lavfi", "-i", tone, *codec, *mux, str(path))
    return parse(path.read_bytes(), samples_per_second=_AUDIO_RATE / 1024)


def run_ffmpeg(ffmpeg: Path, *arguments: str) -> None:
    """Make the MP4 that the last argument names."""
    subprocess.run([ffmpeg, "-y", "-v", "error", "-nostdin", *arguments[:-1], "-f", "mp4", arguments[-1]], check=True)


def _boxes(body: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while start < end:
        size, kind = struct.unpack_from(">I4s", body, start)
        yield kind, start, size
        start += size


def parse(body: bytes, samples_per_second: float) -> Chunk:
    """Find init segment and segments of a fragmented MP4."""
    segments: list[tuple[int, int, float]] = []
    init_length = 0
    begun, samples = 0, 0
    for kind, start, size in _boxes(body, 0, len(body)):
        if kind == b"moov":
            init_length = start + size
        elif kind == b"moof":
            begun, samples = start, _sample_count(body, start, size)
        elif kind == b"mdat":
            segments.append((begun, start + size - begun, samples / samples_per_second))
    return Chunk(body, init_length, tuple(segments))


def _sample_count(body: bytes, start: int, size: int) -> int:
    for kind, traf, length in _boxes(body, start + 8, start + size):
        if kind == b"traf":
            for inner, trun, _ in _boxes(body, traf + 8, traf + length):
                if inner == b"trun":
                    return int(struct.unpack_from(">I", body, trun + 12)[0])
    message = "a moof without a trun"
    raise AssertionError(message)
