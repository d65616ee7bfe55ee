"""A stream's multivariant playlist: while it is on from its ladder's ceilings, once it is over from what was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.bandwidth import Bandwidth, combine, measure
from chalicelib.domain.iframes import key_frames
from chalicelib.domain.live.keys import live_iframes_key, live_playlist_key, recording_playlist_key
from chalicelib.domain.live.playlists import as_chunks
from chalicelib.domain.playlist import AudioRendition, IFrameVariant, Variant, expected_codec, multivariant_playlist
from chalicelib.domain.presentation import nearest_first

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chalicelib.domain.job import ChunkResult, Rendition
    from chalicelib.domain.live.packaged import PackagedSegment
    from chalicelib.domain.live.state import LiveState

_PEAK_BPS = 1300
_AVERAGE_BPS = 1050
"""Declared for each kbit/s of a rung. Every live segment is encoded by itself, so that each may begin with a full
buffer: up to 1.55 times the ceiling within one, 1.1 times over an hour, and a hundredth for the container. Measured
peaks stay below 125 %, averages below 110 % of what is declared (A1.28, A1.29)."""
_SOUND_PEAK_BPS = 1100


def ceilings(rendition: Rendition) -> Bandwidth:
    """What to declare of a rendition whose content nobody knows yet."""
    peak = _PEAK_BPS if rendition.kind == "video" else _SOUND_PEAK_BPS
    return Bandwidth(rendition.bitrate_kbps * peak, rendition.bitrate_kbps * _AVERAGE_BPS)


def live_master(state: LiveState) -> str:
    """Multivariant playlist of a stream that is on; "" while nothing can be played."""
    if not state.playable:
        return ""
    return _Master(state, live_playlist_key, {r.id: ceilings(r) for r in state.renditions}).text()


def recording_master(state: LiveState, segments: Sequence[PackagedSegment]) -> str:
    """Multivariant playlist of a stream that is over, with its key frames; "" when there is nothing of it."""
    target_s = state.window.target_s
    chunks = {r.id: as_chunks(segments, r.id, target_s) for r in state.renditions}
    if not any(chunks.values()):
        return ""
    bandwidths = {name: measure(made, target_s) for name, made in chunks.items()}
    master = _Master(state, recording_playlist_key, bandwidths)
    return master.text([frames for rung in state.video if (frames := _iframes(state, rung, chunks[rung.id]))])


def _iframes(state: LiveState, rung: Rendition, chunks: Sequence[ChunkResult]) -> IFrameVariant | None:
    cut = key_frames(chunks)
    if not cut:
        return None
    uri, bandwidth = live_iframes_key(state.recording_id, rung.id), measure(cut, state.window.target_s)
    return IFrameVariant(f"/{uri}", bandwidth, state.codecs[rung.id], rung.width, rung.height)


@dataclass(frozen=True, slots=True)
class _Master:
    """The entries of one stream's multivariant playlist."""

    state: LiveState
    key: Callable[[str, str], str]
    """Of a media playlist, by recording and rendition."""
    bandwidths: Mapping[str, Bandwidth]

    def text(self, iframes: Sequence[IFrameVariant] = ()) -> str:
        """All rungs, the one to start with first, then the sound by itself (ADR 5)."""
        sound, rungs = self.state.audio, self.state.video
        variants = nearest_first([self._variant(rung, sound) for rung in rungs])
        group = list[AudioRendition]()
        if sound is not None:
            variants.append(Variant(self._uri(sound), self.bandwidths[sound.id], (self._codec(sound),)))
            group = [AudioRendition(self._uri(sound), sound.name, sound.language)] if rungs else []
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

    def _codec(self, rendition: Rendition) -> str:
        return self.state.codecs.get(rendition.id) or expected_codec(rendition)

    def _uri(self, rendition: Rendition) -> str:
        """Absolute path: the API and the CDN answer on one origin."""
        return "/" + self.key(self.state.recording_id, rendition.id)
