"""One seeded scheduler: processes that take turns at every call they make, virtual time, and what goes wrong.

A process is a greenlet: it runs until it calls the cloud, and the scheduler decides who goes on next, and who dies. The
same seed gives the same history, whatever the machine does meanwhile.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet
from support.stand_in import Died

from chalicelib.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Callable

BEGIN = 1_800_000_000.0
"""Unix seconds at which every history begins."""


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad a history is. Odds are of one call, `budget` ends the bad times: after so many faults all is well."""

    budget: int = 0
    dies: float = 0.0
    """The process is killed, before its call or right after it."""
    refused: float = 0.0
    """The cloud throttles: nothing happened, and the adapter gives up."""
    unheard: float = 0.0
    """It happened, and the adapter saw a timeout."""
    repeated: float = 0.0
    """It happened, the answer was lost, and the SDK asked a second time."""
    slow: float = 0.0
    """The call takes up to a minute."""
    twice: float = 0.0
    """A message is delivered once more than needed, perhaps while it is worked on."""
    late: float = 0.0
    """A message or an event takes its time."""
    stale: float = 0.0
    """An index does not show the last seconds."""
    fails: float = 0.0
    """FFmpeg ends with an error."""
    hangs: float = 0.0
    """FFmpeg takes minutes."""
    skew_s: float = 0.0
    """Processes' clocks differ by up to so much."""

    @staticmethod
    def drawn(chance: Random) -> Weather:
        """One history's: a tenth are calm, the others have some faults or many, of some kinds."""
        if chance.random() < 0.1:
            return Weather()
        names = ("dies", "refused", "unheard", "repeated", "slow", "twice", "late", "stale", "fails", "hangs")
        top = {"twice": 0.4, "late": 0.4, "stale": 0.8, "fails": 0.15, "hangs": 0.15}
        odds = {name: chance.random() ** 2 * top.get(name, 0.05) for name in names if chance.random() < 0.6}
        return Weather(budget=chance.choice((3, 10, 30, 60)), skew_s=chance.choice((0.0, 0.0, 0.5, 2.0)), **odds)


@dataclass(eq=False, slots=True)
class Process:
    """One invocation, or a person's program. `deadline` in virtual Unix seconds; `immortal` ones meet no faults."""

    name: str
    body: greenlet
    deadline: float
    began: float
    skew_s: float = 0.0
    immortal: bool = False
    dead: bool = False
    over: bool = False
    result: Any = None
    error: BaseException | None = None
    waiting: list[Process] = field(default_factory=list)


class Hub:
    """Runs one history."""

    def __init__(self, seed: int, weather: Weather | None = None) -> None:
        """Draw the weather by the seed unless it is given."""
        self.chance = Random(f"headwater {seed}")  # noqa: S311  a history, no secret
        drawn = Weather.drawn(self.chance)
        self.weather = weather or drawn
        self.now = BEGIN
        self.faults: list[str] = []
        self.steps = 0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._tokens = count()
        self._alive: dict[greenlet, Process] = {}
        self._main = getcurrent()
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Stands for all that happened, in order: two runs of a seed have the same."""
        return self._digest.hexdigest()[:16]

    @property
    def alive(self) -> int:
        """How many processes there are."""
        return len(self._alive)

    def note(self, *facts: object) -> None:
        """Make something part of the digest."""
        self._digest.update(repr((round(self.now, 6), *facts)).encode())

    def at(self, delay_s: float, event: Callable[[], None]) -> None:
        """Have something happen `delay_s` from now."""
        heappush(self._events, (self.now + delay_s, next(self._numbers), event))

    def run(self, until: Callable[[], bool], *, limit_s: float) -> bool:
        """Let time pass until a condition holds; False when it does not within `limit_s` seconds."""
        end = self.now + limit_s
        while self._events and not until():
            if self._events[0][0] > end:
                return False
            self.now, _, event = heappop(self._events)
            self.steps += 1
            event()
        return until()

    def begin(self, name: str, work: Callable[[], Any], *, limit_s: float = 1e9, immortal: bool = False) -> Process:
        """Start a process; it takes its first step when its turn comes."""
        skew = 0.0 if immortal else self.chance.uniform(-1, 1) * self.weather.skew_s
        process = Process(name, greenlet(lambda: None), self.now + limit_s, self.now, skew, immortal)
        process.body = greenlet(lambda: self._live(process, work), self._main)
        self._alive[process.body] = process
        self.note("begin", name)
        self.at(0.0, lambda: self._step(process))
        return process

    def _live(self, process: Process, work: Callable[[], Any]) -> None:
        try:
            process.result = work()
        except BaseException as error:  # noqa: BLE001  what a process died of is judged elsewhere
            process.error = error
        process.over = True
        del self._alive[process.body]
        self.note("end", process.name, type(process.error).__name__)
        for other in process.waiting:
            self.at(0.0, lambda other=other: self._step(other))

    def _step(self, process: Process) -> None:
        if process.over:
            return
        if not process.dead and self.now > process.deadline:
            self.fault(f"{process.name} out of time")
            process.dead = True
        if process.dead:
            process.body.throw(Died)
        else:
            process.body.switch()

    def join(self, other: Process) -> Any:
        """Wait, in a process, for the end of another; returns its result or raises its error."""
        mine = self._alive[getcurrent()]
        if not other.over:
            other.waiting.append(mine)
            self._yield(mine)
        if other.error is not None:
            raise other.error
        return other.result

    @property
    def current(self) -> Process | None:
        """The process that runs, None for the scheduler itself."""
        return self._alive.get(getcurrent())

    def pause(self, seconds: float) -> None:
        """Let `seconds` pass in the process that calls."""
        process = self.current
        if process is None:
            return
        if not process.dead:
            self.at(seconds, lambda: self._step(process))
            self._yield(process)
        if process.dead:
            raise Died

    def _yield(self, process: Process) -> None:
        assert getcurrent() is process.body
        self._main.switch()

    def fault(self, what: str) -> None:
        """Count one."""
        self.faults.append(what)
        self.note("fault", what)

    def bad_luck(self, odds: float) -> bool:
        """True for a fault that happens now."""
        return odds > 0 and len(self.faults) < self.weather.budget and self.chance.random() < odds

    def call(self, name: str, act: Callable[[], Any], *, writes: bool) -> Any:
        """One call of the cloud by the process that runs: takes time, may fail, may be the last it ever makes."""
        process = self.current
        if process is None or process.immortal:
            self.pause(self.chance.uniform(0.001, 0.02))
            return act()
        if process.dead:
            raise Died
        weather = self.weather
        self._take_time(name)
        self.note(process.name, name)
        if self.bad_luck(weather.refused):
            self.fault(f"{name} refused")
            raise Transient("aws_unavailable", "The cloud throttles (simulated).")
        if not writes:
            return act()
        if self.bad_luck(weather.dies / 2):
            self._kill(process, f"{process.name} died before {name}")
        answer = act()
        if self.bad_luck(weather.repeated):
            self.fault(f"{name} repeated")
            answer = act()
        self.pause(self.chance.uniform(0.001, 0.02))
        if self.bad_luck(weather.dies / 2):
            self._kill(process, f"{process.name} died after {name}")
        if self.bad_luck(weather.unheard):
            self.fault(f"{name} unheard")
            raise Transient("aws_unavailable", "The answer was lost (simulated).")
        return answer

    def _take_time(self, name: str) -> None:
        if self.bad_luck(self.weather.slow):
            self.fault(f"{name} slow")
            self.pause(self.chance.uniform(1, 60))
        else:
            self.pause(self.chance.uniform(0.001, 0.02))

    def _kill(self, process: Process, what: str) -> None:
        self.fault(what)
        process.dead = True
        raise Died

    def token(self) -> str:
        """Return 20 characters that were never drawn before."""
        return f"{next(self._tokens):010d}{'0' * 10}"


class HubClock:
    """ports.Clock of whoever asks: virtual time, as wrong as the process's own clock is."""

    def __init__(self, hub: Hub) -> None:
        """Read a hub's time."""
        self._hub = hub

    def now(self) -> float:
        """Unix seconds."""
        process = self._hub.current
        return self._hub.now + (process.skew_s if process else 0.0)

    def token(self) -> str:
        """Return 20 characters."""
        return self._hub.token()
