"""FFmpeg commands that package one ingested segment, each segment by itself. LIVE §4 and ADR 8 have the measurements.

All times stay those of the encoder: what is made of a segment begins exactly where what is made of the one before ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from chalicelib.domain.encoding import crf, video_timescale
from chalicelib.domain.live.ladder import BUFFER, RATE
from chalicelib.domain.live.stream import Container
from chalicelib.domain.pictures import seconds, size_chain

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from chalicelib.domain.job import Rendition
    from chalicelib.domain.live.inspection import Picture

PACKAGER_BUILD = "live-ffmpeg-9.0.2/1"
"""Binary and command version: part of every rendition's address. Raise the number when a command changes."""
PRESET = "superfast"
MAX_WIDTH, MAX_HEIGHT = 4096, 2304
MAX_PIXELS = MAX_WIDTH * MAX_HEIGHT
WRAP_S = Fraction(2**33, 90_000)
"""Seconds after which the clock of MPEG-TS begins anew."""
UNCUT_OVER_S = Fraction("0.4")
"""How much longer than the target duration a segment may be that is not cut; playlists allow 0.49 (R 4.4.3.1)."""
_UNEVEN_S = Fraction("0.1")
"""How much longer than the picture the sound may be without another part for it."""
_DEMUXERS = {Container.FMP4: "mov", Container.MPEGTS: "mpegts"}
_MUX_FLAGS = "+cmaf+delay_moov+default_base_moof+frag_discont+negative_cts_offsets+skip_trailer"
AAC_FRAME = 1024
"""Samples."""
SILENCE_RATE = 48_000
_WHOLE, _AT_KEY_FRAMES, _FINE = "+frag_custom", "+frag_keyframe", ""
"""Where a fragment ends: nowhere (left alone, FFmpeg would take key frames), at key frames, every 0.1 s."""
_FINE_US = 100_000
_AQ_STRENGTH = "0.5"
_NEVER = "99999"


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the parts of a segment begin and its last one ends: seconds in the encoder's clock, two or more."""

    times: tuple[Fraction, ...]

    @property
    def parts(self) -> int:
        """How many."""
        return len(self.times) - 1

    @classmethod
    def of(cls, start_s: Fraction, duration_s: Fraction, longest_s: Fraction, target_s: int) -> Cut:
        """Parts of equal length when the longest rendition is too long for a playlist, else one."""
        count = 1 if longest_s <= target_s + UNCUT_OVER_S else -(-longest_s // (target_s + _UNEVEN_S))
        return cls(tuple(start_s + duration_s * i / count for i in range(count + 1)))


def fence(container: Container) -> list[str]:
    """Options before an input: the one demuxer that was promised, and nothing but a file on our disk."""
    return [
        *("-protocol_whitelist", "file"),
        *("-format_whitelist", _DEMUXERS[container]),
        *("-max_pixels", str(MAX_PIXELS)),
        *("-f", _DEMUXERS[container]),
    ]


def remux_command(
    container: Container, *, source: str, picture: str, sound: str, shift_s: Fraction = Fraction(0)
) -> list[str]:
    """Arguments (without the program) that copy picture and sound into a CMAF file each, one fragment in it.

    `shift_s` is added to all times: for those before zero, which CMAF cannot say.
    """
    return [*_input(container, source, shift_s), *_picture_copy(picture), *_sound_copy(sound)]


def sound_command(container: Container, *, source: str, sound: str, shift_s: Fraction = Fraction(0)) -> list[str]:
    """The same of the sound alone, in fragments so small that they can be put together to parts."""
    return [*_input(container, source, shift_s), *_sound_copy(sound, _FINE)]


def streams_command(container: Container, *, source: str) -> list[str]:
    """Arguments that list on standard output which streams a file has (`#codec_id 0: h264`), without muxing any."""
    return [*_input(container, source), "-map", "0:v?", "-map", "0:a?", "-c", "copy", "-f", "framecrc", "pipe:1"]


def _input(container: Container, source: str, shift_s: Fraction = Fraction(0)) -> list[str]:
    shift = ["-itsoffset", seconds(shift_s)] if shift_s else []
    # -copyts, frag_discont and avoid_negative_ts belong together: without any of them tfdt begins at 0 (LIVE §4).
    return ["-y", "-v", "error", "-nostdin", *fence(container), "-copyts", *shift, "-i", source]


def _picture_copy(output: str) -> list[str]:
    return ["-map", "0:V:0", "-c", "copy", *_muxer(output)]


def _sound_copy(output: str, fragments: str = _WHOLE) -> list[str]:
    # ADTS headers go; so do packets before zero, the encoder's run-up, which tfdt could not place.
    filters = "aac_adtstoasc,noise=amount=0:drop=lt(pts\\,0)"
    return ["-map", "0:a?", "-c", "copy", "-bsf:a", filters, *_muxer(output, fragments)]


def _muxer(output: str, fragments: str = _WHOLE) -> list[str]:
    """CMAF. delay_moov: the configuration of sound from ADTS comes with its first packet; without it players fail."""
    fine = ["-frag_duration", str(_FINE_US)] if fragments == _FINE else []
    return [
        *("-map_metadata", "-1", "-map_chapters", "-1", "-avoid_negative_ts", "disabled", "-use_editlist", "0"),
        *("-write_btrt", "0", *fine, "-f", "mp4", "-movflags", _MUX_FLAGS + fragments, output),
    ]


def encode_command(
    seen: Picture, rungs: Sequence[Rendition], cut: Cut, *, source: str, outputs: Sequence[str], threads: int
) -> list[str]:
    """Arguments that encode a remuxed picture to all rungs at once: decoded once, each output one CMAF file.

    One fragment for each part, the first frame of each an IDR.
    """
    arguments = ["-y", "-v", "error", "-nostdin", "-reinit_filter", "0", *fence(Container.FMP4), "-copyts"]
    arguments += ["-i", source, "-filter_complex", _graph(seen, rungs)]
    for index, (rung, output) in enumerate(zip(rungs, outputs, strict=True)):
        arguments += ["-map", _label(index), "-fps_mode", "passthrough", *_encoder(rung, threads)]
        if cut.parts > 1:
            arguments += ["-force_key_frames", _key_times(seen, rung, cut)]
        arguments += ["-video_track_timescale", str(video_timescale(rung.frame_rate))]
        arguments += _muxer(output, _AT_KEY_FRAMES if cut.parts > 1 else _WHOLE)
    return arguments


def _encoder(rung: Rendition, threads: int) -> list[str]:
    """Capped CRF without B-frames (ADR 8)."""
    return [
        *("-c:v", "libx264", "-preset", PRESET, "-profile:v", "high", "-pix_fmt", "yuv420p", "-threads", str(threads)),
        *("-g", _NEVER, "-sc_threshold", "0", "-bf", "0"),
        *("-crf", str(crf(rung)), "-aq-strength", _AQ_STRENGTH),
        *("-maxrate", f"{int(rung.bitrate_kbps * RATE)}k", "-bufsize", f"{int(rung.bitrate_kbps * BUFFER)}k"),
        *("-color_range", "tv"),
    ]


def silence_command(cut: Cut, *, output: str) -> list[str]:
    """Arguments that make a segment's length of silence, on a grid of its own: segments need not know of each other."""
    first, end = (floor(time * SILENCE_RATE / AAC_FRAME + Fraction(1, 2)) for time in (cut.times[0], cut.times[-1]))
    # The encoder's run-up, one frame, is silence as well: it takes the first place.
    start = Fraction((first + 1) * AAC_FRAME, SILENCE_RATE)
    return [
        *("-y", "-v", "error", "-nostdin", "-f", "lavfi", "-i", f"anullsrc=r={SILENCE_RATE}:cl=stereo"),
        *("-output_ts_offset", seconds(start), "-c:a", "aac", "-b:a", "32k", "-frames:a", str(end - first)),
        *_muxer(output, _FINE if cut.parts > 1 else _WHOLE),
    ]


def place_of(seen: Picture, rate: Fraction, time_s: Fraction) -> int:
    """Number of the frame, at a rung's rate, that a moment of the encoder's clock becomes."""
    shifted = time_s + Fraction(_shift_ticks(seen, rate), seen.timescale)
    return floor(shifted * rate + Fraction(1, 2))


def _shift_ticks(seen: Picture, rate: Fraction) -> int:
    """Ticks by which times are moved before they are rounded to a rung's frames: a quarter of one.

    From 60 to 30 fps every other frame is right between two of the rung's. Times that were rounded to milliseconds
    on their way (RTMP) would fall now here, now there; moved, those of all usual pairs of rates keep off the middle.
    """
    return round(Fraction(seen.timescale) / (4 * rate))


def _key_times(seen: Picture, rung: Rendition, cut: Cut) -> str:
    """Moments just before the frames that begin a part: the first frame at or after each becomes a key frame."""
    places = [place_of(seen, rung.frame_rate, time) for time in cut.times[1:-1]]
    return ",".join(seconds((place - Fraction(1, 4)) / rung.frame_rate) for place in places)


def _graph(seen: Picture, rungs: Sequence[Rendition]) -> str:
    """One `fps` for all rungs of a rate and one `scale` for all of a size.

    `fps` takes the frames of its own grid from the encoder's clock: segments need not know of each other. The first
    frame is told its time: FFmpeg's demuxer moves pictures with B-frames, by as much as there are in the file.
    """
    rates = _grouped(range(len(rungs)), lambda i: rungs[i].frame_rate)
    labels = [f"[r{r}]" for r in range(len(rates))]
    source = [f"setpts=PTS-STARTPTS+{seen.start}"]
    if seen.interlaced:
        # It counts in half ticks from then on.
        source += ["bwdif=mode=send_frame:deint=interlaced", f"settb=1/{seen.timescale}"]
    parts = ["[0:v:0]" + _fan_out(source, labels)]
    for label, members in zip(labels, rates, strict=True):
        rate = rungs[members[0]].frame_rate
        sizes = _grouped(members, lambda i: (rungs[i].width, rungs[i].height))
        sized = [f"{label[:-1]}s{s}]" for s in range(len(sizes))]
        shift = _shift_ticks(seen, rate)
        timed = [*([f"setpts=PTS+{shift}"] if shift else []), f"fps=fps={rate}:round=near"]
        parts.append(label + _fan_out(timed, sized))
        for name, alike in zip(sized, sizes, strict=True):
            first = rungs[alike[0]]
            parts.append(name + _fan_out(size_chain(seen.track, first.width, first.height), map(_label, alike)))
    return ";".join(parts)


def _label(index: int) -> str:
    return f"[v{index}]"


def _grouped(indices: Iterable[int], key: Callable[[int], Hashable]) -> list[list[int]]:
    """Indices with equal keys together, in order of first appearance."""
    groups: dict[Hashable, list[int]] = {}
    for index in indices:
        groups.setdefault(key(index), []).append(index)
    return list(groups.values())


def _fan_out(chain: list[str], labels: Iterable[str]) -> str:
    outputs = [*labels]
    split = [f"split={len(outputs)}"] if len(outputs) > 1 else []
    return ",".join([*chain, *split]) + "".join(outputs)
