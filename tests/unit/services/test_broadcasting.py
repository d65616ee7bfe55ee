"""Announcing and broadcasting: who is told what, in which order, and what becomes of those who are gone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from support.live import STREAM_ID, segment

from chalicelib.domain.live.calls import Call, Delivery, Ordered, Pace
from chalicelib.domain.live.messages import AnnounceMessage, parse_live_message
from chalicelib.domain.live.playlists import entry_json
from chalicelib.domain.live.state import LiveState
from chalicelib.domain.live.stream import LiveStream, StreamStatus
from chalicelib.domain.live.viewers import Counts
from chalicelib.services.announcing import LiveAnnouncer
from chalicelib.services.broadcasting import GONE_AT_ONCE, Broadcaster, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

STREAM = LiveStream(STREAM_ID, "room", "ann", "rec_1", StreamStatus.ACTIVE, 1000.0, version=7)
RUNG = "v-640x360-250k-0"


@dataclass
class Room:
    """Connections, their socket and their queue in one, as far as announcements need them."""

    occupied: tuple[int, ...] = (0,)
    qualities: dict[str, list[str]] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    sent: list[Ordered] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    paces: list[Pace] = field(default_factory=list)
    versions: int = 0
    reads: int = 0

    def counts(self, _stream_id: str) -> Counts:
        """Say which shards have viewers, and how often the first has changed."""
        return Counts(len(self.occupied), occupied=self.occupied, versions={0: self.versions})

    def audience(self, _stream_id: str, _shard: int) -> dict[str, list[str]]:
        """Say who subscribed to what."""
        self.reads += 1
        return {quality: list(names) for quality, names in self.qualities.items()}

    def send(self, messages: Sequence[Ordered]) -> None:
        """Take what goes to the queue."""
        self.sent += messages

    def deliver(self, calls: Sequence[Call], *, within_s: float, pace: Pace) -> Delivery:
        """Take what goes to connections."""
        assert within_s > 0
        self.paces.append(pace)
        self.calls += calls
        return Delivery(sum(len(call.texts) for call in calls), self.gone)

    def leave(self, connection_id: str) -> bool:
        """Count somebody out."""
        self.left.append(connection_id)
        return True

    def now(self) -> float:
        """Return the time."""
        return 1234.5

    def token(self) -> str:
        """Return a token."""
        return "0" * 20


def broadcaster(room: Room) -> Broadcaster:
    """Return one over a room."""
    return Broadcaster(room, room, room, room, public_url="https://x", pace=Pace(6000, 3000))  # type: ignore[arg-type]  # a room is all of it


def state_of(count: int) -> LiveState:
    """Return the state after so many segments."""
    state = LiveState.begin(STREAM)
    for n in range(count):
        state = state.accept(segment(n), now=1_700_000_000.0 + 2 * n)
    return state


def announcement(*msns: int, first: int = 0, **more: Any) -> AnnounceMessage:
    """Return a message of some entries."""
    entries = {entry.msn: entry_json(entry) for entry in state_of(12).window.entries}
    listed = tuple(entries[msn] for msn in msns)
    return AnnounceMessage(STREAM_ID, "rec_1", 0, first=first, entries=listed, **more)


def test_each_shard_with_viewers_has_its_message() -> None:
    """In a group of its own, under a name that is the same whenever it is sent; it reads back whole."""
    room, state = Room(occupied=(0, 3)), state_of(3)
    announcer = LiveAnnouncer(room, room)  # type: ignore[arg-type]
    announcer.announce_entries(state, state.window.entries[1:])
    assert [message.group for message in room.sent] == [f"{STREAM_ID}#0", f"{STREAM_ID}#3"]
    assert [message.name for message in room.sent] == [f"{STREAM_ID}-0-1-2", f"{STREAM_ID}-3-1-2"]
    assert parse_live_message(room.sent[1].body) == replace(announcement(1, 2), shard=3)
    announcer.announce_entries(state, state.window.entries[1:])
    assert len({message.name for message in room.sent}) == 2


def test_nobody_is_told_nothing() -> None:
    """No viewers, or no entries: no message."""
    room = Room(occupied=())
    announcer = LiveAnnouncer(room, room)  # type: ignore[arg-type]
    announcer.announce_entries(state_of(2), state_of(2).window.entries)
    announcer.announce_ended(STREAM)
    room.occupied = (0,)
    announcer.announce_entries(state_of(2), ())
    assert room.sent == []


def test_status_and_end_are_announced() -> None:
    """A change of status each time it changes, the end once."""
    room = Room()
    announcer = LiveAnnouncer(room, room)  # type: ignore[arg-type]
    announcer.announce_status(STREAM, StreamStatus.PAUSED)
    announcer.announce_status(replace(STREAM, version=9), StreamStatus.PAUSED)
    announcer.announce_ended(STREAM)
    names = [message.name.removeprefix(f"{STREAM_ID}-0-") for message in room.sent]
    assert names == ["paused-7", "paused-9", "ended"]
    assert parse_live_message(room.sent[2].body) == AnnounceMessage(STREAM_ID, "rec_1", 0, ended=True)


def test_several_messages_go_out_as_one() -> None:
    """Entries once and in order, those no longer listed left out; the last status; the end."""
    messages = [
        announcement(3, 4), announcement(4, 5, first=1), announcement(status="paused"),
        announcement(6, first=4), announcement(status="active"), announcement(ended=True),
    ]  # fmt: skip
    together = joined(messages)
    assert [entry["msn"] for entry in together.entries] == [4, 5, 6]
    assert (together.first, together.status, together.ended) == (4, "active", True)
    assert joined([announcement(7, first=2)]) == announcement(7, first=2)


def test_each_is_told_in_its_rendition() -> None:
    """The same entries, with the folder of what was subscribed to."""
    room = Room(qualities={"auto": ["a", "b"], RUNG: ["c"]})
    delivery = broadcaster(room).tell([announcement(1, first=1)])
    said = {call.connection_id: json.loads(call.texts[0]) for call in room.calls}
    name = announcement(1).entries[0]["name"]
    assert {who: (text["rendition"], text["url"]) for who, text in said.items()} == {
        "a": ("auto", None), "b": ("auto", None), "c": (RUNG, f"/media/rec_1/live/{RUNG}/{name}"),
    }  # fmt: skip
    assert (said["a"]["first"], said["a"]["sent_at"], delivery.sent, room.left) == (1, 1234.5, 3, [])


def test_those_who_are_gone_are_counted_out() -> None:
    """Some at a time, so that the next announcement is not kept waiting; the rest is found again."""
    gone = tuple(f"c{n}" for n in range(GONE_AT_ONCE + 5))
    room = Room(qualities={"auto": [*gone, "here"]}, gone=gone)
    broadcaster(room).tell([announcement(1)])
    assert room.left == list(gone[:GONE_AT_ONCE])


def test_the_end_closes_and_counts_out_everybody() -> None:
    """Last entries, status, end, goodbye."""
    room = Room(qualities={"auto": ["a"], RUNG: ["b"]})
    broadcaster(room).tell([announcement(5), announcement(status="stopped"), announcement(ended=True)])
    kinds = [[json.loads(text)["type"] for text in call.texts] for call in room.calls]
    assert kinds == [["segment", "status", "ended"]] * 2
    assert [call.close for call in room.calls] == [True, True]
    assert sorted(room.left) == ["a", "b"]


def test_an_audience_is_read_when_it_has_changed() -> None:
    """Not for each announcement; but nobody who came since is left out."""
    room = Room(qualities={"auto": ["a"]})
    teller = broadcaster(room)
    for _ in range(3):
        teller.tell([announcement(1)])
    room.qualities, room.versions = {"auto": ["a", "b"]}, 1
    teller.tell([announcement(2)])
    assert ([call.connection_id for call in room.calls], room.reads) == (["a", "a", "a", "a", "b"], 2)


def test_shards_share_what_an_account_may_do() -> None:
    """All of a stream's are told at once: each takes its part of the calls a second."""
    room = Room(occupied=(0, 1, 5), qualities={"auto": ["a"]})
    broadcaster(room).tell([announcement(1)])
    assert room.paces == [Pace(2000, 1000)]
    assert [room.paces[0].begins_after_s(index) for index in (0, 999, 2999)] == [0.0, 0.0, 1.0]
