"""Chunks as an encoder could have made them, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from chalicelib.domain.job import ChunkResult, Segment
from support.media import result


@st.composite
def chunks(draw: st.DrawFn, timescale: int = 24_000) -> list[ChunkResult]:
    """Contiguous chunks as the encoder could have made them, some without any segment (sound that ends early)."""
    made: list[ChunkResult] = []
    for index in range(draw(st.integers(0, 5))):
        segments: list[Segment] = []
        at = 800
        for _ in range(draw(st.integers(0, 4))):
            size = draw(st.integers(1, 2_000_000))
            segments.append(Segment(at, size, draw(st.integers(1, 2 * timescale)), draw(st.integers(1, size))))
            at += size
        sha = draw(st.sampled_from(["one", "other"]))
        made.append(
            result(f"media/r/v/{index:05d}-a.mp4", size=0, segments=0, init_sha=sha, timescale=timescale)
            if not segments
            else ChunkResult(f"media/r/v/{index:05d}-a.mp4", at, 800, sha, "avc1.64001F", timescale, 0, (*segments,), 1)
        )
    return made
