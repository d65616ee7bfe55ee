"""The probing child: `python -I probe_child.py LIBRARY SIZE`, URL on standard input, one JSON object out.

Stands alone on purpose: of ours, nothing but two pure files is read where hostile bytes are parsed.
"""

from __future__ import annotations

import json
import re
import runpy
import sys
import time
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_sniffing = runpy.run_path(str(HERE.with_name("domain") / "sniffing.py"))
demuxers, indexed = _sniffing["demuxers"], _sniffing["indexed"]
_facts = runpy.run_path(str(HERE / "probe_facts.py"))
describe_role, matroska_length = _facts["describe_role"], _facts["matroska_length"]
rate_of, start_of, is_unbroken = _facts["rate_of"], _facts["start_of"], _facts["is_unbroken"]
SLOW_S = 10
"""Processor time after which it is the file that takes long, and not the network."""
DOUBTFUL = {"source_not_media", "source_unreadable"}
TROUBLE = re.compile(r"HTTP error (429|5\d\d)|Stream ends prematurely|Connection reset|Will reconnect")
RECONNECTING = {"reconnect": "1", "reconnect_delay_max": "1"}
"""Only then FFmpeg says that a connection broke off."""
MAX_TRACKS = 300
"""Reading ten thousand takes minutes, since FFmpeg compares each with all others."""
SCAN_LIMIT = 8_000_000
PROMISE_S = Fraction(1, 2)
"""A file that ends later than this before its promised end is whole."""
MAX_AUDIO = 8
MAX_SUBTITLES = 32
FORCED, ATTACHED_PICTURE = 0x40, 0x400
"""FFmpeg's AV_DISPOSITION flags."""
MAX_PIXELS = "35389440"
UNBOUNDED = "2147483647"


class UnknownCodec(Exception):
    """No decoder of ours knows the picture or the sound; to leave it out would hide half of the recording."""


class TooManyTracks(Exception):
    """Each costs memory in every process that opens the file; nobody's recording has so many."""


def main() -> None:
    """Print a SourceMedia as JSON, or {"code": ...}."""
    sys.path.insert(0, sys.argv[1])
    url, size = sys.stdin.read().strip(), int(sys.argv[2])
    answer = verdict(url, size)
    if answer.get("code") in DOUBTFUL and time.process_time() < SLOW_S:
        answer = second_opinion(url, size)
    json.dump(answer, sys.stdout)


def second_opinion(url: str, size: int) -> dict[str, Any]:
    """Look again before a file is refused, and listen to what FFmpeg says of the connection.

    A demuxer takes a range that was refused, or that broke off, for the end of the file: then the file is not to blame.
    """
    import av  # noqa: PLC0415  lives in the layer named on the command line

    av.logging.set_level(av.logging.WARNING)
    with av.logging.Capture() as lines:
        answer = verdict(url, size, RECONNECTING)
    troubled = any(TROUBLE.search(text) for _, _, text in lines)
    return {"code": "unreachable"} if troubled and answer.get("code") in DOUBTFUL else answer


def verdict(url: str, size: int, more: dict[str, str] | None = None) -> dict[str, Any]:
    """Return a SourceMedia's plain form, or {"code": ...}."""
    import av  # noqa: PLC0415  as above

    try:
        answer = look(url, size, more or {})
    except (av.error.HTTPError, ConnectionError, TimeoutError):  # PyAV's own are kinds of these
        answer = {"code": "unreachable"}
    except av.error.ExitError:
        answer = {"code": "source_unreadable" if time.process_time() > SLOW_S else "unreachable"}
    except UnknownCodec:
        answer = {"code": "source_unknown_codec"}
    except TooManyTracks:
        answer = {"code": "source_too_many_tracks"}
    except (av.error.FFmpegError, OSError, ValueError, ArithmeticError, MemoryError) as error:
        not_media = isinstance(error, av.error.InvalidDataError | ValueError | av.error.PermissionError)
        answer = {"code": "source_not_media" if not_media else "source_unreadable"}
    return answer


def look(url: str, size: int, more: dict[str, str]) -> dict[str, Any]:
    """Open the file as what its first bytes are, whatever its name and type say, and describe it."""
    import av  # noqa: PLC0415

    options = {
        "protocol_whitelist": "https,tls,tcp" if url.startswith("https:") else "http,tcp",
        "max_redirects": "0",
        "rw_timeout": "15000000",
        "max_pixels": MAX_PIXELS,
        "max_streams": str(MAX_TRACKS + 1),
        **more,
    }
    try:
        head = read_head(url, options)
    except av.error.EOFError:  # no file's fault: it is not empty
        raise ConnectionError from None
    names = demuxers(head)
    options |= {"format_whitelist": names, "enable_drefs": "0", "use_absolute_path": "0"}
    only = None if "," in names else names
    try:
        container = av.open(url, format=only, options=options, timeout=20)
    except (av.error.ArgumentError, av.error.MemoryError):
        if crowded(url, only, options):
            raise TooManyTracks from None
        raise
    with container:
        if len(container.streams) > MAX_TRACKS:  # some demuxers leave out what is too much
            raise TooManyTracks
        answer = describe(container, size, head)
    if answer["video"] and not answer["video"]["width"]:
        # The decoder refused the picture's size, and so does not say it: ask the header alone.
        with av.open(url, format=only, options=options | {"max_pixels": UNBOUNDED}, timeout=20) as container:
            context = container.streams.video[0].codec_context
            answer["video"] |= {"width": context.width, "height": context.height}
    return answer


def crowded(url: str, only: str | None, options: dict[str, str]) -> bool:
    """True when it is for its number of tracks that FFmpeg does not open the file, which only its log tells."""
    import av  # noqa: PLC0415

    av.logging.set_level(av.logging.ERROR)
    with av.logging.Capture() as lines, suppress(av.error.FFmpegError):
        av.open(url, format=only, options=options, timeout=20)
    return any("max_streams" in text for _, _, text in lines)


def describe(container: Any, size: int, head: bytes) -> dict[str, Any]:
    """Return SourceMedia's plain form, but for the timeline that picture and sound share.

    A picture that cannot be seeked is prepared first and measured then: until then its lengths are what headers say.
    """
    name = container.format.name.split(",")[0]
    video = next((s for s in container.streams.video if not is_cover(s)), None)
    audios = [(index, s) for index, s in enumerate(container.streams.audio) if s.codec_context is not None][:MAX_AUDIO]
    if (video and video.codec_context is None) or (container.streams.audio and not audios):
        raise UnknownCodec
    duration = Fraction(container.duration or 0, 1_000_000)
    seekable = duration > 0 and indexed(name, head)
    streams = [stream for stream in (video, *(stream for _, stream in audios)) if stream]
    measured = seekable or bool(video)
    lengths = {} if measured else scan(container, streams)
    rewind(container)
    picture = describe_video(container, video) if video else None
    starts = {stream.index: start_s(stream) for stream in streams}
    if video and picture:
        starts[video.index] = Fraction(picture["start_pts"]) * Fraction(video.time_base)
    if measured:
        lengths = lengths_of(container, streams, starts, duration) if seekable else declared(streams, duration)
    length = lengths.get(streams[0].index, Fraction(0)) if streams else Fraction(0)
    return {
        "container": name,
        "duration_s": str(length),
        "size_bytes": size,
        "seekable": seekable,
        "video": picture and picture | {"duration_s": str(length)},
        "audios": [
            describe_audio(stream, lengths.get(stream.index, Fraction(0))) | {"index": index}
            for index, stream in audios
        ],
        "subtitles": [
            describe_subtitle(stream) | {"index": index}
            for index, stream in enumerate(container.streams.subtitles[:MAX_SUBTITLES])
        ],
    }


HEAD = 64 * 1024
"""Bytes: Matroska's SeekHead and an MP4's leading moov are at the very beginning."""


def read_head(url: str, options: dict[str, str]) -> bytes:
    """Read the first bytes by the same protocol as everything else."""
    import av  # noqa: PLC0415

    head = b""
    with av.open(url, format="data", options=options | {"format_whitelist": "data"}, timeout=20) as raw:
        for packet in raw.demux():
            head += bytes(packet)
            if len(head) >= HEAD:
                break
    return head


def is_cover(stream: Any) -> bool:
    """Cover art is a picture that pretends to be a video stream."""
    return bool(int(stream.disposition) & ATTACHED_PICTURE)


def start_s(stream: Any) -> Fraction:
    """Seconds of the container's time at which the stream begins, by its headers."""
    return Fraction(stream.start_time or 0) * Fraction(stream.time_base or 0)


def lengths_of(
    container: Any, streams: list[Any], starts: dict[int, Fraction], duration: Fraction
) -> dict[int, Fraction]:
    """Seconds of each stream by its index in the file, as the headers say or, where they do not, as its end shows."""
    if not container.format.name.startswith("matroska"):
        return declared(streams, duration)
    ends = {} if not streams or "DURATION" in streams[0].metadata else last_ends(container, streams, duration)
    return {s.index: matroska_length(s.metadata, starts[s.index], ends.get(s.index, duration)) for s in streams}


def declared(streams: list[Any], duration: Fraction) -> dict[int, Fraction]:
    """Seconds of each stream by its index in the file, or the file's own where its header does not say."""
    return {s.index: Fraction(s.duration or 0) * Fraction(s.time_base or 0) or duration for s in streams}


def rewind(container: Any) -> None:
    """Go back to the beginning after a scan; what cannot go back has no frame to show either."""
    import av  # noqa: PLC0415

    with suppress(av.error.FFmpegError):
        container.seek(0)


def last_ends(container: Any, streams: list[Any], duration: Fraction) -> dict[int, Fraction]:
    """Seconds at which each stream's last packets end; nothing when the file is cut off before its promised end."""
    import av  # noqa: PLC0415

    try:
        container.seek(int(duration * 1_000_000))
        ends = {index: last for index, (_, last) in spans(container, streams).items()}
    except av.error.FFmpegError:
        return {}
    return ends if max(ends.values(), default=Fraction(0)) >= duration - PROMISE_S else {}


def scan(container: Any, streams: list[Any]) -> dict[int, Fraction]:
    """Read the packets of all streams for durations that no header gives; seconds by the index in the file."""
    return {index: last - first for index, (first, last) in spans(container, streams).items()}


def spans(container: Any, streams: list[Any]) -> dict[int, tuple[Fraction, Fraction]]:
    """First and last instant, in seconds, of each stream's packets from where the container is."""
    seen: dict[int, tuple[int, int]] = {}
    for count, packet in enumerate(container.demux(streams) if streams else ()):
        if packet.pts is None or count > SCAN_LIMIT:
            continue
        end = packet.pts + (packet.duration or 0)
        first, last = seen.get(packet.stream.index, (packet.pts, end))
        seen[packet.stream.index] = min(first, packet.pts), max(last, end)
    ticks = {stream.index: Fraction(stream.time_base) for stream in streams}
    return {index: (first * ticks[index], last * ticks[index]) for index, (first, last) in seen.items()}


def describe_video(container: Any, stream: Any) -> dict[str, Any]:
    """Return VideoTrack's plain form but for its length; some facts only a decoded frame tells."""
    context = stream.codec_context
    if not context.width or context.width * context.height > int(MAX_PIXELS):
        return plain_video(stream, context.width, context.height, None)
    context.thread_count = 1  # the child may have no other
    frame = first_frame(container, stream)
    rotation = int(getattr(frame, "rotation", 0) or 0) % 360
    sar = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
    width, height = round(context.width * sar), context.height
    if rotation in {90, 270}:
        width, height = height, width
    return plain_video(stream, width, height, frame)


def plain_video(stream: Any, width: int, height: int, frame: Any) -> dict[str, Any]:
    """Collect the facts; `frame` is the first decoded one, or None when there is none to be had."""
    return {
        "codec": stream.codec_context.name,
        "width": width,
        "height": height,
        "frame_rate": str(rate_of(stream)),
        "start_pts": start_of(stream, frame),
        "time_base": str(stream.time_base),
        "pix_fmt": stream.codec_context.pix_fmt or "",
        "rotation": int(getattr(frame, "rotation", 0) or 0) % 360,
        "sar": str(Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)),
        "interlaced": bool(getattr(frame, "interlaced_frame", False)),
        "transfer": TRANSFERS.get(colour(frame, "color_trc"), ""),
        "tagged": colour(frame, "colorspace") != UNSPECIFIED,
        "wide": colour(frame, "color_primaries") == BT2020,
    }


def colour(frame: Any, name: str) -> int:
    """A code point of ISO/IEC 23091-2 of the first frame."""
    value = getattr(frame, name, None)
    return UNSPECIFIED if value is None else int(value)


UNSPECIFIED, BT2020 = 2, 9
TRANSFERS = {16: "smpte2084", 18: "arib-std-b67"}
"""Code points of ISO/IEC 23091-2 that need tone mapping."""


def first_frame(container: Any, stream: Any) -> Any:
    """Decode until the first picture; None when none comes out of the first packets."""
    import av  # noqa: PLC0415

    for count, packet in enumerate(container.demux(stream)):
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            frames = []
        if frames:
            return frames[0]
        if count > 500:  # noqa: PLR2004  a decoder that is silent for so long has nothing to say
            return None
    return None


def describe_audio(stream: Any, duration: Fraction) -> dict[str, Any]:
    """Return AudioTrack's plain form."""
    context = stream.codec_context
    return {
        "codec": context.name,
        "sample_rate": context.sample_rate or 0,
        "channels": context.channels if context.sample_rate else 0,
        "start_s": str(start_s(stream)),
        "duration_s": str(duration),
        "bitrate_kbps": round((context.bit_rate or 0) / 1000),
        "profile": str(stream.profile or ""),
        "unbroken": is_unbroken(stream),
        **describe_role(stream),
    }


def describe_subtitle(stream: Any) -> dict[str, Any]:
    """Return SubtitleTrack's plain form."""
    context = stream.codec_context
    return {
        "codec": context.name if context else "unknown",
        "forced": bool(int(stream.disposition) & FORCED),
        **describe_role(stream),
    }


if __name__ == "__main__":
    main()
