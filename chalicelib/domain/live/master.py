"""A stream's multivariant playlist: while it is on from its ladder's ceilings, once it is over from what was sent."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from chalicelib.domain.bandwidth import Bandwidth, combine, measure
from chalicelib.domain.iframes import key_frames
from chalicelib.domain.live.keys import live_iframes_key, live_playlist_key, recording_playlist_key
from chalicelib.domain.live.ladder import BUFFER, COPY_AT_FIRST, COPY_LATER, RATE
from chalicelib.domain.live.playlists import as_chunks
from chalicelib.domain.playlist import AudioRendition, IFrameVariant, Variant, expected_codec, multivariant_playlist
from chalicelib.domain.presentation import nearest_first

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chalicelib.domain.job import Rendition
    from chalicelib.domain.live.packaged import PackagedSegment
    from chalicelib.domain.live.state import LiveState

_CONTAINER = Fraction("1.02")
_FULL = Fraction("0.9")
"""Of its buffer, that x264 begins with."""
_AVERAGE_SLACK = Fraction("1.1")
"""How much more than declared the average over an hour may be (A1.28)."""
_PEAK_SLACK = Fraction("1.25")
"""The same of a peak (A1.29)."""
_SOUND = Fraction("1.1")


def ceilings(rendition: Rendition, target_s: int) -> Bandwidth:
    """What to declare of a rendition whose content nobody knows yet.

    Enough for pictures that are never easier than the encoder's rate control allows, and for a source that is passed
    through as long as it may be. The shorter the segments, the more a full buffer at the start of each weighs.
    """
    bps = rendition.bitrate_kbps * 1000
    if rendition.kind != "video":
        return Bandwidth(int(bps * _SOUND), int(bps * _SOUND))
    spent = (RATE + BUFFER * _FULL / target_s) * _CONTAINER
    copied = COPY_LATER * _CONTAINER
    average = max(spent / _AVERAGE_SLACK, COPY_AT_FIRST * _CONTAINER / _AVERAGE_SLACK)
    return Bandwidth(int(bps * max(spent, copied / _PEAK_SLACK)), int(bps * average))


def live_master(state: LiveState) -> str:
    """Multivariant playlist of a stream that is on; "" while nothing can be played."""
    if not state.playable:
        return ""
    bandwidths = {rendition.id: ceilings(rendition, state.window.target_s) for rendition in state.renditions}
    return _Master(state, live_playlist_key, bandwidths, state.codecs).text()


def recording_master(state: LiveState, segments: Sequence[PackagedSegment]) -> str:
    """Multivariant playlist of a stream that is over, with its key frames; "" when there is nothing of it."""
    target_s = state.window.target_s
    made = {r.id: as_chunks(segments, r.id, target_s) for r in state.renditions}
    made = {name: chunks for name, chunks in made.items() if chunks}
    if not made:
        return ""
    bandwidths = {name: measure(chunks, target_s) for name, chunks in made.items()}
    codecs = {name: max(chunk.codec for chunk in chunks) for name, chunks in made.items()}
    cut = {name: key_frames(chunks) for name, chunks in made.items()}
    frames = {name: measure(chunks, target_s) for name, chunks in cut.items() if chunks}
    return _Master(state, recording_playlist_key, bandwidths, codecs).text(frames)


@dataclass(frozen=True, slots=True)
class _Master:
    """The entries of one stream's multivariant playlist: of the renditions whose bandwidth is given."""

    state: LiveState
    key: Callable[[str, str], str]
    """Of a media playlist, by recording and rendition."""
    bandwidths: Mapping[str, Bandwidth]
    codecs: Mapping[str, str]

    def text(self, frames: Mapping[str, Bandwidth] | None = None) -> str:
        """All rungs, the one to start with first, then the sound by itself (ADR 5); `frames`: key frames, by rung."""
        rungs = [rung for rung in self.state.video if rung.id in self.bandwidths]
        sound = self.state.audio if self.state.audio and self.state.audio.id in self.bandwidths else None
        variants = nearest_first([self._variant(rung, sound) for rung in rungs])
        group = list[AudioRendition]()
        if sound is not None:
            variants.append(Variant(self._uri(sound), self.bandwidths[sound.id], (self._codec(sound),)))
            group = [AudioRendition(self._uri(sound), sound.name, sound.language)] if rungs else []
        iframes = [self._iframes(rung, frames[rung.id]) for rung in rungs if frames and rung.id in frames]
        return multivariant_playlist(variants, group, iframes)

    def _variant(self, rung: Rendition, sound: Rendition | None) -> Variant:
        return Variant(
            uri=self._uri(rung),
            bandwidth=combine(self.bandwidths[rung.id], [self.bandwidths[sound.id]] if sound else []),
            codecs=tuple(self._codec(rendition) for rendition in (rung, sound) if rendition),
            width=rung.width,
            height=rung.height,
            frame_rate=rung.frame_rate,
        )

    def _iframes(self, rung: Rendition, bandwidth: Bandwidth) -> IFrameVariant:
        uri = "/" + live_iframes_key(self.state.recording_id, rung.id)
        return IFrameVariant(uri, bandwidth, self._codec(rung), rung.width, rung.height)

    def _codec(self, rendition: Rendition) -> str:
        return self.codecs.get(rendition.id) or expected_codec(rendition)

    def _uri(self, rendition: Rendition) -> str:
        """Absolute path: the API and the CDN answer on one origin."""
        return "/" + self.key(self.state.recording_id, rendition.id)
