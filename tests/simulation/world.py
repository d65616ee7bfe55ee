"""The whole product on one hub: its functions and services as deployed, its composition root over simulated ports."""

from __future__ import annotations

import contextlib
import io
import tempfile
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any
from unittest import mock

from support.stand_in import Died
from support.studio_deaths import Remembering

from chalicelib import analytics_container, container, diagnosis_container, live_container, webhook_container
from chalicelib.config import Settings
from chalicelib.domain.job import Priority
from chalicelib.domain.keys import recording_of_source
from chalicelib.domain.live.keys import INGEST
from chalicelib.entrypoints import (
    on_broadcast,
    on_encode,
    on_encode_high,
    on_lifecycle,
    on_live_segment,
    on_prepare,
    on_schedule,
    on_upload,
)
from chalicelib.errors import HeadwaterError, Rejected, Transient
from headwater.local.environment import Stack
from simulation.audience import SimConnections, SimSockets
from simulation.encoders import Serial, SimEncoder, SimProbe
from simulation.hub import Hub, HubClock, Weather
from simulation.queues import SimFifo, SimQueue, Source, s3_event
from simulation.stores import Port, Stores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

API_S, MINUTE_S = 29, 60
PATIENCE = 15
"""How often a person asks again for what got no answer."""
_TIMEOUTS = {"encode": 900, "encode_high": 900, "uploads": 120, "prepare": 900, "lifecycle": 300, "live": 60}
_HANDLERS = {
    "uploads": on_upload.on_upload,
    "encode": on_encode.on_encode,
    "encode_high": on_encode_high.on_encode_high,
    "prepare": on_prepare.on_prepare,
    "lifecycle": on_lifecycle.on_lifecycle,
    "live": on_live_segment.on_live_segment,
}
_CONTAINERS = (container, live_container)
_ELSEWHERE = (
    (analytics_container, "forgetting"),
    (analytics_container, "sweeps"),
    (webhook_container, "teller"),
    (webhook_container, "sender"),
    (diagnosis_container, "pulse"),
)
"""Parts of the functions that have no part in these histories."""


class Unanswered(Exception):
    """A request that ended with a 5xx or with nothing: the client does not know what happened."""


class _Nothing:
    """Does nothing whatever it is asked."""

    def __getattr__(self, _name: str) -> Callable[..., int]:
        return lambda *_, **__: 0


class World:
    """One history's cloud. `defects` collects what no fault excuses: a broken rule, an exception nobody planned."""

    def __init__(self, seed: int, weather: Weather | None = None) -> None:
        """Provision everything."""
        self.hub = hub = Hub(seed, weather)
        self.clock = HubClock(hub)
        self.stores = Stores(hub, self.clock)
        self.defects: list[str] = []
        self._requests = count()
        stack = Stack()
        self.queues = {name: self._queue(name, getattr(stack, name)) for name in _HANDLERS}
        fifo = stack.broadcast
        told = Source(
            "on_broadcast",
            self._guarded("on_broadcast", on_broadcast.on_broadcast),
            60,
            fifo.visibility_s,
            fifo.receives,
        )
        self.fifo = SimFifo(hub, told)
        self.connections = SimConnections(hub)
        self.sockets = SimSockets(hub)
        self.stores.source.landed = self._landed
        self.scratch = tempfile.TemporaryDirectory(prefix="headwater-simulation-")

    def _queue(self, name: str, spec: Any) -> SimQueue:
        workers = self.hub.chance.choice((1, 2, 4, 8))
        handler, timeout_s = self._guarded(f"on_{name}", _HANDLERS[name]), _TIMEOUTS[name]
        return SimQueue(self.hub, Source(f"on_{name}", handler, timeout_s, spec.visibility_s, spec.receives, workers))

    def _guarded(self, name: str, handler: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """A function that now and then starts cold, and whose unplanned exceptions are noted."""

        def call(event: Any, context: Any) -> Any:
            if self.hub.chance.random() < 0.1:
                self._forget()
            try:
                return handler(event, context)
            except (Transient, Died):
                raise
            except Exception as error:
                self.defects.append(f"{name} raised {error!r}")
                raise

        return call

    def _landed(self, key: str, body: bytes) -> None:
        """S3 tells the queue that an object has come."""
        if recording_of_source(key) is not None:
            queue = self.queues["uploads"]
        elif key.startswith(INGEST):
            queue = self.queues["live"]
        else:
            return
        hub = self.hub
        at = datetime.fromtimestamp(hub.now, UTC).isoformat()
        event = s3_event("headwater-local-source", key, len(body), self.stores.source.heads[key].etag, at)
        for _ in range(1 + hub.bad_luck(hub.weather.twice)):
            queue.put(event)

    @contextlib.contextmanager
    def open(self) -> Iterator[World]:
        """Put the simulated ports in the place of the real ones, while the history runs."""
        built, live = self._parts()
        with contextlib.ExitStack() as stack:
            for module, parts in ((container, built), (live_container, live)):
                for name, part in parts.items():
                    stack.enter_context(mock.patch.object(module, name, lambda part=part: part))
            for module, name in _ELSEWHERE:
                stack.enter_context(mock.patch.object(module, name, _Nothing))
            for name, made in self._adapters().items():
                stack.enter_context(mock.patch(f"chalicelib.adapters.{name}", lambda *_, made=made: made))
            for name in ("live_publishing", "live_work", "live_stills"):
                stack.enter_context(mock.patch(f"chalicelib.services.{name}.ThreadPoolExecutor", Serial))
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            stack.enter_context(self.scratch)
            self._forget()
            try:
                yield self
            finally:
                self._forget()

    def _parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the builders of `container` and of `live_container` return here."""
        hub, stores = self.hub, self.stores.ports()
        queues = {name: Port(hub, name, queue) for name, queue in self.queues.items()}
        settings = Settings(scratch_dir=self.scratch.name, live_profiles="rescue", live_shard_size=4)
        live = {
            "streams": stores.pop("streams"),
            "segments": stores.pop("segments"),
            "live_queue": queues["live"],
            "connections": Port(hub, "connections", self.connections),
            "sockets": Port(hub, "sockets", self.sockets),
            "settings": settings,
        }
        built = stores | {
            "uploads_queue": queues["uploads"],
            "prepare_queue": queues["prepare"],
            "lifecycle_queue": queues["lifecycle"],
            "encode_queues": {Priority.NORMAL: queues["encode"], Priority.HIGH: queues["encode_high"]},
            "clock": self.clock,
            "settings": settings,
            "grant_key": "00" * 32,
            "traces": None,
        }
        return built, live

    def _adapters(self) -> dict[str, Any]:
        """What builders make themselves, by module and class."""
        return {
            "ffmpeg.FfmpegEncoder": SimEncoder(self.hub, self.stores, Remembering()),
            "probe.PyAvProbe": SimProbe(self.hub, self.stores),
            "fifo.FifoQueue": Port(self.hub, "fifo", self.fifo),
        }

    def _forget(self) -> None:
        for module in _CONTAINERS:
            module.reset()

    def schedule(self) -> None:
        """Begin the function of every minute."""
        handler = self._guarded("on_schedule", on_schedule.on_schedule)

        def minute() -> None:
            event = dict.fromkeys(("version", "account", "region", "detail", "detail-type", "source", "time", "id"), "")
            self.hub.begin("on_schedule", lambda: handler(event | {"resources": []}, None), limit_s=120)
            self.hub.at(MINUTE_S, minute)

        self.hub.at(self.hub.chance.uniform(0, MINUTE_S), minute)

    def ask(self, name: str, work: Callable[[], Any]) -> Any:
        """Make a request, in a client's process; raises what the API refuses it with, or Unanswered."""

        def answer() -> Any:
            try:
                return work()
            except (Rejected, Transient, Died):
                raise
            except Exception as error:
                self.defects.append(f"{name} raised {error!r}")
                raise

        request = self.hub.begin(f"api {name} {next(self._requests)}", answer, limit_s=API_S)
        try:
            return self.hub.join(request)
        except Rejected:
            raise
        except (HeadwaterError, Died) as error:
            raise Unanswered(name) from error

    def ask_patiently(self, name: str, work: Callable[[], Any], asked: list[str]) -> Any:
        """Make a request again until it is answered; returns None for a refusal. `asked` hears what came of it."""
        for _ in range(PATIENCE):
            try:
                answer = self.ask(name, work)
            except Unanswered:
                self.hub.pause(self.hub.chance.uniform(0.5, 4))
            except Rejected as refusal:
                asked.append(f"{name}: {refusal.code}")
                return None
            else:
                asked.append(name)
                return answer
        self.defects.append(f"{name} was never answered")
        return None

    @property
    def idle(self) -> bool:
        """True when no message waits and nobody works but the schedule."""
        return all(queue.idle for queue in self.queues.values()) and self.fifo.idle
