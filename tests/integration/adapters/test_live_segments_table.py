"""Packaged segments: written once, read in the order of the programme."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from chalicelib.adapters.tables import live_segments
from chalicelib.adapters.tables.live_segments import LiveSegmentsTable
from chalicelib.domain.live.packaged import PackagedRendition, PackagedSegment, Piece

SOUND = PackagedRendition("audio", "mp4a.40.2", "aa", (Piece(100, Fraction(96, 48)),))
PICTURE = PackagedRendition("v-low", "avc1.64001f", "bb", (Piece(2000, Fraction(2), 900),))
SEGMENT = PackagedSegment(
    stream_id="live_1",
    run=0,
    n=7,
    epoch=1,
    stem="000-00000007-ab",
    init_stem="000-00000007-ab",
    start_s=Fraction(14001, 1000),
    pdt=1000.5,
    received_at=1003.25,
    source_key="ingest/live_1/1/7.m4s",
    source_size=12345,
    renditions=(SOUND, PICTURE),
    cpu_s=0.5,
)

pytestmark = pytest.mark.usefixtures("tables")


def test_the_first_of_two_writers_wins() -> None:
    """The other learns it and finds the first one's names."""
    table = LiveSegmentsTable()

    assert table.put(SEGMENT) is True
    assert table.put(replace(SEGMENT, stem="000-00000007-cd")) is False
    assert table.get("live_1", 0, 7) == SEGMENT
    assert table.get("live_1", 0, 8) is None


def test_a_stream_is_read_in_order_and_removed_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page, by run and number, whatever the order of writing; another stream's stay."""
    monkeypatch.setattr(live_segments, "PAGE", 3)
    table = LiveSegmentsTable()
    for run, n in [(1, 0), (0, 10), (0, 9), (0, 100), (2, 5), (0, 2), (1, 1)]:
        table.put(replace(SEGMENT, run=run, n=n))
    table.put(replace(SEGMENT, stream_id="live_2"))

    found = [(segment.run, segment.n) for segment in table.of_stream("live_1")]
    assert found == [(0, 2), (0, 9), (0, 10), (0, 100), (1, 0), (1, 1), (2, 5)]
    table.delete("live_1")
    table.delete("live_1")
    assert list(table.of_stream("live_1")) == []
    assert [segment.n for segment in table.of_stream("live_2")] == [7]
