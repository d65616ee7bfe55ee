"""Sums as stored: parts that sessions add to, and what was settled of them."""

from __future__ import annotations

import pytest

from chalicelib.adapters.tables.analytics_rollups import RollupsTable
from chalicelib.adapters.tables.base import run
from chalicelib.adapters.tables.rollup_rows import ALL, RollupItem, adding, flat, read_measures, shard_key, unflat
from chalicelib.domain.analytics.measures import Measures, total
from chalicelib.services.analytics_ports import WatchedRecording

pytestmark = pytest.mark.usefixtures("tables")
ONE = Measures(
    sessions=1, views=1, watch_ms=60_000, kbit=120_000, qoe_milli=-350, rungs={"720p 1000k": 60_000},
    slots={"0": 1, "287": 59_999}, seen={"0": 1, "99": 1}, startup_classes={"inf": 1}, by={"country/DE/sessions": 1},
)  # fmt: skip


def add(key: str, part: str, measures: Measures, owner: str = "") -> None:
    """Add as a session does."""
    run(lambda: RollupItem(key, part).update(adding(measures, part, born=f"{key}/{part}", owner=owner)))


def test_every_number_has_a_name() -> None:
    """And nothing that is 0 is written; names that are none of ours are left out."""
    assert unflat(flat(ONE)) == ONE
    assert flat(ONE - ONE) == {}
    assert unflat({"sessions": 2, "v": 1, "else/x": 4, "slots": 3}) == Measures(sessions=2)


def test_a_sum_is_all_its_parts() -> None:
    """By day and scope, whichever part a session adds to, and what was settled with them."""
    rollups = RollupsTable()
    for shard, day in ((0, "2026-11-27"), (7, "2026-11-27"), (7, "2026-11-28"), (3, "2026-12-01")):
        add(shard_key("r#rec_1", shard), day, ONE)
    add(shard_key("o#anna", 0), "2026-11-27", ONE)
    add(shard_key("*", 0), "2026-11-27", -ONE)
    rollups.write_settled("r#rec_1", "2026-11-28", total([ONE, ONE]))

    days = rollups.recording_days("rec_1", "2026-11-27", "2026-11-30")
    assert days == {"2026-11-27": ONE + ONE, "2026-11-28": total([ONE, ONE, ONE])}
    assert rollups.owner_days("anna", "2026-11-27", "2026-11-27") == {"2026-11-27": ONE}
    assert rollups.owner_days("*", "2026-11-27", "2026-11-27") == {"2026-11-27": -ONE}
    assert rollups.recording_days("rec_2", "2026-11-27", "2026-11-30") == {}


def test_all_time() -> None:
    """Apart from the days."""
    rollups = RollupsTable()
    assert rollups.recording_total("rec_1") == Measures()
    for shard in (1, 1, 6):
        add(shard_key("r#rec_1", shard), ALL, ONE, "anna")
    add(shard_key("r#rec_1", 1), "2026-11-27", ONE)
    assert rollups.recording_total("rec_1") == total([ONE, ONE, ONE])


def test_the_most_watched_of_an_owner() -> None:
    """By watch time; everybody's too."""
    rollups = RollupsTable()
    for number, owner in enumerate(("anna", "bob", "anna", "anna")):
        rollups.write_total(f"rec_{number}", owner, Measures(watch_ms=1000 * number + 5, views=number))

    assert rollups.most_watched("anna", limit=2) == [
        WatchedRecording("rec_3", 3005, 3),
        WatchedRecording("rec_2", 2005, 2),
    ]
    assert [place.recording_id for place in rollups.most_watched("*", limit=9)] == ["rec_3", "rec_2", "rec_1", "rec_0"]
    assert rollups.most_watched("eve", limit=9) == []


def test_a_row_reads_as_it_was_written() -> None:
    """Part or settled."""
    add("0#r#rec_1", "2026-11-27", ONE)
    raw = RollupItem._get_connection().get_item("0#r#rec_1", "2026-11-27")["Item"]
    assert read_measures(raw) == ONE
