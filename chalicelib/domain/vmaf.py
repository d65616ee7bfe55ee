"""How good a rung looks: VMAF of a few samples, against the source at its own size."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from math import fsum
from typing import TYPE_CHECKING

from chalicelib.domain.encoding import input_options, planned_frames, seek_options
from chalicelib.domain.ladder import fit
from chalicelib.domain.pictures import filter_graph, output_label
from chalicelib.errors import Permanent, Transient

if TYPE_CHECKING:
    from chalicelib.domain.chunks import Chunk
    from chalicelib.domain.job import JobPlan, Rendition

SAMPLES = (Fraction(1, 6), Fraction(1, 2), Fraction(5, 6))
"""Where in the recording; one segment at the beginning of the chunk that lies there."""
_MODEL_SIZE = (1920, 1080)
"""VMAF's default model knows pictures of this size on a television (Netflix, VMAF models)."""


def sample_chunks(plan: JobPlan) -> tuple[Chunk, ...]:
    """Return the chunks that are looked at, each once."""
    found = {}
    for place in SAMPLES:
        moment = plan.media.duration_s * place
        chunk = [c for c in plan.chunks if c.start_s(plan.segment_s) <= moment][-1]
        found[chunk.index] = chunk
    return tuple(found.values())


def vmaf_command(
    plan: JobPlan, rendition: Rendition, chunk: Chunk, *, source_url: str, chunk_url: str, log: str
) -> list[str]:
    """Arguments that compare the first segment of a chunk with the source, frame by frame, into a JSON file.

    The source goes through the very filters that made the rendition, but for the size: a rung pays for its scaling.
    """
    video = plan.media.video
    if video is None:
        raise Permanent("plan_without_video", "A recording without a picture has no picture quality.")
    width, height = fit(video.width, video.height, *_MODEL_SIZE)
    whole = replace(rendition, width=width, height=height)
    start, rate = chunk.start_s(plan.segment_s), rendition.frame_rate
    frames = min(rendition.frames_per_segment, planned_frames(plan, rendition, chunk))
    by_number = f"trim=end_frame={frames},settb={rate.denominator}/{rate.numerator},setpts=N,format=yuv420p"
    graph = (
        f"{filter_graph(plan.media, [whole], start)};{output_label(0)}{by_number}[asked];"
        f"[1:V:0]scale={width}:{height}:flags=bicubic,{by_number}[made];"
        f"[made][asked]libvmaf=n_threads=2:log_fmt=json:log_path={log}"
    )
    made = replace(plan.media, container="mov")
    return [
        *("-y", "-v", "error", "-nostdin", "-progress", "pipe:1", "-stats_period", "0.5", "-reinit_filter", "0"),
        *(*input_options(plan.media, source_url), *seek_options(plan, start), "-i", source_url),
        *(*input_options(made, chunk_url), "-i", chunk_url),
        *("-filter_complex", graph, "-an", "-sn", "-dn", "-f", "null", "-"),
    ]


def read_vmaf(log: str) -> list[float]:
    """Return the frames' scores, 0 to 100; raises Transient("vmaf_unreadable") when there are none."""
    try:
        scores = [float(frame["metrics"]["vmaf"]) for frame in json.loads(log)["frames"]]
    except (ValueError, KeyError, TypeError):
        scores = []
    if not scores:
        raise Transient("vmaf_unreadable", "The comparison with the source gave no result.")
    return scores


def mean(scores: list[float]) -> float:
    """Arithmetic mean, rounded to a tenth: more would pretend."""
    return round(fsum(scores) / len(scores), 1)
