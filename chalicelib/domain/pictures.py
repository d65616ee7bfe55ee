"""The filter graph from decoded frames to the frames of each rendition: what rungs share is done once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.storyboard import KIND, sprite_filters, tile_filters
from chalicelib.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence
    from fractions import Fraction

    from chalicelib.domain.job import Rendition
    from chalicelib.domain.media import SourceMedia, VideoTrack

_HDR = {"smpte2084", "arib-std-b67"}
_HD_LINES = 720


def seconds(value: Fraction) -> str:
    """Decimal text with microseconds, as FFmpeg's options take it."""
    return f"{float(value):.6f}"


def output_label(index: int) -> str:
    """Name of the graph's output for the rendition at `index`."""
    return f"[v{index}]"


def filter_graph(media: SourceMedia, renditions: Sequence[Rendition], start: Fraction, tiles: int = 0) -> str:
    """Graph for `-filter_complex`: frames from `start` seconds on, one labelled output per rendition, in their order.

    One `fps` for all rungs of a rate and one `scale` (with tone mapping behind it) for all of a size: each
    rendition gets exactly the frames it would get alone. A storyboard becomes one picture of `tiles` segments.
    """
    video = media.video
    if video is None:
        raise Permanent("plan_without_video", "A video task on a recording without video.")
    rates = _grouped(range(len(renditions)), lambda i: renditions[i].frame_rate)
    labels = [f"[r{r}]" for r in range(len(rates))]
    parts = ["[0:V:0]" + _fan_out(source_chain(media, video), labels)]
    for label, members in zip(labels, rates, strict=True):
        sizes = _grouped(members, lambda i: (renditions[i].kind, renditions[i].width, renditions[i].height))
        sized = [f"{label[:-1]}s{s}]" for s in range(len(sizes))]
        parts.append(label + _fan_out(_rate_chain(renditions[members[0]], start), sized))
        for name, alike in zip(sized, sizes, strict=True):
            chain = _output_chain(video, renditions[alike[0]], tiles)
            parts.append(name + _fan_out(chain, [output_label(i) for i in alike]))
    return ";".join(parts)


def _grouped(indices: Iterable[int], key: Callable[[int], Hashable]) -> list[list[int]]:
    """Indices with equal keys together, in order of first appearance."""
    groups: dict[Hashable, list[int]] = {}
    for index in indices:
        groups.setdefault(key(index), []).append(index)
    return list(groups.values())


def _fan_out(chain: list[str], labels: list[str]) -> str:
    split = [f"split={len(labels)}"] if len(labels) > 1 else []
    return ",".join([*chain, *split]) + "".join(labels)


def source_chain(media: SourceMedia, video: VideoTrack) -> list[str]:
    """Whole frames on our timeline, the last one repeated for as long as sound goes on."""
    chain = ["bwdif=mode=send_frame:deint=interlaced"] if video.interlaced else []
    chain.append(f"setpts=PTS-{video.start_pts - round(media.lead_s / video.time_base)}")
    if media.hold_s > 0:
        chain.append(f"tpad=stop_mode=clone:stop_duration={seconds(media.hold_s)}")
    return chain


def _rate_chain(rendition: Rendition, start: Fraction) -> list[str]:
    return [f"fps=fps={rendition.frame_rate}:start_time={seconds(start)}:round=near"]


def _output_chain(video: VideoTrack, rendition: Rendition, tiles: int) -> list[str]:
    sized = size_chain(video, rendition.width, rendition.height)
    if rendition.kind != KIND:
        return sized
    return [*tile_filters(rendition.frames_per_segment), *sized, *sprite_filters(tiles)]


def size_chain(video: VideoTrack, width: int, height: int) -> list[str]:
    """Filters to a size of that shape in BT.709, and saying so: players guess the matrix of a small picture wrong."""
    size = f"scale={width}:{height}:flags=bicubic"
    if video.transfer in _HDR:
        missing = [] if video.tagged else ["setparams=color_primaries=bt2020:colorspace=bt2020nc"]
        # npl 203 cd/m² is BT.2408's reference white; mobius came closest to the SDR original (ENCODING §4).
        tone = "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=mobius:desat=0"
        colours = [f"{size}:out_range=tv", *missing, tone, "zscale=t=bt709:m=bt709:r=tv"]
    elif video.wide:
        known = "setparams=color_primaries=bt2020:color_trc=bt709:colorspace=bt2020nc"
        colours = [f"{size}:out_range=tv", known, "zscale=p=bt709:t=bt709:m=bt709:r=tv"]
    else:
        matrix = "auto" if video.tagged else _usual_matrix(video)
        colours = [f"{size}:in_color_matrix={matrix}:out_color_matrix=bt709:out_range=tv"]
        colours.append("setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709")
    return [*colours, "setsar=1,format=yuv420p"]


def _usual_matrix(video: VideoTrack) -> str:
    """What a picture that does not say is coded by: BT.709 from 720 lines on, BT.601 below."""
    return "bt709" if min(video.width, video.height) >= _HD_LINES else "bt601"
