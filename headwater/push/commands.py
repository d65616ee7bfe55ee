"""The FFmpeg commands the agent runs. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwater.push.choosing import Choice
    from headwater.push.inputs import Input

# `level` marks what went wrong; `repeat` keeps FFmpeg from folding two refused publishers into one line.
_QUIET = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "repeat+level+info")
_FIT = "scale=w='trunc(iw*min(1,min(1920/iw,1080/ih))/2)*2':h='trunc(ih*min(1,min(1920/iw,1080/ih))/2)*2'"
# Without a head start for a decoder's buffer, times begin where the input's do. One audio frame for each PES packet, or
# sound would lie in the segment after its own. Half a second is what one stream may wait for the other.
_OUT = ("-muxdelay", "0", "-muxpreload", "0", "-pes_payload_size", "0", "-max_interleave_delta", "500000")
_PIPE = (*_OUT, "-flush_packets", "1", "-f", "mpegts", "pipe:1")


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to encode what cannot be copied: seconds between key frames, kbit/s of the picture."""

    target_s: int
    bitrate_kbps: int = 4000

    def video(self, filters: tuple[str, ...] = (), preset: str = "veryfast") -> tuple[str, ...]:
        """H.264 that a viewer could be sent as it is: closed groups of pictures, one each `target_s` seconds."""
        rate = f"{self.bitrate_kbps}k"
        picture = filters[1] + "," + _FIT if filters else _FIT
        every = f"expr:if(isnan(prev_forced_t),1,gte(t,prev_forced_t+{self.target_s - 0.01:g}))"
        return (
            *("-vf", picture, "-pix_fmt", "yuv420p", "-fpsmax", "60"),
            # zerolatency: no frames held back for looking ahead; viewers are waiting.
            *("-c:v", "libx264", "-preset", preset, "-tune", "zerolatency", "-profile:v", "high"),
            *("-b:v", rate, "-maxrate", rate, "-bufsize", rate),
            *("-force_key_frames", every, "-g", "9999", "-sc_threshold", "0"),
        )

    @staticmethod
    def audio() -> tuple[str, ...]:
        """AAC as every player takes it, without holes where the capture has some."""
        return ("-af", "aresample=async=1", "-c:a", "aac", "-b:a", "128k", "-ar", "48000", "-ac", "2")


def take(ffmpeg: str, source: Input) -> list[str]:
    """Pass the input on as it is, as a transport stream on stdout."""
    return [ffmpeg, *_QUIET, *source.arguments, *source.maps, "-c", "copy", *_PIPE]


def make(ffmpeg: str, source: Input, encoding: Encoding) -> list[str]:
    """Encode the input to a transport stream on stdout."""
    coded = (*encoding.video(source.filters, source.preset), *encoding.audio())
    return [ffmpeg, *_QUIET, *source.arguments, *source.maps, *coded, *_PIPE]


def convert(ffmpeg: str, choice: Choice, encoding: Encoding) -> list[str]:
    """Encode what `choice` does not copy, from a transport stream on stdin to one on stdout, with the same times."""
    video = ("-c:v", "copy") if choice.copy_video else encoding.video()
    audio = ("-c:a", "copy") if choice.copy_audio else encoding.audio()
    taken = ("-copyts", "-f", "mpegts", "-i", "pipe:0", "-map", "0:v:0?", "-map", "0:a:0?")
    return [ffmpeg, *_QUIET, *taken, *video, *audio, *_PIPE]


def probe(ffmpeg: str, source: Input) -> list[str]:
    """Open the input and say what is in it; FFmpeg ends with an error, as it is given nothing to do."""
    at = source.arguments.index("-i")
    return [ffmpeg, *_QUIET, *source.arguments[at : at + 2]]


def is_copyable(log: str) -> bool:
    """True when a probe's log shows H.264 (or no picture): a transport stream takes it, and it may go as it is."""
    video = [
        line for line in log.splitlines() if "Stream #0:" in line and "Video: " in line and "attached pic" not in line
    ]
    return not video or "Video: h264" in video[0]
