"""One timeline for picture and sound: from the first of either to the last."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from chalicelib.domain.ladder import standard_rate

if TYPE_CHECKING:
    from chalicelib.domain.media import SourceMedia

NOTICED_S = Fraction(1, 5)
"""Less sound than this before the first or after the last picture is an encoder's padding."""


def settled(media: SourceMedia) -> SourceMedia:
    """Return the media with the timeline that holds all of its sound.

    The first picture stands from the beginning on where sound comes first, and the last one stays where sound goes
    on: in HLS both are of one length (A8.3), and nobody should miss what was said.
    """
    tracks = [track for track in media.audios if track.duration_s > 0]
    if not tracks:
        return media
    first = min(track.start_s for track in tracks)
    last = max(track.start_s + track.duration_s for track in tracks)
    video = media.video
    if video is None:
        return replace(media, duration_s=last - first) if len(tracks) > 1 else media
    lead = _lead(video.start_s - first, standard_rate(video.frame_rate))
    hold = last - video.start_s - video.duration_s
    return replace(media, lead_s=lead, duration_s=lead + video.duration_s + (hold if hold > NOTICED_S else 0))


def _lead(early: Fraction, rate: Fraction) -> Fraction:
    """Whole frames of the source, so that every picture keeps its place in the grid of frames."""
    return Fraction(ceil(early * rate)) / rate if early > NOTICED_S else Fraction(0)
