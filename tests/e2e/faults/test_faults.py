"""Every kind of fault once, all at the same time, on one stack; `make faults` tries each of them many times."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from faults import clips, tokens
from faults.cloud import FaultyCloud
from faults.kinds import DEADLINE_S, KINDS, MEMORY_MB
from faults.plan import Plan, may_mount
from faults.trial import Batch, Kind, trials

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from faults.strikes import Strike
    from faults.trial import Trial

pytestmark = pytest.mark.e2e
DISK = "disk-full"
RESTART = "router-killed"
SEED = 7


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyCloud]:
    """A stack with small disks, little memory, little time, and clocks that disagree."""
    yield from running(tmp_path_factory)


@pytest.fixture
def whole_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyCloud]:
    """One of a test's own: a second try must not find what the first has broken."""
    yield from running(tmp_path_factory)


def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyCloud]:
    """Start such a stack, and stop it."""
    plan = Plan({"on_encode": DEADLINE_S}, {"on_encode": MEMORY_MB}, encoders=4, skews_s=(0.0, 300.0, -300.0))
    if may_mount():
        plan = replace(plan, scratch_mb=8)
    elif os.environ.get("CI"):
        pytest.fail("this machine lets nobody make namespaces: no disk can be filled")
    cloud = FaultyCloud(tmp_path_factory.mktemp("faults") / "data", plan=plan)
    cloud.start()
    yield cloud
    stopped = cloud.stop()
    cloud.proxy.stop()
    assert stopped == 0, "".join(cloud.output)


def mixture(cloud: FaultyCloud) -> tuple[Kind, list[Kind]]:
    """One kind made of all, and which trial is struck by which."""
    kinds = [kind for kind in KINDS.values() if cloud.plan.scratch_mb or kind.name != DISK]

    def arm(trial: Trial) -> Sequence[Strike]:
        strikes = kinds[trial.seed - SEED].arm(trial)
        for strike in strikes:
            strike.skip = 0  # whatever the dice say: each has to strike
        return strikes

    codes = frozenset[str]().union(*(kind.codes for kind in kinds))
    return Kind("all", "", arm, codes, KINDS[RESTART].meanwhile), kinds


@pytest.mark.timeout(1200)
def test_nothing_is_lost_whatever_breaks(whole_cloud: FaultyCloud) -> None:
    """Each recording is ready, whole and legal, and gone when it is deleted; the workers that are left do another."""
    cloud = whole_cloud
    kind, kinds = mixture(cloud)
    made = trials(range(SEED, SEED + len(kinds)), kind)
    batch = Batch(cloud, kind, made, clips.make())
    assert batch.run() == []
    assert {one.name: trial.broken for one, trial in zip(kinds, made, strict=True)} == {one.name: [] for one in kinds}
    missed = [one.name for one, trial in zip(kinds, made, strict=True) if not trial.struck and one.name != RESTART]
    assert missed == []
    plain = Kind("afterwards", "", lambda _trial: [])
    after = Batch(cloud, plain, trials([SEED], plain), clips.make())
    assert (after.run(), after.trials[0].broken, after.failed) == ([], [], [])


@pytest.mark.parametrize("border", tokens.BORDERS, ids=lambda border: border.name)
def test_tokens_at_the_borders_of_their_time(cloud: FaultyCloud, border: tokens.Border) -> None:
    """Clocks may differ by five seconds, not by five minutes; docs/reliability.md says what that means."""
    assert tokens.asked_with(cloud, border) == border.status
