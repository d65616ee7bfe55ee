"""The tables that the product ships: trained for what they are named after, written once, checked again."""

from __future__ import annotations

import json
from array import array
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from bench.abr import shipping
from bench.abr.simulator import CONFIGS
from bench.abr.synthetic import generate
from bench.abr.traces import write
from chalicelib.domain.abr.table import parse
from chalicelib.domain.abr.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path


def file(*values: int, **more: object) -> str:
    """A file of so many values."""
    return json.dumps({"version": 1, "values": b64encode(array("h", values).tobytes()).decode(), **more})


def test_there_is_a_table_for_every_configuration_that_is_measured() -> None:
    """Same ladder, segment and buffer: the product's own is called vod there."""
    trained = {shipping.config_of(kind) for kind in TABLES}
    for config in CONFIGS:
        name = "vod" if config.name == "product" else config.name
        assert any(
            (t.name, t.ladder_kbps, t.segment_s, t.max_buffer_s)
            == (name, config.ladder_kbps, config.segment_s, config.max_buffer_s)
            for t in trained
        )


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (file(1, 2, 3), ""), (file(1, 2), "another layout"), (file(1, 2, 3, x=1), "another layout"),
        (file(1, 5, 3), "1 of 3 values, by 3 steps at most"), (file(1, 2, 3) + "\n", "spelling"),
    ],
)  # fmt: skip
def test_what_sets_two_tables_apart_is_said(new: str, words: str) -> None:
    """Nothing, the layout, values, or only how it is written."""
    assert shipping.difference(file(1, 2, 3), new) == words
    assert shipping.difference(file(1, scale=1), file(1, scale=2)) == "scale"


def test_the_command_trains_writes_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Missing, then up to date; another one is told of and left alone by a check."""
    write(generate(1, seconds=60), tmp_path / "traces")
    given = ["--traces", str(tmp_path / "traces"), "--out", str(tmp_path), "--jobs", "1", "--only", "live4"]
    path = tmp_path / "live4.json"
    assert shipping.main([*given, "--check"]) == 1
    assert not path.exists()
    assert shipping.main(given) == 0
    assert parse(path.read_text()).max_buffer_s == 12
    assert shipping.main([*given, "--check"]) == 0
    changed = path.read_text().replace('"segment_s":4', '"segment_s":3')
    path.write_text(changed)
    assert shipping.main([*given, "--check"]) == 1
    assert path.read_text() == changed
    said = capsys.readouterr().out.splitlines()
    assert said == ["live4: missing", "live4: missing", "live4: up to date", "live4: segment_s"]


def test_a_folder_that_cannot_be_used_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence and a code, no traceback."""
    assert shipping.main(["--traces", str(tmp_path)]) == 2
    assert "has no trace" in capsys.readouterr().err
