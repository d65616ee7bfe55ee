"""Measured quality with real FFmpeg: a good rung scores high, a starved one lower, and a shifted one far lower."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from support.fakes import FakeHold
from support.http_files import serve

from chalicelib.domain.ladder import EncodingProfile
from chalicelib.domain.messages import MeasureMessage
from chalicelib.services.measuring import QualityWorker

if TYPE_CHECKING:
    from support.pipeline import Pipeline

ROOT = Path(__file__).parents[2]
PLENTY = EncodingProfile("plenty", 1280, 720, 4000, 30)
STARVED = EncodingProfile("starved", 1280, 720, 60, 30)


def test_quality_is_measured(pipeline: Pipeline, tmp_path: Path) -> None:
    """The same size at plenty of bits and at far too few: only one looks like its source."""
    pipeline.upload((ROOT / "media/short-720p25.mp4").read_bytes())
    pipeline.queue.messages.clear()
    job = pipeline.transcoder.queue_job(pipeline.recording, [PLENTY, STARVED])[0]
    pipeline.work()
    with serve(pipeline.media.bodies) as url:
        pipeline.media.url = url
        measuring = QualityWorker(
            pipeline.jobs,
            pipeline.source,
            pipeline.media,
            pipeline.encoder,
            pipeline.ledger,
            pipeline.clock,
            pipeline.worker.rates,
            str(tmp_path),
        )
        measuring.handle(MeasureMessage(job.id), FakeHold(), remaining_s=200)
    scores = pipeline.jobs.rows[job.id].vmaf
    assert scores is not None
    starved, plenty = (scores[rung.id] for rung in job.plan.video)
    assert plenty > 90
    assert starved < plenty - 10
