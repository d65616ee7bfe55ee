"""Sessions taken away: with their recording, or because their viewer asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from support.viewing import REC, SES, Cinema
from support.watching import MIDNIGHT_MS, report, sweeps, told

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.sessions import viewer_name
from chalicelib.errors import Forbidden, Transient
from chalicelib.services import forgetting
from chalicelib.services.forgetting import Erased, Erasure, Forgetting

if TYPE_CHECKING:
    from chalicelib.services.analytics_ports import ViewerSession

ANNA, BERTA, ROOT = Caller("anna", Role.PUBLISHER), Caller("berta", Role.VIEWER), Caller("root", Role.ADMIN)
BERTAS = viewer_name(b"key", "user", "berta")


@dataclass
class FakeRows:
    """The viewer_analytics table over what was folded."""

    rows: dict[tuple[str, str], ViewerSession]

    def of_user(self, user_id: str, *, limit: int) -> list[ViewerSession]:
        """Somebody's."""
        return [row for row in self.rows.values() if row.user_id == user_id][:limit]

    def some_of_recording(self, recording_id: str, *, limit: int) -> list[ViewerSession]:
        """A recording's."""
        return [row for row in self.rows.values() if row.recording_id == recording_id][:limit]

    def delete(self, recording_id: str, session: str) -> None:
        """Remove one."""
        self.rows.pop((recording_id, session), None)


@dataclass
class FakeSettling:
    """What was taken out of the sums."""

    calls: list[tuple[str, ...]] = field(default_factory=list)

    def delete_recording(self, recording_id: str) -> None:
        """Remove a recording's sums."""
        self.calls.append(("recording", recording_id))

    def forget_viewer(self, viewer: str) -> None:
        """Remove a name."""
        self.calls.append(("viewer", viewer))

    def forget_views(self, viewer: str, recording_id: str) -> None:
        """Remove a name from a recording."""
        self.calls.append(("views", viewer, recording_id))

    def unsettled(self, part: str, *, limit: int) -> list[str]:
        """Nothing."""
        return [part][:0] if limit else []

    def settle(self, key: str, part: str) -> bool:
        """Nothing."""
        return bool(key and part) and False


@dataclass
class House:
    """A cinema with visitors, and who takes their traces away."""

    cinema: Cinema = field(default_factory=Cinema)
    settling: FakeSettling = field(default_factory=FakeSettling)

    def __post_init__(self) -> None:
        self.cinema.clock.time = MIDNIGHT_MS / 1000 + 600
        cinema = self.cinema
        self.forgetting = Forgetting(
            FakeRows(cinema.folds.rows), cinema.sessions, cinema.log, self.settling, cinema.clock
        )

    def erase(self, caller: Caller, user: str) -> Erased:
        """Erase as the API does."""
        return Erasure(self.forgetting, self.cinema.facts._names).erase(caller, user)

    def watch(self, session: str, caller: Caller | None = None) -> None:
        """Watch a whole recording."""
        report(self.cinema, told(4), session, caller=caller)


@pytest.fixture
def house() -> House:
    """Berta has watched twice, somebody once."""
    house = House()
    house.watch(SES, BERTA)
    house.watch("ses_of_her_once_more_", BERTA)
    house.watch("ses_of_somebody_unnamed")
    return house


def test_what_somebody_watched_is_forgotten(house: House) -> None:
    """Rows, events, names; sums and others' sessions stay; again it finds nothing."""
    sums = house.cinema.folds.known()
    assert house.erase(BERTA, "berta") == Erased(2, pending=False)
    assert house.erase(ROOT, "berta") == Erased(0, pending=False)
    left = [session for _, session in house.cinema.folds.rows]
    assert left == [session for _, session in house.cinema.log.rows] == ["ses_of_somebody_unnamed"]
    assert house.cinema.folds.known() == sums
    assert house.settling.calls == [("viewer", BERTAS)] * 2
    assert "berta" not in repr(house.cinema.sessions.rows)
    assert BERTAS not in repr(house.cinema.sessions.rows)


def test_a_session_that_goes_on_tells_nothing_more(house: House) -> None:
    """It is advised as before; sums, rows and events stay without it, whatever it reports."""
    house.erase(BERTA, "berta")
    sums = house.cinema.folds.known()
    later = [{"kind": "stall", "seq": 900 + n, "stall_ms": 500} for n in range(3)]
    house.cinema.clock.time += 400
    token = house.cinema.viewers.ticket(house.cinema.recordings.rows[REC], SES).token
    answer = report(house.cinema, later, SES, caller=BERTA, token=token)
    assert (answer.taken.accepted, answer.last) == (3, 902)
    assert report(house.cinema, later, SES, token=token).taken.ignored == 3
    house.cinema.clock.time += 4000
    sweeps(house.cinema, house.settling).close_left()
    assert house.cinema.folds.known() == sums
    assert (REC, SES) not in house.cinema.folds.rows
    assert (REC, SES) not in house.cinema.log.rows
    assert "berta" not in repr(house.cinema.sessions.rows)


@pytest.mark.parametrize("caller", [ANNA, Caller("eve", Role.VIEWER)])
def test_nobody_is_forgotten_by_others(house: House, caller: Caller) -> None:
    """But by administrators."""
    with pytest.raises(Forbidden, match="forbidden_role"):
        house.erase(caller, "berta")
    assert len(house.cinema.folds.rows) == 3


def test_a_long_past_takes_several_calls(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each says whether there may be more."""
    monkeypatch.setattr(forgetting, "AT_ONCE", 1)
    answers = [house.erase(BERTA, "berta") for _ in range(3)]
    assert answers == [Erased(1, pending=True), Erased(1, pending=True), Erased(0, pending=False)]


def test_a_session_that_reports_meanwhile(house: House) -> None:
    """Is read again; one that never rests is for the next call."""
    rival = lambda: report(house.cinema, [{"kind": "seek", "seq": 950}], SES, caller=BERTA)  # noqa: E731
    house.cinema.sessions.rivals = [rival]
    assert house.erase(BERTA, "berta").sessions == 2

    other = House()
    other.watch(SES, BERTA)
    numbers = iter(range(950, 999))
    again = lambda: report(other.cinema, [{"kind": "seek", "seq": next(numbers)}], SES, caller=BERTA)  # noqa: E731
    other.cinema.sessions.rivals = [again] * 9
    with pytest.raises(Transient, match="session_contended"):
        other.erase(BERTA, "berta")
    assert (REC, SES) in other.cinema.folds.rows


def test_a_recording_takes_all_of_its_viewers_with_it(house: House) -> None:
    """And their names in its sums; twice is once."""
    for _ in range(2):
        house.forgetting.purge(REC)
    assert (house.cinema.folds.rows, house.cinema.log.rows, house.cinema.sessions.rows) == ({}, {}, {})
    assert ("views", BERTAS, REC) in house.settling.calls
    assert house.settling.calls[-1] == ("recording", REC)
