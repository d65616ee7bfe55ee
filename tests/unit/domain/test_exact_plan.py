"""The plan joins exactly: every frame belongs to one chunk, and all rungs are cut at the same instants."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from support.media import PROFILES, audio, plan, source, video

from chalicelib.domain.chunks import Chunk
from chalicelib.domain.encoding import frame_limit, planned_frames, video_command, video_timescale
from chalicelib.domain.ladder import EncodingProfile

if TYPE_CHECKING:
    from chalicelib.domain.job import JobPlan

NTSC = Fraction(1000, 1001)
RATES = st.sampled_from([*map(Fraction, (10, 15, 24, 25, 30, 48, 50, 60, 120)), *(r * NTSC for r in (24, 30, 60, 120))])
LENGTHS = st.fractions(Fraction(1, 10), 12 * 3600, max_denominator=1001)
LADDERS = st.lists(
    st.builds(
        lambda size, kbps, rate: EncodingProfile("any", *size, kbps, rate),
        st.sampled_from([(640, 360), (1280, 720), (1920, 1080)]),
        st.integers(100, 4000),
        st.sampled_from([12, 15, 24, 25, 30, 50, 60]),
    ),
    min_size=1,
    max_size=5,
)
LEADS = st.sampled_from([Fraction(0), Fraction(1, 5), Fraction(3), Fraction(61)])


@st.composite
def plans(draw: st.DrawFn) -> JobPlan:
    """Return the product's plan of a source, or one with chunks of other sizes."""
    rate, length, lead = draw(RATES), draw(LENGTHS), draw(LEADS)
    track = video(rate=rate, start_pts=draw(st.integers(-1000, 10**6)), time_base=Fraction(1, 90_000))
    made = plan(source(length + lead, picture=track, sound=audio(), lead_s=lead), (*draw(LADDERS), *PROFILES[:1]))
    total = sum(chunk.segments for chunk in made.chunks)
    size = draw(st.integers(0, 20))
    if not size:
        return made
    starts = range(0, total, size)
    return replace(made, chunks=tuple(Chunk(i, s, min(size, total - s)) for i, s in enumerate(starts)))


@given(plans())
def test_chunks_cover_the_timeline_once(made: JobPlan) -> None:
    """Each begins where the last one ended, the first one at zero, and none is empty."""
    assert made.chunks[0].first_segment == 0
    assert [b.first_segment for _, b in pairwise(made.chunks)] == [
        a.first_segment + a.segments for a, _ in pairwise(made.chunks)
    ]
    assert all(chunk.segments > 0 for chunk in made.chunks)


@given(plans())
def test_every_frame_belongs_to_one_chunk(made: JobPlan) -> None:
    """A chunk's first frame follows the last one of the chunk before; together they are the whole, to one frame."""
    for rung in made.video:
        frames = [planned_frames(made, rung, chunk) for chunk in made.chunks]
        firsts = [chunk.start_s(made.segment_s) * rung.frame_rate for chunk in made.chunks]
        assert list(accumulate(frames[:-1], initial=0)) == firsts
        assert min(frames) > 0
        # Less than a frame's time at the end is still shown as one frame.
        assert abs(sum(frames) - made.media.duration_s * rung.frame_rate) <= 1


@given(plans())
def test_all_rungs_are_cut_at_the_same_instants(made: JobPlan) -> None:
    """Whatever their rates: segments hold whole frames and last equally long, in whole ticks."""
    for rung in made.video:
        assert Fraction(rung.frames_per_segment) / rung.frame_rate == made.segment_s
        assert (made.segment_s * video_timescale(rung.frame_rate)).denominator == 1


@given(plans())
def test_the_command_does_what_the_plan_says(made: JobPlan) -> None:
    """It seeks to the chunk's start or before, drops by the same instant, and stops after its frames."""
    for chunk in made.chunks[:3] + made.chunks[-3:]:
        arguments = video_command(
            made, made.video, chunk, url="http://x/y", outputs=["o"] * len(made.video), preset="fast", threads=1
        )
        start = chunk.start_s(made.segment_s)
        sought = float(arguments[arguments.index("-ss") + 1]) if "-ss" in arguments else float(made.media.start_s)
        assert sought <= float(made.media.start_s + start) + 1e-6
        graph = arguments[arguments.index("-filter_complex") + 1]
        assert graph.count("fps=fps=") == graph.count(f":start_time={float(start):.6f}:round=near")
        limits = [int(arguments[i + 1]) for i, a in enumerate(arguments) if a == "-frames:v"]
        assert limits == [frame_limit(made, rung, chunk) for rung in made.video]
        if chunk.index < len(made.chunks) - 1:
            assert limits == [planned_frames(made, rung, chunk) for rung in made.video]
