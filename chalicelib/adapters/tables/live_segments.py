"""The live_segments table: one row for each segment of a live stream that was packaged, written once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pynamodb.attributes import UnicodeAttribute

from chalicelib.adapters.tables.base import BILLING, ConditionFailed, PackedJson, Table
from chalicelib.adapters.tables.base import run as perform
from chalicelib.domain.live.packaged import PackagedSegment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

PAGE = 500
"""Rows read at a time: about 300 kB."""


class SegmentItem(Table):
    """One packaged segment. `segment` is `{run:05d}#{n:012d}`, so rows lie in the order of the programme."""

    class Meta:
        """Table settings."""

        kind = "live_segments"
        billing_mode = BILLING

    stream_id = UnicodeAttribute(hash_key=True)
    segment = UnicodeAttribute(range_key=True)
    packaged = PackedJson()


class LiveSegmentsTable:
    """Implements live_ports.LiveSegments."""

    def put(self, segment: PackagedSegment) -> bool:
        """Write one; False when there is one of that run and number already."""
        item = SegmentItem(segment.stream_id, _key(segment.run, segment.n), packaged=segment.to_dict())
        try:
            perform(lambda: item.save(condition=SegmentItem.stream_id.does_not_exist()))
        except ConditionFailed:
            return False
        return True

    def get(self, stream_id: str, run: int, n: int) -> PackagedSegment | None:
        """Read one, strongly consistent."""
        try:
            item = perform(lambda: SegmentItem.get(stream_id, _key(run, n), consistent_read=True))
        except SegmentItem.DoesNotExist:
            return None
        return PackagedSegment.from_dict(item.packaged)

    def of_stream(self, stream_id: str) -> Iterator[PackagedSegment]:
        """All of a stream in order of run and number, strongly consistent."""
        for items in _pages(stream_id):
            yield from (PackagedSegment.from_dict(item.packaged) for item in items)

    def delete(self, stream_id: str) -> None:
        """Remove all of a stream; quiet when there are none."""
        for items in _pages(stream_id):
            perform(partial(_remove, items))


def _pages(stream_id: str) -> Iterator[list[SegmentItem]]:
    after: Any = None
    while True:
        items, after = perform(partial(_page, stream_id, after))
        yield items
        if after is None:
            return


def _page(stream_id: str, after: Any) -> tuple[list[SegmentItem], Any]:
    found = SegmentItem.query(stream_id, consistent_read=True, limit=PAGE, page_size=PAGE, last_evaluated_key=after)
    return list(found), found.last_evaluated_key


def _remove(items: list[SegmentItem]) -> None:
    with SegmentItem.batch_write() as batch:
        for item in items:
            batch.delete(item)


def _key(run: int, n: int) -> str:
    return f"{run:05d}#{n:012d}"
