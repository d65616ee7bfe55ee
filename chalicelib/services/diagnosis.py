"""What an installation can say of its own health: for administrators, without a secret in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import chalicelib
from chalicelib.domain.documents import iso
from chalicelib.errors import HeadwaterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.services.ports import Clock, DeadLetters, Objects

BEAT_KEY = "state/schedule.json"
"""Object of the source bucket in which the schedule notes when it last ran."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """The schedule's note of its last run: whatever was lost is picked up by it, so that it must not stand still."""

    objects: Objects
    clock: Clock

    def beat(self) -> None:
        """Note that it ran."""
        body = json.dumps({"v": 1, "at": self.clock.now()}).encode()
        self.objects.put_bytes(BEAT_KEY, body, content_type="application/json", cache_control="no-store")

    def last(self) -> float | None:
        """Return when it last ran (Unix seconds); None when it never did."""
        body = self.objects.get(BEAT_KEY)
        return None if body is None else float(json.loads(body)["at"])


@dataclass(frozen=True, slots=True)
class Desk:
    """One queue: how many wait in it, and its dead letters."""

    waiting: Callable[[], int]
    dead: DeadLetters


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Tries what the API's function may do, one small read each, and reports what failed. `code_of` names a failure."""

    parts: Mapping[str, Callable[[], object]]
    desks: Mapping[str, Desk]
    pulse: Pulse
    clock: Clock
    code_of: Callable[[BaseException], str]

    def report(self) -> dict[str, Any]:
        """Return time, version, the schedule's last run, queues, and each part with a code where it failed."""
        return {
            "time": iso(self.clock.now()),
            "version": chalicelib.__version__,
            "schedule": self._schedule(),
            "queues": [self._queue(name, desk) for name, desk in self.desks.items()],
            "parts": [self._part(name, touch) for name, touch in self.parts.items()],
        }

    def _schedule(self) -> dict[str, Any]:
        last, code = self._tried(self.pulse.last)
        age_s = None if last is None else round(max(0.0, self.clock.now() - last), 1)
        return {"last_run": None if last is None else iso(last), "age_s": age_s, "code": code}

    def _queue(self, name: str, desk: Desk) -> dict[str, Any]:
        waiting, code = self._tried(desk.waiting)
        dead, code_of_dead = self._tried(desk.dead.count)
        return {"queue": name, "waiting": waiting, "dead_letters": dead, "code": code or code_of_dead}

    def _part(self, name: str, touch: Callable[[], object]) -> dict[str, Any]:
        _, code = self._tried(touch)
        return {"part": name, "ok": not code, "code": code}

    def _tried(self, do: Callable[[], Any]) -> tuple[Any, str]:
        """Return what came of it and an empty code, or None and the code of what went wrong."""
        try:
            return do(), ""
        except HeadwaterError as error:
            return None, self.code_of(error.__cause__ or error) or error.code
        except Exception as error:  # noqa: BLE001  whatever it is, it is what was asked for
            return None, self.code_of(error) or type(error).__name__
