"""The FFmpeg command for a sound track: whole, in one process, and without holes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.encoding import input_options
from chalicelib.domain.pictures import seconds

if TYPE_CHECKING:
    from chalicelib.domain.job import JobPlan, Rendition
    from chalicelib.domain.media import AudioTrack, SourceMedia

_MUX_FLAGS = "+cmaf+empty_moov+default_base_moof+frag_discont+skip_trailer"
_RATE = "48000"
# The priming packet has a negative time, which tfdt cannot hold; without it the first picture and sound agree.
_DROP = "noise=amount=0:drop=lt(pts\\,0)"


def audio_command(plan: JobPlan, rendition: Rendition, *, url: str) -> list[str]:
    """Arguments that write the whole audio rendition to standard output as fragments of one segment each.

    Whole, in one process: every encoder start costs 1024 priming samples, audible at each join.
    """
    media = plan.media
    track = next(track for track in media.audios if track.index == rendition.track)
    source = ["-map", f"0:a:{track.index}", "-vn", "-sn", "-dn"]
    if rendition.copy:
        zero = f"setts=ts=TS-{seconds(media.start_s)}/TB"
        sound = [*source, "-c:a", "copy", "-bsf:a", f"{zero},{_DROP}"]
    else:
        sound = [*_levelled(media, track, source), *_continuous(media), "-c:a", "aac"]
        sound += ["-b:a", f"{rendition.bitrate_kbps}k", "-bsf:a", _DROP]
    return [
        *("-y", "-v", "error", "-nostdin"),
        *("-max_error_rate", "1"),  # damaged sound is silent where nothing can be decoded, and no reason to give up
        *input_options(media, url),
        *("-i", url, *sound, "-map_metadata", "-1", "-map_chapters", "-1"),
        *("-avoid_negative_ts", "disabled", "-use_editlist", "0", "-write_btrt", "0"),
        *("-f", "mp4", "-movflags", _MUX_FLAGS),
        *("-frag_duration", str(int(plan.segment_s * 1_000_000)), "-flush_packets", "1", "pipe:1"),
    ]


def _levelled(media: SourceMedia, track: AudioTrack, source: list[str]) -> list[str]:
    """First pass: 48 kHz stereo on our timeline, whatever comes.

    FFmpeg builds this graph anew whenever the source changes its layout or rate, as broadcasts do between programmes,
    so it must hold nothing that counts. More than two channels are mixed so that no sum can clip, which costs level.
    Mono is heard at its level in both ears; FFmpeg would take 3 dB away.
    """
    mono = "aformat=channel_layouts=mono,pan=stereo|c0=c0|c1=c0," if track.channels == 1 else ""
    shape = f"{mono}aresample={_RATE},aformat=sample_fmts=flt:channel_layouts=stereo"
    zero = f"asetpts=PTS-{seconds(media.start_s)}/TB"
    return [*source, "-af", f"{zero},{shape}", "-c:a", "pcm_f32le", "-f", "null", "-"]


def _continuous(media: SourceMedia) -> list[str]:
    """Second pass, over what the first one made: from the timeline's zero to its end, gaps filled with silence."""
    chain = [f"aresample={_RATE}:async=1:first_pts=0"]
    if media.video is not None or len(media.audios) > 1:
        length = seconds(media.duration_s)
        chain += [f"apad=whole_dur={length}", f"atrim=end={length}"]
    return ["-dec", "0:0", "-filter_complex", f"[dec:0]{','.join(chain)}[sound]", "-map", "[sound]"]
