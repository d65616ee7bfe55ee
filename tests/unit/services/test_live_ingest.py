"""Epochs claimed, uploads signed, and bare PUTs placed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from support.fakes import FakeClock, FakeObjects
from support.live_fakes import FakePuts, FakeStreams, put_state

from chalicelib.domain.live.health import IngestHealth
from chalicelib.domain.live.state import LiveState
from chalicelib.domain.live.stream import Container, Epoch, Input, LiveStream, Run, StreamStatus
from chalicelib.errors import HeadwaterError
from chalicelib.services.live_ingest import MAX_EPOCHS, URL_TTL_S, LiveIngest
from chalicelib.services.live_states import LiveStates
from chalicelib.services.livestream import key_sha

ID, KEY = "live_0123456789abcdefghij", "sk_right"
PRIMARY, BACKUP, FMP4, TS = Input.PRIMARY, Input.BACKUP, Container.FMP4, Container.MPEGTS


@dataclass
class Gate:
    """One stream that is on."""

    clock: FakeClock = field(default_factory=FakeClock)
    streams: FakeStreams = field(default_factory=FakeStreams)
    source: FakeObjects = field(default_factory=FakeObjects)

    def __post_init__(self) -> None:
        self.ingest = LiveIngest(self.streams, self.streams, LiveStates(self.source), FakePuts(), self.clock)
        self.streams.rows[ID] = LiveStream(
            ID, "hall", "anna", "rec_1", StreamStatus.ACTIVE, self.clock.time, key_sha=key_sha(KEY)
        )

    @property
    def stream(self) -> LiveStream:
        """The row."""
        return self.streams.rows[ID]

    def claim(self, input_: Input = PRIMARY, container: Container = FMP4) -> Epoch:
        """Claim an epoch with the right key."""
        return self.ingest.claim(ID, KEY, input_, container, None)[1]

    def put(self, name: str, input_: Input = PRIMARY, after_s: float = 2.0) -> str | None:
        """Send a file some seconds later; returns where it goes, below the stream's own prefix."""
        self.clock.time += after_s
        key = self.ingest.route(ID, KEY, input_, name)
        return key and key.removeprefix(f"ingest/{ID}/")

    def segment_came(self) -> None:
        """Note a segment of the encoder on the air, now."""
        health = IngestHealth(last_segment_at=self.clock.time, segments=1)
        put_state(self.source, replace(LiveState.begin(self.stream), health=health))


def code(call: object, *args: object) -> str:
    """Return the code that a call is refused with."""
    assert callable(call)
    with pytest.raises(HeadwaterError) as refused:
        call(*args)
    return refused.value.code


@pytest.fixture
def gate() -> Gate:
    """Return one."""
    return Gate()


@pytest.mark.parametrize(("stream_id", "key"), [(ID, "sk_wrong"), (ID, ""), (ID[:-1] + "k", KEY), ("../x", KEY)])
def test_a_wrong_key_and_no_stream_look_alike(gate: Gate, stream_id: str, key: str) -> None:
    """For every call."""
    assert code(gate.ingest.open, stream_id, key) == "stream_not_found"
    assert code(gate.ingest.claim, stream_id, key, PRIMARY, FMP4, None) == "stream_not_found"
    assert code(gate.ingest.sign, stream_id, key, 1, ["0.m4s"]) == "stream_not_found"
    assert code(gate.ingest.route, stream_id, key, PRIMARY, "live.m3u8") == "stream_not_found"


def test_nothing_goes_to_a_stream_that_is_over(gate: Gate) -> None:
    """Its key still shows how it went."""
    gate.claim()
    gate.streams.stop(ID, now=1.0)
    assert code(gate.claim) == "stream_stopped"
    assert code(gate.ingest.sign, ID, KEY, 1, ["0.m4s"]) == "stream_stopped"
    assert code(gate.put, "live.m3u8") == "stream_stopped"
    assert gate.ingest.open(ID, KEY).status is StreamStatus.STOPPED


def test_claims_count_up_and_fence_off(gate: Gate) -> None:
    """The newest of an input is on the air at once; the one before gets no more addresses."""
    first, second = gate.claim(), gate.claim()
    assert (first.number, second.number, gate.stream.on_air) == (1, 2, second)
    assert code(gate.ingest.sign, ID, KEY, 1, ["0.m4s"]) == "epoch_superseded"
    assert code(gate.ingest.sign, ID, KEY, 3, ["0.m4s"]) == "epoch_superseded"
    signed = gate.ingest.sign(ID, KEY, 2, ["init.mp4", "0.m4s", "17.ts"])
    prefix = f"https://s3.test/ingest/{ID}/2/"
    assert signed.urls == {name: f"{prefix}{name}?ttl={URL_TTL_S}" for name in ("init.mp4", "0.m4s", "17.ts")}
    assert signed.expires_at == gate.clock.time + URL_TTL_S


@pytest.mark.parametrize("name", ["", "../0.m4s", "00.m4s", "0.m3u8", "a.m4s", "0.m4s\n", "1234567890123.ts"])
def test_names_are_ours(gate: Gate, name: str) -> None:
    """Whatever else would land where nobody looks."""
    gate.claim()
    assert code(gate.ingest.sign, ID, KEY, 1, ["0.m4s", name]) == "ingest_bad_name"


def test_of_two_claims_at_once_both_succeed(gate: Gate) -> None:
    """One after the other; only where there is no end of others it is given up for now."""
    gate.streams.races = 3
    assert gate.claim().number == 1
    gate.streams.races = 1000
    assert code(gate.claim) == "stream_contended"


def test_a_backup_waits_while_the_primary_sends(gate: Gate) -> None:
    """Also while that one has only just claimed its epoch; once it is silent the backup goes on the air."""
    primary = gate.claim()
    assert gate.claim(BACKUP) != gate.stream.on_air
    gate.clock.time += 60
    gate.segment_came()
    gate.claim(BACKUP)
    assert gate.stream.on_air == primary
    gate.clock.time += 2 * gate.stream.target_s + 1
    assert gate.claim(BACKUP) == gate.stream.on_air
    assert [run.epoch for run in gate.stream.runs] == [1, 4]


def test_epochs_end_somewhere(gate: Gate) -> None:
    """A row has a size."""
    epochs = tuple(Epoch(n, PRIMARY, FMP4, 0.0) for n in range(1, MAX_EPOCHS + 1))
    gate.streams.rows[ID] = replace(gate.stream, epochs=epochs, runs=(Run(1, 0),))
    assert code(gate.claim) == "epochs_exhausted"


def test_a_bare_encoder(gate: Gate) -> None:
    """Its init segment begins an epoch, its playlists go nowhere, its numbers are kept."""
    sent = ["init.mp4", "live.m3u8", "s00000.m4s", "live.m3u8", "s00001.m4s"]
    assert [gate.put(name) for name in sent] == ["1/init.mp4", None, "1/0.m4s", None, "1/1.m4s"]
    assert gate.stream.epochs == (Epoch(1, PRIMARY, FMP4, gate.clock.time - 8.0),)
    assert code(gate.put, "s00002.webm") == "ingest_bad_name"


def test_a_bare_encoder_that_restarts(gate: Gate) -> None:
    """With another init segment, which may be overtaken by its first segment."""
    for name in ("init.mp4", "s0.m4s", "s1.m4s"):
        gate.put(name)
    assert [gate.put(name) for name in ("init.mp4", "s0.m4s")] == ["2/init.mp4", "2/0.m4s"]
    gate.put("s1.m4s")
    assert [gate.put("s0.m4s", after_s=5.0), gate.put("init.mp4", after_s=0.1)] == ["3/0.m4s", "3/init.mp4"]


def test_a_transport_stream_that_restarts(gate: Gate) -> None:
    """Nothing but its numbers says so; one that comes late stays where it belongs."""
    sent = [("a9.ts", 2.0), ("a8.ts", 0.1), ("a10.ts", 2.0), ("a0.ts", 1.0), ("a1.ts", 2.0), ("a1.ts", 4.0)]
    assert [gate.put(name, after_s=wait) for name, wait in sent] == [
        "1/9.ts",
        "1/8.ts",
        "1/10.ts",
        "2/0.ts",
        "2/1.ts",
        "3/1.ts",
    ]


def test_another_container_is_another_encoder(gate: Gate) -> None:
    """Whatever the numbers say."""
    assert [gate.put("a1.ts"), gate.put("init.mp4"), gate.put("s2.m4s")] == ["1/1.ts", "2/init.mp4", "2/2.m4s"]
    assert [epoch.container for epoch in gate.stream.epochs] == [TS, FMP4]


def test_inputs_are_apart(gate: Gate) -> None:
    """The backup has its own epochs, and stands by."""
    assert [gate.put("s5.ts"), gate.put("s5.ts", BACKUP), gate.put("s6.ts")] == ["1/5.ts", "2/5.ts", "1/6.ts"]
    assert gate.stream.on_air == gate.stream.epoch(1)


def test_a_zombie_is_refused(gate: Gate) -> None:
    """While it goes on sending; silent and back it is an encoder like any other."""
    gate.put("s1.ts")
    agent = gate.claim()
    assert [code(gate.put, f"s{n}.ts") for n in (2, 3, 4)] == ["epoch_superseded"] * 3
    assert gate.stream.on_air == agent
    assert gate.put("s5.ts", after_s=3.5) == "3/5.ts"


def test_puts_at_once(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two that begin an epoch one does, and the other finds it."""
    swap, others = gate.streams.swap_push, iter([True])

    def raced(*args: object) -> bool:
        if next(others, False):
            gate.ingest.route(ID, KEY, PRIMARY, "init.mp4")
        return swap(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(gate.streams, "swap_push", raced)
    assert gate.put("s0.m4s") == "1/0.m4s"
    assert gate.stream.last_epoch == 1
    gate.streams.races = 1000
    assert code(gate.put, "init.mp4") == "stream_contended"
