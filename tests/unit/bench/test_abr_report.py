"""The report: who takes part, tables, pictures, and the document they go into."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.abr import measure, report, tables
from bench.abr.measure import OPTIMUM, OURS, Outcome
from bench.abr.metrics import Scores
from bench.abr.plots import ticks
from bench.abr.rivals import RIVALS
from bench.abr.simulator import Config
from bench.abr.synthetic import generate
from bench.abr.traces import folds, write

ROOT = Path(__file__).parents[3]
SMALL = Config("vod4", 4, 30, content_s=24)


def scores(linear: float, *, kbps: float = 2000, rebuffering: float = 0.0) -> Scores:
    """A session's numbers."""
    return Scores(linear, linear / 2, linear - 1, rebuffering, 0, 1, kbps, 2)


def outcomes() -> list[Outcome]:
    """Two classes; we win the slow one, and one session cannot be GOOD."""
    return [
        Outcome("a", "3g", {"BOLA": scores(0.5, kbps=900), OURS: scores(0.8), OPTIMUM: scores(1.0)}),
        Outcome("b", "3g", {"BOLA": scores(0.1), OURS: scores(0.2), OPTIMUM: scores(0.4, rebuffering=0.2)}),
        Outcome("c", "4g", {"BOLA": scores(3.0), OURS: scores(2.9), OPTIMUM: scores(3.4)}),
    ]


def test_classes_come_fast_links_first() -> None:
    """What is not known comes last."""
    made = [Outcome("", kind, {}) for kind in ("5g", "3g", "4g")]
    assert tables.kinds(made) == ["4g", "3g", "5g"]


def test_a_row_says_what_the_sessions_were() -> None:
    """Means by class, shares, and the gain on the same traces."""
    table = tables.table(SMALL, outcomes())
    ours, bola = (next(line for line in table.splitlines() if name in line) for name in (f"**{OURS}**", "| BOLA"))
    assert "2.90 / 0.50 / **1.30**" in ours
    assert "3.00 / 0.30 / **1.20**" in bola
    assert "| 100.0, 100.0 |" in ours
    assert "| 66.7, 50.0 |" in bola
    assert "| +0.10 (-0.10 … +0.30) |" in bola
    assert "66.7 % can be GOOD" in table


def test_the_summary_names_the_best_of_each_column() -> None:
    """And what we are behind the optimum."""
    row = tables.summary({"vod4": outcomes()}).splitlines()[2]
    assert "| vod4 | BOLA 1.20 | +0.10" in row
    assert "| 0.30 | 100.0 | 100.0 |" in row
    assert "-0.10 (-0.10 … -0.10) over BOLA" in row


def test_without_us_there_is_no_gain() -> None:
    """The rivals' table stands alone."""
    alone = [Outcome(o.trace, o.kind, {n: s for n, s in o.scores.items() if n != OURS}) for o in outcomes()]
    assert tables.gain(alone, "BOLA") == "-"
    assert OURS not in tables.summary({"vod4": alone})


def test_measuring_is_the_same_in_one_process_and_in_two(tmp_path: Path) -> None:
    """Order and numbers do not depend on who was first."""
    traces = generate(1, seconds=60)
    alone = measure.measure(traces, [SMALL], jobs=1)
    assert measure.measure(traces, [SMALL], jobs=2, cache=tmp_path) == alone
    assert [o.trace for o in alone["vod4"]] == [trace.id for trace in traces]
    assert set(alone["vod4"][0].scores) >= {*RIVALS, OPTIMUM}


def test_everyone_gets_the_table_that_has_not_seen_the_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was learned without the fold is judged on it; without tables, the product's own."""
    told: list[Path | None] = []
    monkeypatch.setattr(measure, "contenders", lambda: {"x": lambda table: told.append(table) or RIVALS["BOLA"]()})
    traces = generate(4, seconds=60)
    measure.measure(traces, [SMALL], tables={("vod4", fold): Path(str(fold)) for fold in range(measure.FOLDS)})
    placed = folds(traces, measure.FOLDS)
    assert told == [Path(str(placed[trace.id])) for trace in traces]
    measure.measure(traces, [SMALL])
    assert told[len(traces) :] == [None] * len(traces)


def test_ticks_are_round_and_within() -> None:
    """About as many as asked for."""
    assert ticks(-0.13, 1.9, 3) == [0, 0.5, 1, 1.5]
    assert ticks(0, 373, 8) == [0, 50, 100, 150, 200, 250, 300, 350]


def test_the_document_is_changed_between_the_marks_only() -> None:
    """Again and again with the same outcome."""
    once = report.between_marks(f"a\n{report.BEGIN}old\n{report.END}b\n", "new")
    assert once == f"a\n{report.BEGIN}\nnew\n{report.END}b\n"
    assert report.between_marks(once, "new") == once
    with pytest.raises(ValueError, match="needs"):
        report.between_marks("a\n", "new")


def test_the_documentation_has_the_marks_and_its_pictures() -> None:
    """Measured once, and every picture there."""
    text = (ROOT / "docs/abr.md").read_text()
    part = text.split(report.BEGIN)[1].split(report.END)[0]
    assert all(f"### {name}:" in part for name in ("vod4", "vod2", "live4", "live2", "product"))
    shown = part.split("(images/")[1:]
    assert len(shown) == 6
    for name in shown:
        ET.parse(ROOT / "docs/images" / name.split(")")[0])  # noqa: S314 - our own file


def test_the_command_measures_prints_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tables into the document, pictures that are XML beside it; a quick run writes nothing."""
    write(generate(4, seconds=60), tmp_path / "traces")
    (tmp_path / "abr.md").write_text(report.BEGIN + report.END)
    monkeypatch.setattr(report, "CONFIGS", (SMALL,))
    given = [
        "--traces",
        str(tmp_path / "traces"),
        "--docs",
        str(tmp_path),
        "--cache",
        str(tmp_path / "c"),
        "--jobs",
        "1",
    ]
    assert report.main([*given, "--quick"]) == 0
    assert (tmp_path / "abr.md").read_text() == report.BEGIN + report.END
    assert "with the product's tables" in capsys.readouterr().out
    assert not (tmp_path / "c/tables").exists()
    assert report.main(given) == 0
    assert len(list((tmp_path / "c/tables").iterdir())) == 2
    assert "### vod4: 4 s segments" in (tmp_path / "abr.md").read_text()
    assert "RobustMPC" in capsys.readouterr().out
    drawn = sorted((tmp_path / "images").iterdir())
    assert [path.name for path in drawn] == [f"abr-{what}-vod4.svg" for what in ("classes", "session", "sessions")]
    for path in drawn:
        ET.parse(path)  # noqa: S314 - our own file


def test_a_folder_that_cannot_be_used_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence and a code, no traceback."""
    assert report.main(["--traces", str(tmp_path)]) == 2
    assert "has no trace" in capsys.readouterr().err
