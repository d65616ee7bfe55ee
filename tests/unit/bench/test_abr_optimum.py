"""The offline optimum: feasible, and ahead of everyone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.abr import optimum as module
from bench.abr.metrics import score
from bench.abr.optimum import _Search, optimum, plan
from bench.abr.rivals import RIVALS
from bench.abr.simulator import LIVE2, VOD4, Config, segment_sizes, simulate
from bench.abr.synthetic import generate, make
from bench.abr.traces import Trace

if TYPE_CHECKING:
    from pathlib import Path

TRACES = generate(2, seconds=120, seed=3)
SHORT = [Config("short4", 4, 30, content_s=60), Config("short2", 2, 12, content_s=60)]


@pytest.mark.parametrize("config", SHORT, ids=lambda config: config.name)
def test_no_rival_does_better(config: Config) -> None:
    """By linear quality, on any trace, but for the width of a cell."""
    for trace in TRACES:
        best = score(optimum(trace, config)).linear
        for name, rival in RIVALS.items():
            assert score(simulate(trace, config, rival())).linear <= best + 0.01, (trace.id, name)


def test_a_fast_link_is_shown_at_the_top_throughout() -> None:
    """Nothing is gained by starting low when the first segment comes at once."""
    trace = Trace([(1000, 200_000, 0)])
    assert optimum(trace, VOD4).levels == [3] * 90


def test_an_outage_is_prepared_for() -> None:
    """A rule that only saw the past stalls; the plan fills the buffer before."""
    trace = Trace([(30_000, 2100, 0), (20_000, 0, 0), (60_000, 2100, 0)])
    assert sum(optimum(trace, Config("gap", 2, 30, content_s=80)).stalls_s) == 0


@pytest.mark.parametrize("config", [VOD4, LIVE2], ids=lambda config: config.name)
def test_the_search_reckons_as_the_simulator_does(config: Config) -> None:
    """The worth it found is the worth of the simulated plan."""
    trace = make("3g", 5, seconds=200)
    sizes = segment_sizes(config, f"/{config.name}/{trace.id}")
    search = _Search(trace, config, sizes, 7.5)
    for index in range(len(sizes)):
        search.extend(index)
    session = optimum(trace, config, offset_s=7.5)
    assert session.levels == search.levels() == plan(trace, config, sizes, offset_s=7.5)
    assert search.worth.max() / 90 == pytest.approx(score(session).linear, abs=1e-6)


def test_plans_are_kept_by_what_they_were_made_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time nothing is searched; another trace, configuration or seed is another plan."""
    first = optimum(TRACES[0], SHORT[0], cache=tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(module, "plan", None)
        assert optimum(TRACES[0], SHORT[0], cache=tmp_path).records == first.records
    optimum(TRACES[1], SHORT[0], cache=tmp_path)
    optimum(TRACES[0], SHORT[1], cache=tmp_path)
    optimum(TRACES[0], SHORT[0], seed="b", cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 4
