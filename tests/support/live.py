"""Builders of live segments, by hand and by hypothesis."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from chalicelib.domain.live.packaged import PackagedRendition, PackagedSegment, Piece

STREAM_ID = "live_0123456789abcdefghij"
EPOCH_S = 1_700_000_000.0
"""Unix seconds of media time 0."""
SOUND, LOW, HIGH = "a-128k-0", "v-640x360-250k-0", "v-1280x720-500k-0"


def segment(
    n: int,
    start: object = None,
    *,
    run: int = 0,
    lengths: Any = (2,),
    tag: str = "one",
    sound: bool = True,
    **more: Any,
) -> PackagedSegment:
    """Return a packaged segment of two rungs, by default the n-th of two seconds each.

    `lengths` are seconds of its pieces; `tag` stands for the encoder's parameters.
    """
    pieces = [Fraction(str(length)) for length in lengths]
    start_s = Fraction(str(n * 2 if start is None else start))
    heard = tuple(Piece(8_000 + n, length) for length in pieces)
    low = tuple(Piece(60_000 + 10 * n + i, length, 9_000 + n) for i, length in enumerate(pieces))
    high = tuple(Piece(2 * piece.size, piece.duration_s, 2 * piece.key_frame) for piece in low)
    rungs = (PackagedRendition(LOW, "avc1.64001E", tag, low), PackagedRendition(HIGH, "avc1.64001F", tag, high))
    pdt = EPOCH_S + float(start_s)
    facts: dict[str, Any] = {
        "stream_id": STREAM_ID,
        "run": run,
        "n": n,
        "epoch": run + 1,
        "stem": f"{run:03d}-{n:08d}-abcdef",
        "init_stem": f"{run:03d}-00000000-{tag}",
        "start_s": start_s,
        "pdt": pdt,
        "received_at": pdt + float(sum(pieces)) + 0.5,
        "source_key": f"ingest/{STREAM_ID}/{run + 1}/{n}.m4s",
        "source_size": 500_000,
        "renditions": ((PackagedRendition(SOUND, "mp4a.40.2", tag, heard), *rungs) if sound else rungs),
    }
    return PackagedSegment(**(facts | more))


def with_sound(made: PackagedSegment, lengths: Any) -> PackagedSegment:
    """The same segment with pieces of sound of other lengths (seconds)."""
    pieces = tuple(Piece(8_000, Fraction(str(length))) for length in lengths)
    return replace(made, renditions=(replace(made.renditions[0], pieces=pieces), *made.renditions[1:]))


@dataclass(frozen=True)
class Delivery:
    """A segment that reaches the window, or (None) a look at the clock; `now` is any time whatever."""

    segment: PackagedSegment | None
    now: float
    first: int = 0


FRAME = Fraction(1, 30)
_JUMPS = st.sampled_from([Fraction(0)] * 6 + [FRAME, Fraction(3), Fraction(-40), Fraction(100), Fraction(100_000)])
_SKIPS = st.sampled_from([0, 0, 0, 0, 0, 1, 2, 7, 31, 1000])


@st.composite
def programmes(draw: st.DrawFn, target_s: int) -> list[PackagedSegment]:
    """All segments of a stream in order: runs, lost numbers with their time, jumps, other parameters, long ones."""
    made: list[PackagedSegment] = []
    at = Fraction(0)
    for run in draw(st.lists(st.integers(0, 3), max_size=4, unique=True).map(sorted)):
        at = draw(st.just(at) | st.fractions(0, 100, max_denominator=90_000))
        n, tag = draw(st.integers(0, 3)), "one"
        lead = Fraction(0)
        for _ in range(draw(st.integers(0, 9))):
            tag = draw(st.sampled_from([tag] * 8 + ["other"]))
            frames = st.integers(1, target_s * 30 + 15)
            lengths = [frames_ * FRAME for frames_ in draw(st.lists(frames, min_size=1, max_size=3))]
            one = segment(n, at, run=run, lengths=lengths, tag=tag, sound=draw(st.sampled_from([True] * 9 + [False])))
            cuts, lead = _cut(draw, lengths, lead)
            made.append(with_sound(one, cuts) if len(one.renditions) > 2 else one)
            skipped = draw(_SKIPS)
            n += 1 + skipped
            at += sum(lengths) + skipped * target_s + draw(_JUMPS)
    return made


def _cut(draw: st.DrawFn, lengths: list[Fraction], lead: Fraction) -> tuple[list[Fraction], Fraction]:
    """Sound is cut at its own frames: it ends up to one of them after the picture, wherever that is cut."""
    cuts: list[Fraction] = []
    for length in lengths:
        now = Fraction(draw(st.integers(0, 1024)), 48_000)
        cuts.append(length + now - lead)
        lead = now
    return cuts, lead


@st.composite
def deliveries(draw: st.DrawFn, target_s: int) -> list[Delivery]:
    """A programme as it may arrive: some never, some twice, in any order, by any clock."""
    made = draw(programmes(target_s))
    order = draw(st.permutations(range(len(made))) | st.just(list(range(len(made)))))
    kept = [made[index] for index in order for _ in range(draw(st.sampled_from([1, 1, 1, 1, 0, 2])))]
    clock = st.floats(0, 60) | st.floats(-1e9, 1e9)
    sent = [Delivery(one, draw(clock), draw(st.integers(0, 2))) for one in kept]
    for _ in range(draw(st.integers(0, 5))):
        sent.insert(draw(st.integers(0, len(sent))), Delivery(None, draw(clock)))
    return sent
