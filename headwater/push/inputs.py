"""The inputs an encoder's stream can come from, and the FFmpeg arguments for each. Pure."""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

PLAYPATH = "headwater"
"""What we listen for. Never the key: command lines can be read by everybody on the machine, and FFmpeg only warns of
another name. It is that warning which tells us the name that was given."""
_PUBLISHED = re.compile(r"Unexpected stream (.*), expecting " + PLAYPATH)
_SOON = ("-analyzeduration", "2000000")
"""Viewers wait while FFmpeg looks for streams that never come; two seconds of that are enough."""
FONTS = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf",
    "/System/Library/Fonts/Menlo.ttc",
    "C:/Windows/Fonts/consola.ttf",
)
SIZE = "1280x720"
CLOCK_BITS = 20
"""Of the test picture's clock for machines: milliseconds of the wall clock modulo 2**20, about 17 minutes."""
CLOCK_BOX = 32
"""Pixels; the boxes lie in a row at the top left, the lowest bit first, white for 1."""


@dataclass(frozen=True, slots=True)
class Input:
    """Where the stream comes from. `arguments` open it, `maps` choose its streams."""

    what: str
    """For a person: where it is, or where to send it."""
    arguments: tuple[str, ...]
    maps: tuple[str, ...] = ("-map", "0:v:0?", "-map", "0:a:0?")
    filters: tuple[str, ...] = ()
    preset: str = "veryfast"
    """Of x264, where it must be encoded."""
    may_copy: bool = True
    """False for what was never encoded."""
    probed: bool = False
    """True for what can be opened twice: then its codecs are looked at first."""
    again: bool = True
    """True when it is opened again after a failure: another publisher, the camera plugged in again."""
    ends: bool = False
    """True when its own end is the end of the push."""
    listens: bool = False
    keyed: bool = False
    """True when whoever publishes must have given the stream key as the stream's name."""


def rtmp(bind: str, port: int) -> Input:
    """Listen for OBS and others. The path's last part must be the stream key."""
    server = f"rtmp://{bind}:{port}/live"
    return Input(server, (*_SOON, "-listen", "1", "-i", f"{server}/{PLAYPATH}"), listens=True, keyed=True)


def published_name(line: str) -> str | None:
    """Return the stream name a publisher gave, from FFmpeg's log; None in any other line."""
    found = _PUBLISHED.search(line)
    return found[1] if found else None


def passphrase(key: str) -> str:
    """Return SRT's passphrase for a stream key; the key cannot be found from it."""
    return hashlib.sha256(f"headwater srt {key}".encode()).hexdigest()[:32]


def srt(bind: str, port: int, key: str) -> Input:
    """Listen for an encrypted SRT caller; SRT itself turns away whoever has another passphrase."""
    server = f"srt://{bind}:{port}"
    options = f"mode=listener&passphrase={passphrase(key)}&pbkeylen=16"
    return Input(server, (*_SOON, "-f", "mpegts", "-i", f"{server}?{options}"), listens=True)


def hls(url: str) -> Input:
    """Follow a playlist. Read in real time, or one that is over would come all at once."""
    return Input(url, ("-re", "-i", url), probed=True, ends=True)


def file(path: Path, *, loop: bool) -> Input:
    """Play a file in real time, once or for ever."""
    # An absolute path cannot be taken for an option or a protocol.
    opened = ("-re", *(("-stream_loop", "-1") if loop else ()), "-i", str(path.resolve()))
    return Input(path.name, opened, probed=True, again=False, ends=True)


def camera(device: str, microphone: str, size: str = SIZE, platform: str = sys.platform) -> Input:
    """Open a camera, and a microphone where one is named; the system's first camera when `device` is empty."""
    asked = ("-framerate", "30", "-video_size", size)
    match platform:
        case "darwin":
            name = f"{device or '0'}:{microphone}" if microphone else device or "0"
            return _captured(device or "the camera", ("-f", "avfoundation", *asked, "-i", name), second=False)
        case "win32":
            sound = f":audio={microphone}" if microphone else ""
            name = f"video={device or 'Integrated Camera'}{sound}"
            return _captured(device or "the camera", ("-f", "dshow", *asked, "-i", name), second=False)
        case _:
            sound_in = ("-thread_queue_size", "512", "-f", "pulse", "-i", microphone) if microphone else ()
            opened = ("-thread_queue_size", "64", "-f", "v4l2", *asked, "-i", device or "/dev/video0", *sound_in)
            return _captured(device or "/dev/video0", opened, second=bool(microphone))


def _captured(what: str, arguments: tuple[str, ...], *, second: bool) -> Input:
    maps = ("-map", "0:v:0", "-map", "1:a:0") if second else ("-map", "0:v:0", "-map", "0:a:0?")
    return Input(what, arguments, maps, may_copy=False)


def generated(size: str = SIZE, rate: int = 30) -> Input:
    """Make a moving picture with a clock burnt in, for people and for machines, and a tone that beeps each second."""
    picture = ("-re", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}")
    tone = ("-re", "-f", "lavfi", "-i", "sine=frequency=440:beep_factor=4:sample_rate=48000")
    maps = ("-map", "0:v:0", "-map", "1:a:0")
    # Its looks matter to nobody, and the machine may be a small one.
    return Input("the test picture", (*picture, *tone), maps, ("-vf", _clock(rate)), "ultrafast", may_copy=False)


def _clock(rate: int) -> str:
    """Each frame passes with the wall clock as its time while the boxes are drawn, then gets its own time back."""
    boxes = [f"drawbox=x=0:y=0:w={CLOCK_BITS * CLOCK_BOX}:h={CLOCK_BOX}:color=black:t=fill"]
    boxes += [
        f"drawbox=x={bit * CLOCK_BOX}:y=0:w={CLOCK_BOX}:h={CLOCK_BOX}:color=white:t=fill"
        f":enable='mod(floor(t*1000/{2**bit}),2)'"
        for bit in range(CLOCK_BITS)
    ]
    if font := next((font for font in FONTS if Path(font).exists()), None):
        text = r"text='%{localtime\:%Y-%m-%d %H\\\:%M\\\:%S}'"
        style = "fontsize=h/14:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=10:x=(w-tw)/2:y=h*0.8"
        boxes.append(f"drawtext=fontfile={font}:{text}:{style}")
    return ",".join(["settb=1/1000", "setpts=RTCTIME/1000", *boxes, f"settb=1/{rate}", "setpts=N"])
