"""The cloud's stores: in-memory ports behind calls that take time and fail, indexes that lag, and a book of it all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from support.fakes import FakeJobs, FakeLedger, FakeObjects, FakeRecordings, FakeUploads
from support.live_fakes import FakeSegments, FakeStreams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from simulation.hub import Hub

K = TypeVar("K")
V = TypeVar("V")

ABSENT: Any = object()


class Remembering(dict[K, V]):
    """Rows that know what they were, and tell `watch` (key, before, after) of every change; None stands for no row."""

    def __init__(self, hub: Hub, watch: Callable[[K, V | None, V | None], None] | None = None) -> None:
        """Take the time from a hub."""
        super().__init__()
        self._hub = hub
        self._watch = watch
        self._past: list[tuple[float, K, V | None]] = []

    def __setitem__(self, key: K, value: V) -> None:
        """Set, remember, tell."""
        before = self.get(key)
        super().__setitem__(key, value)
        self._changed(key, before, value)

    def __delitem__(self, key: K) -> None:
        """Remove, remember, tell."""
        before = self.get(key)
        super().__delitem__(key)
        self._changed(key, before, None)

    def pop(self, key: K, default: Any = ABSENT) -> Any:
        """Remove and return, likewise."""
        if key not in self:
            if default is ABSENT:
                raise KeyError(key)
            return default
        value = self[key]
        del self[key]
        return value

    def setdefault(self, key: K, default: V) -> V:  # type: ignore[override]  # no row is None
        """Set unless it is there."""
        if key not in self:
            self[key] = default
        return self[key]

    def as_of(self, when: float) -> dict[K, V]:
        """Return the rows as they were."""
        rows = dict(self)
        for at, key, before in reversed(self._past):
            if at <= when:
                break
            if before is None:
                rows.pop(key, None)
            else:
                rows[key] = before
        return rows

    def _changed(self, key: K, before: V | None, after: V | None) -> None:
        self._past.append((self._hub.now, key, before))
        self._hub.note(key, after)
        if self._watch is not None:
            self._watch(key, before, after)


WRITES = frozenset(
    (
        *("create", "update", "name_stills", "swap_captions", "delete", "lease", "lease_hedge", "heartbeat_hedge"),
        *("heartbeat", "release", "forget_attempts", "commit", "record", "put_file", "put_bytes", "replace", "begin"),
        *("complete", "abort", "send", "start", "stop", "swap_push", "put", "join", "subscribe", "heard", "leave"),
        *("note_peak", "grow", "change_visibility", "deliver", "delete_stream"),
    )
)
ASIDE = frozenset(("read_url", "write_url", "part_url", "now", "token", "issue", "read"))
"""Computed by the adapter itself."""
INDEXED = frozenset(("by_owner", "by_status", "by_recording"))
"""Read from an index, which is behind."""


class Port:
    """What a process sees of a store. `behind` answers a method from the past."""

    def __init__(self, hub: Hub, name: str, store: Any, behind: Callable[[float], Any] | None = None) -> None:
        """Stand before `store`."""
        self._hub, self._name, self._store, self._behind = hub, name, store, behind

    def __getattr__(self, method: str) -> Any:
        """Return the store's method as a call of the cloud."""
        act = getattr(self._store, method)
        if method in ASIDE:
            return act

        def call(*args: Any, **kwargs: Any) -> Any:
            kept = [list(a) if hasattr(a, "__next__") else a for a in args]
            hub, name = self._hub, f"{self._name}.{method}"

            def indexed() -> Any:
                return self._read_index(method, kept, kwargs)

            if method in INDEXED:
                return hub.call(name, indexed, writes=False)
            return hub.call(name, lambda: act(*kept, **kwargs), writes=method in WRITES)

        return call

    def _read_index(self, method: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        hub, store = self._hub, self._store
        if self._behind is not None and hub.bad_luck(hub.weather.stale):
            store = self._behind(hub.now - hub.chance.uniform(0, 3))
        return getattr(store, method)(*args, **kwargs)


@dataclass
class Landing(FakeObjects):
    """A bucket that tells `landed` of every object, and `gone` of every one that is removed."""

    landed: Callable[[str, bytes], None] = lambda _key, _body: None
    gone: Callable[[str], None] = lambda _key: None
    hub: Hub | None = None

    def put_bytes(
        self, key: str, body: bytes, *, content_type: str, cache_control: str, metadata: dict[str, str] | None = None
    ) -> None:
        """Put, and tell."""
        super().put_bytes(key, body, content_type=content_type, cache_control=cache_control, metadata=metadata)
        self.history.clear()
        assert self.hub is not None
        self.hub.note("put", key, self.heads[key].etag)
        self.landed(key, body)

    def delete(self, keys: Iterable[str]) -> None:
        """Remove, and tell."""
        for key in list(keys):
            if key in self.bodies:
                super().delete([key])
                assert self.hub is not None
                self.hub.note("deleted", key)
                self.gone(key)


class Stores:
    """All there is. Plain attributes are the truth; `port` gives what a process may call."""

    def __init__(self, hub: Hub, clock: Any) -> None:
        """Begin empty."""
        self.hub = hub
        self.recordings = FakeRecordings(clock)
        self.recordings.rows = Remembering(hub)
        self.jobs = FakeJobs(Remembering(hub), Remembering(hub))
        self.ledger = FakeLedger(Remembering(hub))
        self.source = Landing(hub=hub, url="https://source.test/", time=lambda: float(int(hub.now)))
        self.media = Landing(hub=hub, url="https://media.test/", time=lambda: hub.now)
        self.uploads = FakeUploads(self.source)
        self.streams = FakeStreams(Remembering(hub))
        self.segments = FakeSegments(Remembering(hub))

    def ports(self) -> dict[str, Port]:
        """Return what processes call, by its builder's name in a container."""
        hub = self.hub

        def recordings(when: float) -> Any:
            return replace(self.recordings, rows=self.recordings.rows.as_of(when))  # type: ignore[attr-defined]

        def jobs(when: float) -> Any:
            return replace(self.jobs, rows=self.jobs.rows.as_of(when))  # type: ignore[attr-defined]

        def streams(when: float) -> Any:
            return replace(self.streams, rows=self.streams.rows.as_of(when))  # type: ignore[attr-defined]

        return {
            "recordings": Port(hub, "recordings", self.recordings, recordings),
            "jobs": Port(hub, "jobs", self.jobs, jobs),
            "ledger": Port(hub, "ledger", self.ledger),
            "source_objects": Port(hub, "source", self.source),
            "media_objects": Port(hub, "media", self.media),
            "uploads": Port(hub, "uploads", self.uploads),
            "streams": Port(hub, "streams", self.streams, streams),
            "segments": Port(hub, "segments", self.segments),
        }
