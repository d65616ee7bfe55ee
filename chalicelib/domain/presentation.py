"""What a job's multivariant playlist says at any moment of its encoding."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from chalicelib.domain.bandwidth import Bandwidth, combine, declared, measure
from chalicelib.domain.iframes import key_frames
from chalicelib.domain.keys import iframes_key, playlist_key
from chalicelib.domain.playlist import AudioRendition, IFrameVariant, Variant, expected_codec, multivariant_playlist

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chalicelib.domain.job import ChunkResult, Job, JobPlan, Rendition

_FIRST_BPS = 2_000_000
"""What a player without a measurement of its own starts with (A1.32)."""


def target_duration(plan: JobPlan) -> int:
    """EXT-X-TARGETDURATION: the same, rounded, for every rendition and for good (A8.2)."""
    return max(1, round(plan.segment_s))


def render_master(
    job: Job,
    results: Mapping[str, Sequence[ChunkResult]],
    *,
    final: bool,
    planned: bool = False,
    closed: bool = False,
) -> tuple[str, int]:
    """Return the playlist and how many renditions it lists; ("", 0) while nothing can be played.

    `results` has each rendition's contiguous chunks. Playable means: the first chunk of the lowest rung, and of
    the default sound if there is any. `planned` lists rungs that have not begun as well; `closed`, for a job that was
    ended in the middle, only what reaches furthest: on a shorter one a player would take its end for the recording's.
    """
    plan = job.plan
    if (plan.audio and not results.get(plan.audio.id)) or (plan.video and not results.get(plan.video[0].id)):
        return "", 0
    master = _Master(job, results, final)
    sounds = _sounds(plan, results, closed=closed)
    rungs = [r for r in plan.video if planned or results.get(r.id)]
    if closed:
        furthest = max((len(results.get(r.id, ())) for r in rungs), default=0)
        rungs = [r for r in rungs if len(results.get(r.id, ())) == furthest]
    variants = [master.variant(rung, sounds) for rung in rungs]
    if final:
        variants = nearest_first(variants)
    if plan.audio and (final or not rungs):
        variants.append(master.sound_alone(plan.audio, sounds))
    group = master.audio_group(sounds) if rungs or len(sounds) > 1 else []
    iframes = [i for i in map(master.iframes, rungs) if i] if final else []
    return multivariant_playlist(variants, group, iframes), len(rungs) + len(sounds)


def _sounds(plan: JobPlan, results: Mapping[str, Sequence[ChunkResult]], *, closed: bool) -> list[Rendition]:
    """The audio renditions that have begun; `closed`, those that reach as far as the default one."""
    least = len(results.get(plan.audio.id, ())) if closed and plan.audio else 1
    return [r for r in plan.audios if len(results.get(r.id, ())) >= least]


def nearest_first(variants: list[Variant]) -> list[Variant]:
    """Move the one to start with to the front, by what it asks of the network; the others stay lowest first."""
    best = min(variants, key=lambda v: abs(v.bandwidth.peak - _FIRST_BPS), default=None)
    return [v for v in variants if v is best] + [v for v in variants if v is not best]


@dataclass(frozen=True, slots=True)
class _Master:
    """The entries of one job's multivariant playlist."""

    job: Job
    results: Mapping[str, Sequence[ChunkResult]]
    final: bool
    measured: dict[str, Bandwidth] = field(default_factory=dict)
    """By rendition: every variant asks for the sound's again, and twelve hours of it take a while."""

    def variant(self, rung: Rendition, sounds: Sequence[Rendition]) -> Variant:
        """A rung with whichever sound is the largest."""
        return Variant(
            uri=self._uri(rung),
            bandwidth=combine(self._bandwidth(rung), [self._bandwidth(sound) for sound in sounds]),
            codecs=self._codecs([rung, *sounds]),
            width=rung.width,
            height=rung.height,
            frame_rate=rung.frame_rate,
        )

    def sound_alone(self, default: Rendition, sounds: Sequence[Rendition]) -> Variant:
        """The recording without its picture: all there is, or what still plays where no rung would (A9.21)."""
        bandwidth = combine(Bandwidth(0, 0), [self._bandwidth(sound) for sound in sounds])
        return Variant(self._uri(default), bandwidth, self._codecs(sounds))

    def audio_group(self, sounds: Sequence[Rendition]) -> list[AudioRendition]:
        """One entry for each sound; the default one speaks for its language."""
        plan, group = self.job.plan, dict[str, AudioRendition]()
        languages = {_language(plan, plan.audio)} if plan.audio else set()
        for sound in sounds:
            default, language = sound == plan.audio, _language(plan, sound)
            name = next(n for n in _names(sound.name) if n not in group)
            auto = default or language not in languages
            group[name] = AudioRendition(self._uri(sound), name, language, default, auto)
            languages.add(language)
        return list(group.values())

    def iframes(self, rung: Rendition) -> IFrameVariant | None:
        """A rung's key frames, where they are known."""
        chunks = key_frames(self.results[rung.id])
        if not chunks:
            return None
        uri = iframes_key(self.job.recording_id, self.job.plan.source_version, rung.id, self.job.id)
        bandwidth = measure(chunks, target_duration(self.job.plan))
        return IFrameVariant(f"/{uri}", bandwidth, chunks[0].codec, rung.width, rung.height)

    def _bandwidth(self, rendition: Rendition) -> Bandwidth:
        if rendition.id not in self.measured:
            self.measured[rendition.id] = measure(self.results.get(rendition.id, ()), target_duration(self.job.plan))
        return declared(rendition, self.measured[rendition.id], final=self.final)

    def _codecs(self, renditions: Sequence[Rendition]) -> tuple[str, ...]:
        """Each codec once."""
        return tuple(dict.fromkeys(self._codec(rendition) for rendition in renditions))

    def _codec(self, rendition: Rendition) -> str:
        chunks = self.results.get(rendition.id, ())
        return chunks[0].codec if chunks else expected_codec(rendition)

    def _uri(self, rendition: Rendition) -> str:
        """Absolute path: the API and the CDN answer on one origin."""
        return "/" + playlist_key(self.job.recording_id, self.job.plan.source_version, rendition.id, self.job.id)


def _language(plan: JobPlan, sound: Rendition) -> str:
    """What the rendition says; plans made when there was one sound left it to the source."""
    if sound.language == "und" and plan.media.audio is not None and len(plan.audios) == 1:
        return plan.media.audio.language
    return sound.language


def _names(name: str) -> Iterator[str]:
    """The name, then the name with a number: no two in a group may have the same (R 4.4.6.1)."""
    yield name
    for number in count(2):
        yield f"{name} {number}"
