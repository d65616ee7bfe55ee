"""The still that stands for a recording: FFmpeg commands that make one, the most promising first."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from chalicelib.domain.encoding import ENCODER_BUILD, input_options, seek_options
from chalicelib.domain.jpeg import AS_JPEG, UNTOLD_AS_JPEG, jpeg_options
from chalicelib.domain.keys import address
from chalicelib.domain.ladder import fit
from chalicelib.domain.pictures import seconds, size_chain, source_chain

if TYPE_CHECKING:
    from chalicelib.domain.job import JobPlan
    from chalicelib.domain.media import SourceMedia, VideoTrack

POSTER_TYPE = "image/jpeg"
BOX = (1280, 720)
"""Pixels, turned for portrait pictures; nothing is enlarged."""
_RECIPE = 1
"""Raise it when a poster comes out differently."""
_AT_MOST_S = 30
_WINDOW_S = 20
_FRAMES = 50
_FPS = 10
_DARK = 28
"""Mean luma (16 is black): title cards in white on black lie above, fades lie below."""
_QUALITY = 3
_LABEL = "[still]"
_GROUND = "0x0a1517"
"""The stage of the player, on light pages and on dark ones."""
_BARS = "0x6cc3c8"
_BAR, _GAP, _COUNT, _HEIGHT = 7, 5, 96, 180
"""Pixels, pixels, bars, and the height of the loudest in half pixels."""


def poster_tag() -> str:
    """Address of how posters are made."""
    return address({"recipe": _RECIPE, "build": ENCODER_BUILD, "box": BOX}, 8)


def poster_commands(plan: JobPlan, *, url: str, output: str) -> list[list[str]]:
    """Arguments (without the program), best first: the first that writes a picture has made the poster.

    Of a picture: the most typical of 50 frames a tenth in that are not dark, then any, then the first. Of sound
    alone: its cover, else its waveform.
    """
    video = plan.media.video
    if video is None:
        sound = plan.media.audio.index if plan.media.audio else 0
        return [_command(plan, [], graph, url, output) for graph in (_cover(), _waveform(sound))]
    at = plan.media.lead_s + min(video.duration_s / 10, Fraction(_AT_MOST_S))
    seek = seek_options(plan, at)
    light = _picture(plan.media, video, at, light=True)
    any_ = _picture(plan.media, video, at, light=False)
    return [
        _command(plan, seek, light, url, output),
        _command(plan, seek, any_, url, output),
        _command(plan, [], _first(plan.media, video), url, output),
    ]


def _command(plan: JobPlan, seek: list[str], graph: str, url: str, output: str) -> list[str]:
    return [
        *("-y", "-v", "error", "-nostdin", "-progress", "pipe:1", "-stats_period", "0.5", "-reinit_filter", "0"),
        *input_options(plan.media, url),
        *seek,
        *("-i", url, "-filter_complex", f"{graph}{_LABEL}", "-map", _LABEL, "-map_metadata", "-1"),
        *jpeg_options(_QUALITY),
        output,
    ]


def _picture(media: SourceMedia, video: VideoTrack, at: Fraction, *, light: bool) -> str:
    width, height = fit(video.width, video.height, *BOX)
    chain = [
        *source_chain(media, video),
        f"trim=start={seconds(at)}:end={seconds(at + _WINDOW_S)}",
        f"fps={_FPS}",
        *size_chain(video, width, height),
    ]
    if light:
        chain.append(f"signalstats,metadata=select:key=lavfi.signalstats.YAVG:value={_DARK}:function=greater")
    return "[0:V:0]" + ",".join([*chain, f"thumbnail=n={_FRAMES}", AS_JPEG])


def _first(media: SourceMedia, video: VideoTrack) -> str:
    """The first picture, whatever it is; `fps` would drop one that is alone and short."""
    width, height = fit(video.width, video.height, *BOX)
    return "[0:V:0]" + ",".join([*source_chain(media, video), *size_chain(video, width, height), AS_JPEG])


def _cover() -> str:
    """What the file carries as its cover, made to fit."""
    width, height = BOX
    shrink = f"scale=w=min(iw\\,{width}):h=min(ih\\,{height}):force_original_aspect_ratio=decrease"
    return f"[0:v:0]{shrink}:force_divisible_by=2,setsar=1,{UNTOLD_AS_JPEG}"


def _waveform(sound: int) -> str:
    """The whole recording as 96 bars. Levels are taken at 400 a second, in large frames: showwavespic keeps all."""
    width, height = BOX
    step = _BAR + _GAP
    wide, tall = _COUNT * step, 2 * _HEIGHT
    level = "aformat=channel_layouts=mono,aresample=8000,aeval=abs(val(0)):c=same,aresample=400,asetnsamples=4096:p=0"
    bars = f"showwavespic=s={_COUNT}x{_HEIGHT}:split_channels=0:colors={_BARS}:filter=peak:scale=sqrt:draw=full"
    place = f"{width}:{height}:{(width - wide) // 2}:{(height - tall) // 2}:color={_GROUND}"
    return (
        f"[0:a:{sound}]{level},{bars},format=rgba[w];color=c={_GROUND}:s={_COUNT}x{_HEIGHT}:d=1[g];[g][w]overlay=format=auto,"
        f"scale={wide}:{tall}:flags=neighbor,drawgrid=w={step}:h=0:t={_GAP}:c={_GROUND},pad={place},setsar=1,{UNTOLD_AS_JPEG}"
    )
