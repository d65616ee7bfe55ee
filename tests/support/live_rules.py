"""What must be true of the live playlists that one stream publishes, one after another (docs/hls.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import m3u8
import pytest

from chalicelib.domain.live.playlists import media_playlist

FEWEST = 6
ROUNDING = 0.0015
"""Seconds: program date times have milliseconds."""


@dataclass
class Watcher:
    """Reads each playlist with a parser that did not write it, and remembers what it has seen."""

    target_s: int
    starts: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Media time at which each file begins and ends, for those who know."""
    known: dict[tuple[str, int], Any] = field(default_factory=dict)
    """By kind and media sequence number: what was published there, for good."""
    last: dict[str, Any] = field(default_factory=dict)
    text: dict[str, str] = field(default_factory=dict)

    def look(self, window: Any) -> None:
        """Hold both playlists of a window to every rule, and to what they said before."""
        seen = {kind: self._read(media_playlist(window, kind), kind) for kind in ("video", "audio")}
        video, audio = seen["video"], seen["audio"]
        assert _numbers(video) == _numbers(audio)
        assert [_place(s)[:2] for s in video.segments] == [_place(s)[:2] for s in audio.segments]
        assert all(_place(a)[2] for v, a in zip(video.segments, audio.segments, strict=True) if _place(v)[2])

    def _read(self, text: str, kind: str) -> Any:
        parsed = m3u8.loads(text)
        before = self.last.get(kind)
        if before is not None and before.is_endlist:
            assert self.text[kind] == text
        self._alone(parsed)
        self._again(parsed, kind)
        if before is not None:
            _steps(before, parsed, self.target_s)
        self.last[kind], self.text[kind] = parsed, text
        return parsed

    def _alone(self, parsed: Any) -> None:
        """One playlist by itself."""
        assert (parsed.playlist_type, parsed.target_duration) == (None, self.target_s)
        assert parsed.is_independent_segments
        uris = [segment.uri for segment in parsed.segments]
        assert len(set(uris)) == len(uris)
        assert all(segment.duration > 0 and int(segment.duration + 0.5) <= self.target_s for segment in parsed.segments)
        assert all(segment.program_date_time is not None for segment in parsed.segments)
        for one, two in zip(parsed.segments, parsed.segments[1:], strict=False):
            if not two.discontinuity:
                assert one.init_section.uri == two.init_section.uri
                step = (two.program_date_time - one.program_date_time).total_seconds()
                assert step == pytest.approx(one.duration, abs=0.1 + 1024 / 48_000 + ROUNDING)
        self._continues(parsed.segments)

    def _continues(self, segments: list[Any]) -> None:
        """Without a discontinuity run and media time go on; a gap is exactly what is missing."""
        end, run, lost = None, "", 0.0
        for segment in segments:
            if segment.discontinuity:
                end, lost = None, 0.0
            if segment.uri.startswith("gap-"):
                lost += segment.duration
                continue
            begins, ends = self.starts[segment.uri]
            if end is not None:
                assert run == segment.uri[:3]
                assert begins == pytest.approx(end + lost, abs=0.1 + 1e-9 + (0.03 if lost else 0))
            end, run, lost = ends, segment.uri[:3], 0.0

    def _again(self, parsed: Any, kind: str) -> None:
        """What was published once stays what it is, with its discontinuity number."""
        cuts = parsed.discontinuity_sequence
        for msn, segment in enumerate(parsed.segments, parsed.media_sequence):
            cuts += bool(segment.discontinuity)
            facts = (*_place(segment), segment.duration, segment.program_date_time, segment.init_section.uri, cuts)
            assert self.known.setdefault((kind, msn), facts) == facts


def _steps(before: Any, after: Any, target_s: int) -> None:
    """From one playlist to the next."""
    assert after.media_sequence >= before.media_sequence
    assert after.discontinuity_sequence >= before.discontinuity_sequence
    assert after.media_sequence + len(after.segments) >= before.media_sequence + len(before.segments)
    if after.media_sequence > before.media_sequence:
        assert len(after.segments) >= FEWEST
        assert sum(segment.duration for segment in after.segments) >= 3 * target_s - 1e-6


def _numbers(parsed: Any) -> tuple[Any, ...]:
    return parsed.media_sequence, parsed.discontinuity_sequence, len(parsed.segments), parsed.is_endlist


def _place(segment: Any) -> tuple[str, bool, bool]:
    return segment.uri, bool(segment.discontinuity), bool(segment.gap_tag)
