"""From changes to deliveries: everything is told, and dying anywhere tells nothing twice under two names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.fakes import FakeClock, FakeQueue, FakeRecordings
from support.live_fakes import FakeStreams
from support.webhook_fakes import FakeBus, FakeDeliveries, FakeUntold, FakeWebhooks

from chalicelib.domain.live.stream import LiveStream, StreamStatus
from chalicelib.domain.recording import Recording, RecordingStatus
from chalicelib.domain.webhooks.changes import Change, EventType
from chalicelib.domain.webhooks.endpoint import Webhook
from chalicelib.domain.webhooks.messages import DeliverMessage, Subject, TellMessage, parse_webhook_message
from chalicelib.errors import Transient
from chalicelib.services.webhook_telling import Hints, Teller

ID = "rec_0123456789abcdefghij"
RECORDING = Recording(
    ID, "ada", "Lecture", "a.mp4", "video/mp4", 3, RecordingStatus.READY, 1.0, 2.0, room_id="r", stream_id="live_1"
)
STREAM = LiveStream("live_1", "r", "ada", ID, StreamStatus.ACTIVE, 100.0)
READY = Change(EventType.RECORDING_READY, 50.0)
ENDED = Change(EventType.LIVE_ENDED, 60.0)
TELL = TellMessage(Subject.RECORDING, ID)


class Killed(Exception):
    """The process died here."""


class World:
    """A teller with one recording, one stream, and webhooks of two people."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.recordings = FakeRecordings(self.clock, {ID: RECORDING})
        self.streams = FakeStreams({STREAM.id: STREAM})
        self.by_recordings, self.by_streams = FakeUntold(), FakeUntold()
        self.webhooks, self.deliveries, self.bus, self.queue = FakeWebhooks(), FakeDeliveries(), FakeBus(), FakeQueue()
        for owner, name, events in (("ada", "wh_1", ("*",)), ("ada", "wh_2", ("live.ended",)), ("bob", "wh_3", ("*",))):
            self.webhooks.create(Webhook(name, owner, "https://a.test/", events, 1.0))
        self.teller = Teller(
            recordings=self.recordings,
            streams=self.streams,
            told_by_recordings=self.by_recordings,
            told_by_streams=self.by_streams,
            webhooks=self.webhooks,
            deliveries=self.deliveries,
            bus=self.bus,
            queue=self.queue,
            clock=self.clock,
            public_url="https://x.test",
        )

    def sent(self) -> list[DeliverMessage]:
        """Return the attempts that were asked for."""
        found = [parse_webhook_message(body) for body, _, _ in self.queue.messages]
        return [message for message in found if isinstance(message, DeliverMessage)]


@pytest.fixture
def world() -> World:
    """Return a world in which nothing has happened."""
    return World()


def test_a_change_reaches_those_who_want_it(world: World) -> None:
    """The owner's webhooks that have subscribed, and the bus; then the row has nothing to tell any more."""
    world.by_recordings.rows[ID] = [READY.dumps()]
    assert world.teller.tell(TELL) == 1
    (delivery,) = world.deliveries.rows.values()
    assert (delivery.webhook_id, delivery.type, delivery.payload["data"]["recording"]["title"]) == (
        "wh_1",
        "recording.ready",
        "Lecture",
    )
    assert [message.delivery_id for message in world.sent()] == [delivery.id]
    assert [event.id for event in world.bus.events] == [delivery.event_id]
    assert world.by_recordings.rows == {}
    assert world.teller.tell(TELL) == 0


def test_streams_tell_of_themselves(world: World) -> None:
    """With the recording they make, in whatever state it is."""
    world.by_streams.rows[STREAM.id] = [ENDED.dumps()]
    assert world.teller.tell(TellMessage(Subject.STREAM, STREAM.id)) == 1
    assert {d.webhook_id for d in world.deliveries.rows.values()} == {"wh_1", "wh_2"}
    data: dict[str, Any] = world.bus.events[0].payload["data"]
    assert (data["recording"]["id"], data["stream"]["id"], data["stream"]["status"]) == (ID, "live_1", "stopped")


def test_a_stream_outlives_its_recordings_row(world: World) -> None:
    """What is known of it is told."""
    world.recordings.delete(ID)
    world.by_streams.rows[STREAM.id] = [ENDED.dumps()]
    world.teller.tell(TellMessage(Subject.STREAM, STREAM.id))
    assert world.bus.events[0].data["recording"]["status"] == "deleted"
    assert world.bus.events[0].data["recording"]["id"] == ID


def test_the_bus_alone_can_be_told(world: World) -> None:
    """Without a webhook, and webhooks without a bus."""
    world.webhooks.rows.clear()
    world.by_recordings.rows[ID] = [READY.dumps()]
    world.teller.tell(TELL)
    assert len(world.bus.events) == 1
    world.by_recordings.rows[ID] = [READY.dumps()]
    assert replace(world.teller, bus=None).tell(TELL) == 1


def test_what_happens_meanwhile_is_not_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row keeps all of it, and the message comes again."""
    world.by_recordings.rows[ID] = [READY.dumps()]
    put = world.bus.put

    def busy(event: Any) -> None:
        world.by_recordings.rows[ID] = [READY.dumps(), Change(EventType.RECORDING_DELETED, 70.0).dumps()]
        put(event)

    monkeypatch.setattr(world.bus, "put", busy)
    with pytest.raises(Transient):
        world.teller.tell(TELL)
    monkeypatch.setattr(world.bus, "put", put)
    assert world.teller.tell(TELL) == 2
    assert sorted({d.type for d in world.deliveries.rows.values()}) == ["recording.deleted", "recording.ready"]
    assert len({d.event_id for d in world.deliveries.rows.values()}) == 2


@pytest.mark.parametrize("step", ["create", "send", "put", "told"])
@pytest.mark.parametrize("after", [False, True])
def test_dying_at_any_step_loses_nothing(monkeypatch: pytest.MonkeyPatch, step: str, *, after: bool) -> None:
    """Before or after each write: the message comes again, and every webhook has one delivery, with a message."""
    world = World()
    world.by_streams.rows[STREAM.id] = [ENDED.dumps()]
    tell = TellMessage(Subject.STREAM, STREAM.id)
    of = {"create": world.deliveries, "send": world.queue, "put": world.bus, "told": world.by_streams}[step]
    real = getattr(of, step)

    def dies(*args: Any, **kwargs: Any) -> None:
        if after:
            real(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(of, step, dies)
        with pytest.raises(Killed):
            world.teller.tell(tell)
    world.teller.tell(tell)
    assert sorted(d.webhook_id for d in world.deliveries.rows.values()) == ["wh_1", "wh_2"]
    assert {m.delivery_id for m in world.sent()} == {d.id for d in world.deliveries.rows.values()}
    assert len({event.id for event in world.bus.events}) == 1
    assert world.by_streams.rows == {}


def test_a_bus_that_refuses_is_tried_again(world: World) -> None:
    """The row goes on having it to tell; webhooks need not wait for the bus."""
    world.bus.refuses = True
    world.by_recordings.rows[ID] = [READY.dumps()]
    with pytest.raises(Transient):
        world.teller.tell(TELL)
    assert len(world.sent()) == 1
    assert world.by_recordings.rows[ID] == [READY.dumps()]


def test_the_sweep_makes_up_for_lost_hints(world: World) -> None:
    """For recordings and streams alike."""
    world.clock.time = ENDED.at + 20
    world.by_recordings.rows[ID] = [READY.dumps()]
    world.by_streams.rows["live_1"] = [ENDED.dumps()]
    assert world.teller.sweep() == 2
    asked = [parse_webhook_message(body) for body, _, _ in world.queue.messages]
    assert asked == [TELL, TellMessage(Subject.STREAM, "live_1")]


def test_a_hint_that_cannot_be_sent_breaks_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The write it follows has succeeded."""
    hints = Hints(world.queue)
    hints.hint(Subject.RECORDING, ID, "ada")
    assert [parse_webhook_message(body) for body, _, _ in world.queue.messages] == [TELL]

    def busy(*_args: object, **_kwargs: object) -> None:
        raise Transient("queue_refused", "Busy.")

    monkeypatch.setattr(world.queue, "send", busy)
    hints.hint(Subject.RECORDING, ID, "ada")
