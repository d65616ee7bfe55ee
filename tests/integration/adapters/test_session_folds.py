"""Sessions and sums in one write, on DynamoDB: all or nothing, once, whoever else writes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import Any

import pytest
from botocore.client import BaseClient

from chalicelib.adapters.tables.analytics_rollups import RollupsTable
from chalicelib.adapters.tables.player_sessions import PlayerSessionsTable
from chalicelib.adapters.tables.rollup_rows import ALL, RollupItem, shard_of
from chalicelib.adapters.tables.rollup_settling import SettlingTable
from chalicelib.adapters.tables.session_folds import SessionFoldsTable
from chalicelib.adapters.tables.viewer_analytics import ViewerAnalyticsTable
from chalicelib.domain.analytics.measures import Measures
from chalicelib.domain.analytics.summing import Share
from chalicelib.domain.sessions import PlayerSession
from chalicelib.services.analytics_ports import Fold, ViewerSession, WatchedRecording

pytestmark = pytest.mark.usefixtures("tables")
DAY, NEXT = "2026-11-27", "2026-11-28"
COUNTS = Measures(sessions=1, views=1, watch_ms=1000, rungs={"720p 1000k": 1000})
LATER = Share({DAY: COUNTS, NEXT: Measures(slots={"0": 400})}, {"0": 1, "7": 1}, "", DAY)


def share(viewer: str = "", day: str = DAY, **more: Any) -> Share:
    """What a session of that day adds."""
    return Share({day: replace(COUNTS, slots={"287": 1000}, **more)}, {"0": 1}, viewer, day)


def session(number: int = 1, version: int = 0, **facts: Any) -> PlayerSession:
    """A player's session."""
    return PlayerSession("rec_1", f"ses_{number:020d}", "", version, {}, 9000.0, facts, 2000.0)


def fold(before: Share, after: Share, number: int = 1) -> Fold:
    """A step of a session of Anna's recording."""
    return Fold(ViewerSession("rec_1", f"ses_{number:020d}", 1000.0, "anna"), before, after)


def sums() -> dict[str, Any]:
    """Every sum there is."""
    rollups = RollupsTable()
    days = {f"{name} {day}": measures for name, found in (
        ("rec_1", rollups.recording_days("rec_1", DAY, NEXT)),
        ("anna", rollups.owner_days("anna", DAY, NEXT)),
        ("*", rollups.owner_days("*", DAY, NEXT)),
    ) for day, measures in found.items()}  # fmt: skip
    return days | {"all": rollups.recording_total("rec_1")}


def settle_all() -> int:
    """Settle what can be."""
    table = SettlingTable()
    return sum(table.settle(key, part) for part in (ALL, DAY, NEXT) for key in table.unsettled(part, limit=99))


def test_a_session_and_all_its_sums() -> None:
    """The difference to what they have heard, by day and over all time."""
    folds = SessionFoldsTable()
    assert folds.write(session(last=1), fold(Share(), share()), now=1000.0)
    assert folds.write(session(version=1, last=2), fold(share(), LATER), now=1001.0)

    whole = {DAY: COUNTS, NEXT: Measures(slots={"0": 400})}
    plain = {DAY: replace(COUNTS, rungs={}), NEXT: whole[NEXT]}
    assert sums() == {
        **{f"rec_1 {day}": measures for day, measures in whole.items()},
        **{f"{owner} {day}": measures for owner in ("anna", "*") for day, measures in plain.items()},
        "all": replace(COUNTS, seen={"0": 1, "7": 1}),
    }
    stored = PlayerSessionsTable().load("rec_1", session().session, now=1001.0)
    assert stored == session(version=2, last=2)
    assert ViewerAnalyticsTable().get("rec_1", session().session) == fold(Share(), LATER).row


def test_an_old_writer_writes_nothing() -> None:
    """Neither the session nor a sum."""
    folds = SessionFoldsTable()
    assert folds.write(session(), fold(Share(), share()), now=1000.0)
    before = sums()
    for late in (session(last=9), session(version=7)):
        assert not folds.write(late, fold(Share(), share()), now=1001.0)
    assert sums() == before
    assert PlayerSessionsTable().load("rec_1", session().session, now=1001.0) == session(version=1)


def test_viewers_are_counted_once_a_day_and_once_ever() -> None:
    """Whatever order their sessions come in, and when one turns out to be of another day or viewer."""
    folds = SessionFoldsTable()

    def counted() -> tuple[int, ...]:
        found = sums()
        return tuple(found[name].viewers if name in found else 0 for name in (f"rec_1 {DAY}", f"anna {NEXT}", "all"))

    steps = [
        (1, Share(), share("ada"), (1, 0, 1)),
        (2, Share(), share("ada"), (1, 0, 1)),
        (3, Share(), share("eve", NEXT), (1, 1, 2)),
        (1, share("ada"), share("ada", NEXT), (1, 2, 2)),
        (2, share("ada"), share("eve", NEXT), (0, 2, 2)),
        (1, share("ada", NEXT), share("eve", NEXT), (0, 1, 1)),
    ]
    versions = dict.fromkeys((1, 2, 3), 0)
    for number, before, after, expected in steps:
        assert folds.write(session(number, versions[number]), fold(before, after, number), now=1000.0)
        versions[number] += 1
        assert counted() == expected
    names = {(row.sum, row.part): row.views_n for row in RollupItem.scan() if row.sum.startswith("u#")}
    assert set(names.values()) == {3}
    assert {key for key, _ in names} == {"u#eve"}


def test_sums_are_the_same_before_while_and_after_they_settle() -> None:
    """Each part moves whole; what comes later begins another, and is settled as well."""
    folds = SessionFoldsTable()
    for number in range(1, 9):
        assert folds.write(session(number), fold(Share(), share("ada"), number), now=1000.0)
    expected = sums()
    assert expected["all"].sessions == 8
    table = SettlingTable()
    for part in (ALL, DAY):
        for key in table.unsettled(part, limit=99):
            assert table.settle(key, part)
            assert not table.settle(key, part)
            assert sums() == expected
    assert RollupsTable().most_watched("anna", limit=5) == [WatchedRecording("rec_1", 8000, 8)]
    assert folds.write(session(1, 1), fold(share("ada"), LATER), now=1000.0)
    late = sums()
    assert late["all"].viewers == 1
    assert settle_all() > 0
    assert (sums(), settle_all()) == (late, 0)
    assert not [row for row in RollupItem.scan() if row.sum[0].isdigit()]


def test_a_part_that_is_added_to_is_not_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever read it before somebody added to it leaves it to the next time."""
    folds, table = SessionFoldsTable(), SettlingTable()
    assert folds.write(session(), fold(Share(), share()), now=1000.0)
    key = f"{shard_of(session().session)}#r#rec_1"
    read = RollupItem.from_raw_data

    def meanwhile(data: dict[str, Any]) -> RollupItem:
        monkeypatch.setattr(RollupItem, "from_raw_data", read)
        assert folds.write(session(version=1), fold(share(), LATER), now=1000.0)
        return read(data)

    monkeypatch.setattr(RollupItem, "from_raw_data", meanwhile)
    assert not table.settle(key, DAY)
    assert table.settle(key, DAY)
    assert sums()["all"].watch_ms == 1000


def test_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions of one viewer, each told in two steps by rivals, while sums settle: everything once."""
    alone, call = Lock(), BaseClient._make_api_call

    def one_by_one(*args: Any) -> Any:
        with alone:  # moto's tables are one process's dictionaries
            return call(*args)

    monkeypatch.setattr(BaseClient, "_make_api_call", one_by_one)

    def run_one(number: int) -> None:
        folds, sessions = SessionFoldsTable(), PlayerSessionsTable()
        before = Share()
        for after in (share("ada"), Share({DAY: COUNTS + COUNTS}, {"3": 1}, "ada", DAY)):
            for _ in range(2):
                stored = sessions.load("rec_1", session(number).session, now=1000.0)
                version = stored.version if stored else 0
                if stored is None or before.days:
                    folds.write(session(number, version), fold(before, after, number), now=1000.0)
                before = after
            settle_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run_one, range(1, 5)))
    found = sums()
    assert (found["all"].sessions, found["all"].viewers, found["all"].seen) == (8, 1, {"3": 4})
    assert found[f"* {DAY}"].watch_ms == 8_000


@pytest.fixture
def watched(tables: list[str]) -> None:
    """Two viewers' sessions of a recording, one of another."""
    assert tables
    folds = SessionFoldsTable()
    folds.write(session(1), fold(Share(), share("ada")), now=1000.0)
    folds.write(session(2), fold(Share(), share("eve"), 2), now=1000.0)
    other = replace(session(3), recording_id="rec_2")
    row = replace(fold(Share(), share(), 3).row, recording_id="rec_2")
    folds.write(other, Fold(row, Share(), share("ada")), now=1000.0)
    settle_all()
    folds.write(session(4), fold(Share(), share("ada"), 4), now=1000.0)


@pytest.mark.usefixtures("watched")
def test_a_recordings_sums_can_be_removed() -> None:
    """Its own, settled or not, and its places; its owner's stay."""
    table, before = SettlingTable(), sums()
    for _ in range(2):
        table.delete_recording("rec_1")
        table.forget_views("ada", "rec_1")
    after = sums()
    assert after.pop("all") == Measures()
    assert after == {name: measures for name, measures in before.items() if not name.startswith(("rec_1", "all"))}
    assert [place.recording_id for place in RollupsTable().most_watched("anna", limit=9)] == ["rec_2"]
    assert sorted(row.part for row in RollupItem.query("u#ada")) == [
        f"*#{DAY}", f"o#anna#{DAY}", f"r#rec_2#{DAY}", "r#rec_2#all",
    ]  # fmt: skip


@pytest.mark.usefixtures("watched")
def test_a_viewers_name_can_be_removed() -> None:
    """The sums stay, and name nobody."""
    table, before = SettlingTable(), sums()
    for _ in range(2):
        table.forget_viewer("ada")
    assert sums() == before
    assert not list(RollupItem.query("u#ada"))
    assert len(list(RollupItem.query("u#eve"))) == 4
