"""HLS playlists as values and text. R = draft-pantos-hls-rfc8216bis, A = Apple's authoring rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.domain.bandwidth import Bandwidth
    from chalicelib.domain.job import ChunkResult, Rendition

VERSION = 7
MIME = "application/vnd.apple.mpegurl"
_DECIMALS = 5
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True)
class Variant:
    """One EXT-X-STREAM-INF: a video rendition, or the audio alone when there is no picture."""

    uri: str
    bandwidth: Bandwidth
    codecs: tuple[str, ...]
    width: int = 0
    height: int = 0
    frame_rate: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class AudioRendition:
    """One EXT-X-MEDIA of type AUDIO, stereo. Of a group exactly one is the `default`, and no two share a name."""

    uri: str
    name: str
    language: str
    default: bool = True
    autoselect: bool = True
    """False for a second one in a language: a player may not take it unasked."""


@dataclass(frozen=True, slots=True)
class IFrameVariant:
    """One EXT-X-I-FRAME-STREAM-INF: a video rendition's key frames."""

    uri: str
    bandwidth: Bandwidth
    codec: str
    width: int
    height: int


def contiguous(results: Sequence[ChunkResult | None]) -> list[ChunkResult]:
    """The chunks from the first one on without a hole: all that may be announced."""
    prefix: list[ChunkResult] = []
    for result in results:
        if result is None:
            break
        prefix.append(result)
    return prefix


def media_playlist(chunks: Sequence[ChunkResult], *, target_s: int, ended: bool) -> str:
    """EVENT playlist (append-only, R) over byte ranges of chunk objects; EXT-X-ENDLIST when `ended`."""
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{VERSION}",
        f"#EXT-X-TARGETDURATION:{target_s}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:EVENT",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        *entries(chunks),
    ]
    if ended:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def entries(chunks: Sequence[ChunkResult]) -> Iterator[str]:
    """Yield the lines that list every segment: EXT-X-MAP where the header is a new one, duration, range, name.

    Durations are differences of rounded times, not rounded durations: over twelve hours of sound the latter would
    add up to more than a video frame (A8.1).
    """
    init, time, written = "", Fraction(0), Fraction(0)
    for chunk in chunks:
        if not chunk.segments:
            continue
        uri = chunk.key.rsplit("/", 1)[-1]
        if chunk.init_sha != init:
            init = chunk.init_sha
            yield f'#EXT-X-MAP:URI="{uri}",BYTERANGE="{chunk.init_size}@0"'
        for segment in chunk.segments:
            time += Fraction(segment.duration, chunk.timescale)
            duration = round(time, _DECIMALS) - written
            written += duration
            yield f"#EXTINF:{float(duration):.{_DECIMALS}f},"
            yield f"#EXT-X-BYTERANGE:{segment.size}@{segment.offset}"
            yield uri


def multivariant_playlist(
    variants: Sequence[Variant], audio: Sequence[AudioRendition] = (), iframes: Sequence[IFrameVariant] = ()
) -> str:
    """Multivariant playlist: the variants in the order given, sound in renditions of its own (A9.5)."""
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{VERSION}", "#EXT-X-INDEPENDENT-SEGMENTS"]
    lines += [_audio_line(rendition) for rendition in audio]
    for variant in variants:
        lines += [_variant_line(variant, grouped=bool(audio)), variant.uri]
    lines += [_iframe_line(variant) for variant in iframes]
    return "\n".join(lines) + "\n"


def _audio_line(audio: AudioRendition) -> str:
    return (
        f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="{quotable(audio.name)}",'
        f'LANGUAGE="{language_tag(audio.language)}",DEFAULT={_yes(audio.default)},'
        f'AUTOSELECT={_yes(audio.autoselect)},CHANNELS="2",URI="{audio.uri}"'
    )


def _variant_line(variant: Variant, *, grouped: bool) -> str:
    attributes = [*_bandwidths(variant.bandwidth), f'CODECS="{",".join(variant.codecs)}"']
    if variant.width:
        attributes.append(f"RESOLUTION={variant.width}x{variant.height}")
        attributes.append(f"FRAME-RATE={float(variant.frame_rate):.3f}")
    if grouped:
        attributes.append('AUDIO="audio"')
    return "#EXT-X-STREAM-INF:" + ",".join(attributes)


def _iframe_line(variant: IFrameVariant) -> str:
    attributes = [*_bandwidths(variant.bandwidth), f'CODECS="{variant.codec}"']
    attributes += [f"RESOLUTION={variant.width}x{variant.height}", f'URI="{variant.uri}"']
    return "#EXT-X-I-FRAME-STREAM-INF:" + ",".join(attributes)


def _bandwidths(bandwidth: Bandwidth) -> list[str]:
    return [f"BANDWIDTH={bandwidth.peak}", f"AVERAGE-BANDWIDTH={bandwidth.average}"]


def _yes(value: bool) -> str:  # noqa: FBT001  the one argument there is
    return "YES" if value else "NO"


def quotable(text: str) -> str:
    """Return text that fits between quotes on one line (R 4.2): names come out of people's files."""
    return "".join("'" if c == '"' else c if c.isprintable() else " " for c in text)


def language_tag(text: str) -> str:
    """Return `text` if it has the shape of a language tag (RFC 5646), else `und`: files may say anything there."""
    return text if _LANGUAGE.fullmatch(text) else "und"


def expected_codec(rendition: Rendition) -> str:
    """What the encoder will write, for a rung that has not begun: AAC-LC, or H.264 High at the level its size needs."""
    if rendition.kind == "audio":
        return "mp4a.40.2"
    macroblocks = -(-rendition.width // 16) * -(-rendition.height // 16)
    rate = macroblocks * rendition.frame_rate
    for level, frame, second in _LEVELS:
        if macroblocks <= frame and rate <= second:
            return f"avc1.6400{level:02X}"
    return "avc1.640033"


_LEVELS = (
    (30, 1620, 40_500),
    (31, 3600, 108_000),
    (32, 5120, 216_000),
    (40, 8192, 245_760),
    (42, 8704, 522_240),
    (50, 22_080, 589_824),
)
"""H.264 table A-1: level x 10, macroblocks a frame, macroblocks a second."""
