"""The live queue: S3's events and our messages reach their service, with their time; what fails comes again soon."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from support.fakes import FakeClock
from support.lambda_events import Context, sqs_event

from chalicelib.domain.live.messages import AnnounceMessage, FinishMessage, IngestMessage, StillsMessage, TickMessage
from chalicelib.entrypoints.on_live_segment import on_live_segment
from chalicelib.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "ingest/live_0123456789abcdefghij/1/7.m4s"


@dataclass
class Service:
    """Everything behind the function: remembers calls, fails on demand."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)

    def ingest(self, key: str, at: float, _hold: object, *, remaining_s: float, last_try: bool) -> None:
        """Take an object."""
        self._called("ingest", key, at, remaining_s, last_try)

    def tick(self, message: TickMessage) -> None:
        """Look at the clock."""
        self._called("tick", message)

    def finish(self, message: FinishMessage) -> None:
        """Make a recording."""
        self._called("finish", message)

    def handle(self, message: StillsMessage, _hold: object, *, remaining_s: float) -> None:
        """Make stills."""
        self._called("stills", message, remaining_s)

    def change_visibility(self, _receipt: str, seconds: int) -> bool:
        """Hide a message."""
        self.hidden.append(seconds)
        return True

    def _called(self, *call: Any) -> None:
        self.calls.append(call)
        if self.errors:
            raise self.errors.pop(0)


@pytest.fixture
def service(serve_live: Callable[[str, object], None], serve: Callable[[str, object], None]) -> Service:
    """One for all."""
    one = Service()
    for builder in ("live_queue", "packager", "finisher", "stills_maker"):
        serve_live(builder, one)
    serve("clock", FakeClock(5.0))
    return one


def deliver(*bodies: str, tries: int = 1) -> list[str]:
    """Invoke the function; returns the ids of the messages it gives back."""
    event = sqs_event(*bodies)
    for record in event["Records"]:
        record["attributes"] = record["attributes"] | {"ApproximateReceiveCount": str(tries)}
    answer: dict[str, Any] = on_live_segment(event, Context(60_000))
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def created(*keys: str, at: str = "1970-01-01T00:00:01.500Z") -> str:
    """S3's notification of objects."""
    entries = [{"bucket": {"name": "b"}, "object": {"key": key, "size": 1, "eTag": "e"}} for key in keys]
    return json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "eventTime": at, "s3": s3} for s3 in entries]})


def test_an_object_is_taken_with_the_time_it_landed(service: Service) -> None:
    """S3 says when; where it does not, it is now. Our own message says it as well."""
    assert deliver(created(KEY, "ingest/b"), created(KEY, at="?"), IngestMessage(KEY, 2.5).dumps()) == []
    assert service.calls == [
        ("ingest", KEY, 1.5, 60.0, False),
        ("ingest", "ingest/b", 1.5, 60.0, False),
        ("ingest", KEY, 5.0, 60.0, False),
        ("ingest", KEY, 2.5, 60.0, False),
    ]


def test_how_long_it_lay_is_told(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    """Of what S3 told; not of what failed and comes again."""
    service.errors = [Transient("s3_unavailable", "Again.")]
    deliver(created(KEY))
    deliver(created(KEY))
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert [record["LiveLag"] for record in said if "LiveLag" in record] == [[3.5]]


def test_each_message_goes_to_its_service(service: Service) -> None:
    """By its kind."""
    messages = [TickMessage("live_0"), FinishMessage("live_0", 2), StillsMessage("live_0")]
    assert deliver(*(message.dumps() for message in messages)) == []
    assert service.calls == [("tick", messages[0]), ("finish", messages[1]), ("stills", messages[2], 60.0)]


@pytest.mark.parametrize(("tries", "pause_s", "last"), [(1, 1, False), (3, 3, False), (8, 8, True), (40, 10, True)])
def test_what_fails_comes_again(service: Service, tries: int, pause_s: int, last: bool) -> None:  # noqa: FBT001
    """Soon at first; the eighth try knows that it is the last. The rest of the batch is not held up."""
    service.errors = [Transient("init_missing", "Not yet.")]
    assert deliver(created(KEY), TickMessage("live_0").dumps(), tries=tries) == ["m0"]
    assert (service.hidden, service.calls[0][-1], len(service.calls)) == ([pause_s], last, 2)


@pytest.mark.parametrize(
    "body", ["", "{}", AnnounceMessage("live_0", "rec_0", 0).dumps(), '{"kind": "live-x", "v": 1}']
)
def test_what_is_not_for_us_is_dropped(service: Service, body: str) -> None:
    """It does not come again."""
    assert (deliver(body), service.calls) == ([], [])


def test_what_cannot_succeed_is_dropped(service: Service) -> None:
    """A picture that cannot be made is no reason to try for ever."""
    service.errors = [Permanent("stills_failed", "No picture.")]
    assert deliver(StillsMessage("live_0").dumps()) == []
