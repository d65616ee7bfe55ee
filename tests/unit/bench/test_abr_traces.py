"""Traces: reading, arithmetic of the link, folds, and made-up ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.abr.synthetic import KINDS, generate
from bench.abr.traces import Trace, TraceError, folds, load, read, write

if TYPE_CHECKING:
    from pathlib import Path

STEP = Trace([(2000, 1000, 50), (1000, 0, 80), (1000, 4000, 100)])
"""2 Mbit in two seconds, a second of nothing, 4 Mbit in one."""


def test_what_the_link_carries_is_exact_and_repeats() -> None:
    """The integral of the bandwidth, over the end of the trace too."""
    assert [STEP.carried(t) for t in (0, 1, 2, 2.5, 3, 3.5, 4, 5)] == [0, 1e6, 2e6, 2e6, 2e6, 4e6, 6e6, 7e6]


def test_the_moment_is_the_first_at_which_the_bits_are_there() -> None:
    """The inverse of the integral; what arrives just before a gap has arrived before the gap."""
    assert [STEP.moment(b) for b in (0, 1e6, 2e6, 4e6, 6e6, 7e6, 12e6)] == [0, 1, 2, 3.5, 4, 5, 8]


def test_a_loop_that_begins_with_nothing_delays_only_what_comes_after_it() -> None:
    """The last bit of a loop arrives at its end, the next one after the dead second."""
    trace = Trace([(1000, 0, 20), (1000, 1000, 20)])
    assert [trace.moment(b) for b in (1e6, 1.5e6, 2e6)] == [2, 3.5, 4]


def test_the_round_trip_is_the_one_of_the_moment() -> None:
    """Looked up by time, over the end too."""
    assert [STEP.latency_s(t) for t in (0, 1.999, 2, 3, 4.5)] == [0.05, 0.05, 0.08, 0.1, 0.05]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "first line"),
        ("a,b,c\n1,2,3\n", "first line"),
        ("duration_ms,bandwidth_kbps,latency_ms\n1000,500\n", "line 2"),
        ("duration_ms,bandwidth_kbps,latency_ms\n1000,500,20\n1000,fast,20\n", "line 3"),
        ("duration_ms,bandwidth_kbps,latency_ms\n1000,nan,20\n", "finite"),
        ("duration_ms,bandwidth_kbps,latency_ms\n0,500,20\n", "no length"),
        ("duration_ms,bandwidth_kbps,latency_ms\n1000,-5,20\n", "less than nothing"),
        ("duration_ms,bandwidth_kbps,latency_ms\n1000,0,20\n", "carries anything"),
        ("duration_ms,bandwidth_kbps,latency_ms\n", "carries anything"),
    ],
)
def test_a_file_that_is_no_trace_is_refused_with_its_name(tmp_path: Path, text: str, says: str) -> None:
    """The sentence names the file and what is wrong."""
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(TraceError, match=says) as refused:
        read(path)
    assert str(path) in str(refused.value)


def test_a_folder_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Class, name, group and what the link carries survive."""
    made = generate(2, seconds=30)
    write(made, tmp_path)
    back = load(tmp_path)
    key = [(t.kind, t.id, t.group, round(t.carried(47))) for t in sorted(made, key=lambda t: (t.kind, t.id))]
    assert [(t.kind, t.id, t.group, round(t.carried(47))) for t in back] == key


@pytest.mark.parametrize("content", ["[]", '{"traces": [{"id": "a"}]}', "{"])
def test_a_broken_manifest_is_refused(tmp_path: Path, content: str) -> None:
    """It must list ids with their groups."""
    write(generate(1, seconds=5), tmp_path)
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(TraceError, match=r"manifest\.json"):
        load(tmp_path)


def test_a_folder_without_traces_is_refused(tmp_path: Path) -> None:
    """It says how they are expected."""
    with pytest.raises(TraceError, match=r"CLASS/NAME\.csv"):
        load(tmp_path)
    with pytest.raises(TraceError, match="not a folder"):
        load(tmp_path / "none")


def test_made_up_traces_are_the_same_every_time() -> None:
    """Same seed, same steps; another seed, others."""
    first, again, other = (generate(2, seconds=20, seed=seed) for seed in (1, 1, 2))
    assert [list(t.rows()) for t in first] == [list(t.rows()) for t in again]
    assert [list(t.rows()) for t in first] != [list(t.rows()) for t in other]
    assert {t.kind for t in first} == set(KINDS)


def test_no_group_is_in_two_folds_and_classes_are_spread() -> None:
    """Every fold has of every class, none more than a group more than another."""
    traces = generate(12, seconds=5)
    placed = folds(traces, 3)
    assert all(len({placed[t.id] for t in traces if t.group == group}) == 1 for group in {t.group for t in traces})
    counts = [sum(t.kind == kind and placed[t.id] == n for t in traces) for kind in KINDS for n in range(3)]
    assert counts == [4] * 9
