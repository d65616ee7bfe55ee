"""Tables for a cross-validation: none has seen the fold it is judged on, none is trained twice for the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.abr import learned
from bench.abr.adapter import HeadwaterController
from bench.abr.measure import OURS, contenders
from bench.abr.simulator import Config
from bench.abr.synthetic import generate
from bench.abr.traces import Trace, TraceError, folds
from chalicelib.domain.abr.table import parse

if TYPE_CHECKING:
    from pathlib import Path

TRACES = generate(4, seconds=60)
CONFIGS = [Config("vod4", 4, 30, content_s=24), Config("live2", 2, 12, content_s=24)]


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], str]]:
    """What was trained: names of the traces, name of the configuration."""
    seen: list[tuple[list[str], str]] = []

    def train(traces: list[Trace], config: Config) -> str:
        seen.append(([trace.id for trace in traces], config.name))
        return f"{config.name} {len(seen)}\n"

    monkeypatch.setattr(learned, "train", train)
    return seen


def test_a_fold_is_judged_by_a_table_that_has_not_seen_it(tmp_path: Path, trained: list[tuple[list[str], str]]) -> None:
    """For each configuration, from all the other traces."""
    tables = learned.learn(TRACES, CONFIGS, tmp_path)
    placed = folds(TRACES, learned.FOLDS)
    assert set(tables) == {(config.name, fold) for config in CONFIGS for fold in set(placed.values())}
    for (name, fold), path in tables.items():
        what, number = path.read_text().split()
        seen, config = trained[int(number) - 1]
        assert what == config == name
        assert seen == [trace.id for trace in TRACES if placed[trace.id] != fold]


def test_nothing_is_trained_twice(tmp_path: Path, trained: list[tuple[list[str], str]]) -> None:
    """What is there is used; what went missing is made again, and told of."""
    first, told = learned.learn(TRACES, CONFIGS, tmp_path), []
    count = len(trained)
    assert learned.learn(TRACES, CONFIGS, tmp_path, say=told.append) == first
    assert (len(trained), told) == (count, [])
    first["live2", 1].unlink()
    learned.learn(TRACES, CONFIGS, tmp_path, say=told.append)
    assert [name for _, name in trained[count:]] == ["live2"]
    assert told[0].startswith("training 1 table")
    assert not list(tmp_path.rglob("*.part"))


def test_a_table_belongs_to_traces_configuration_and_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another of any is another table; where a trace is from is not part of it."""
    config = CONFIGS[0]
    usual = learned.key(TRACES, config)
    assert learned.key(generate(4, seconds=60), config) == usual
    others = {
        learned.key(TRACES[1:], config), learned.key(generate(4, seconds=60, seed=1), config),
        learned.key(TRACES, CONFIGS[1]), learned.key(TRACES, Config("vod4", 4, 30, content_s=28)),
    }  # fmt: skip
    monkeypatch.setattr(learned, "_code", lambda: "other")
    others.add(learned.key(TRACES, config))
    assert len(others) == 5
    assert usual not in others


def test_one_group_leaves_nothing_to_learn_from(tmp_path: Path) -> None:
    """A sentence that says so."""
    with pytest.raises(TraceError, match="none are left to learn from"):
        learned.learn(generate(2, seconds=60), CONFIGS, tmp_path)


def test_two_processes_train_what_one_does(tmp_path: Path) -> None:
    """Byte by byte, and our controller decides with it."""
    one = learned.learn(TRACES, CONFIGS[:1], tmp_path / "one")
    two = learned.learn(TRACES, CONFIGS[:1], tmp_path / "two", jobs=2)
    assert [path.read_bytes() for path in one.values()] == [path.read_bytes() for path in two.values()]
    path = one["vod4", 0]
    assert learned.read(path) == parse(path.read_text())
    controller = contenders()[OURS](path)
    assert isinstance(controller, HeadwaterController)
    controller.reset(CONFIGS[0].ladder_kbps, 4, 30)
    assert controller._policy.table is learned.read(path)
