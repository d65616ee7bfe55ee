"""Trials of one kind, many recordings at a time: upload, strike, wait, check, delete, sweep."""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from support.stack import someone

from faults import checks
from faults.person import NotCured, Person

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from faults.checks import Clip
    from faults.cloud import FaultyCloud
    from faults.plan import Plan
    from faults.strikes import Strike

END_WITHIN_S = 600.0
"""Longer than four leases that run out one after the other, while a batch of others waits for the same workers."""
_LOOK_S = 0.5
_AT_ONCE = 3
"""Uploads."""
_EACH = 5
_STRICT = 3
"""Recordings of a batch whose playlists hls-parser reads too."""


@dataclass
class Trial:
    """One recording and what strikes it. `random` is the seed's; kinds draw everything from it."""

    seed: int
    random: random.Random
    recording_id: str = ""
    strikes: list[Strike] = field(default_factory=list)
    struck: int = 0
    code: str = ""
    """What it ended with at first, where a retry had to cure that."""
    broken: list[str] = field(default_factory=list)

    @property
    def mark(self) -> str:
        """In its title, so that strikes know it before it has an id."""
        return f"trial-{self.seed:05d}-"


@dataclass(frozen=True)
class Kind:
    """One kind of fault. `arm` makes a trial's strikes; `meanwhile` does what no call brings about."""

    name: str
    how: str
    arm: Callable[[Trial], Sequence[Strike]]
    codes: frozenset[str] = frozenset()
    """Codes with which a recording may end at first; a retry has to cure them."""
    meanwhile: Callable[[FaultyCloud, Batch], None] | None = None
    plan: Callable[[Plan], Plan] = lambda plan: plan
    batch: int = 25


@dataclass
class Batch:
    """Trials that are in flight together."""

    cloud: FaultyCloud
    kind: Kind
    trials: list[Trial]
    clips: Sequence[Clip]
    people: list[Person] = field(init=False)
    uploaded: bool = False
    codes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        # A few recordings each: nobody may call as often as a batch of them would
        many = -(-len(self.trials) // _EACH)
        self.people = [Person(self.cloud, someone(self.kind.name)) for _ in range(many)]

    def person(self, trial: Trial) -> Person:
        """Whose recording it is."""
        return self.people[trial.seed % len(self.people)]

    @property
    def failed(self) -> list[str]:
        """Answers that made somebody ask again."""
        return [what for person in self.people for what in person.failed]

    def clip(self, trial: Trial) -> Clip:
        """The source of a trial."""
        return self.clips[trial.seed % len(self.clips)]

    def run(self) -> list[str]:
        """Do all of it; returns what is wrong with the stack as a whole. What a trial broke stands in it."""
        for trial in self.trials:
            trial.strikes = list(self.kind.arm(trial))
        self.cloud.proxy.arm(strike for trial in self.trials for strike in trial.strikes)
        with ThreadPoolExecutor(_AT_ONCE + 1) as people:
            going = people.submit(self.kind.meanwhile, self.cloud, self) if self.kind.meanwhile else None
            list(people.map(self._upload, self.trials))
            self.uploaded = True
            if going:
                going.result()
        self._await_ends()
        self._cure()
        for number, trial in enumerate(self.trials):
            if not trial.broken:
                strictly = number < _STRICT
                trial.broken += checks.broken_rules(
                    self.cloud, self.person(trial), trial.recording_id, self.clip(trial), strictly=strictly
                )
        broken = self._stack_rules()
        broken += self._remove()
        self.cloud.proxy.disarm()
        for trial in self.trials:
            trial.struck += sum(strike.struck for strike in trial.strikes)
        for person in self.people:
            person.close()
        return broken

    def _upload(self, trial: Trial) -> None:
        clip = self.clip(trial)
        for strike in trial.strikes:
            strike.mark = trial.mark
        try:
            created = self.person(trial).create(f"{trial.mark}{self.kind.name}", len(clip.body))
            trial.recording_id = str(created["recording"]["id"])
            for strike in trial.strikes:
                strike.recording = trial.recording_id
            self.person(trial).send(trial.recording_id, clip.body)
        except (NotCured, AssertionError) as error:
            trial.broken.append(f"upload: {error}")

    def _await_ends(self) -> None:
        """Wait until every recording has come to an end, and no message of any is left."""
        deadline = time.monotonic() + END_WITHIN_S
        while True:
            open_ = [
                trial
                for trial in self.trials
                if not trial.broken and checks.status_of(self.cloud, trial.recording_id) not in checks.ENDS
            ]
            messages = self.cloud.messages(dead=False)
            if not open_ and not messages:
                return
            if time.monotonic() > deadline:
                for trial in open_:
                    trial.broken.append(f"still {checks.status_of(self.cloud, trial.recording_id)}")
                return
            time.sleep(_LOOK_S)

    def _cure(self) -> None:
        """Let those go on that ended with a code which the kind explains."""
        self.codes.clear()
        ended = [t for t in self.trials if not t.broken and self._ended_with(t)]
        for trial in ended:
            trial.code = self._ended_with(trial)
            if trial.code not in self.kind.codes:
                trial.broken.append(f"ended with {trial.code}")
                continue
            self.codes[trial.code] += 1
            for strike in trial.strikes:
                strike.times = 0
            answer = self.person(trial).ask("POST", f"/recordings/{trial.recording_id}/transcode/retry", json={})
            if answer.status_code >= 300:
                trial.broken.append(f"retry answers {answer.status_code}: {answer.text}")
        if ended:
            self._await_ends()

    def _ended_with(self, trial: Trial) -> str:
        row = self.cloud.item("recordings", trial.recording_id)
        return str(row.get("error_code", {}).get("S", "")) if row.get("status", {}).get("S") == "errored" else ""

    def _stack_rules(self) -> list[str]:
        broken = [f"dead letter: {queue} {body[:200]}" for queue, body in self.cloud.messages(dead=True)]
        deadline = time.monotonic() + 20
        while (litter := self.cloud.litter()) and time.monotonic() < deadline:
            time.sleep(_LOOK_S)
        return broken + [f"left behind: {what}" for what in litter]

    def _remove(self) -> list[str]:
        """Delete whatever these people have; returns what of it is left anywhere after both passes."""
        marks = {mark for trial in self.trials for mark in self.cloud.proxy.learned.marks(trial.recording_id) if mark}
        try:
            for person in self.people:
                for recording_id in person.mine():
                    marks.add(recording_id)
                    person.ask("DELETE", f"/recordings/{recording_id}")
        except NotCured as error:
            return [f"delete: {error}"]
        deadline = time.monotonic() + END_WITHIN_S
        while time.monotonic() < deadline:
            left = [row for mark in marks for row in self.cloud.rows(mark)]
            if not left:
                return []
            time.sleep(_LOOK_S)
        return [f"left after the delete: {row[:200]}" for row in left]


def trials(seeds: Sequence[int], kind: Kind) -> list[Trial]:
    """Make a kind's trials: the same for the same seeds."""
    return [Trial(seed, random.Random(f"{kind.name} {seed}")) for seed in seeds]  # noqa: S311  repeatable, no secret
