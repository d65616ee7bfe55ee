"""Stages without a configuration of their own, and names that cannot be one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import app
from infra import stages

CONFIG = json.loads((Path(app.__file__).parent / ".chalice/config.json").read_text("utf-8"))


def test_prod_is_as_it_is_written() -> None:
    """The configuration of a stage that has one is its own."""
    assert stages.configured(CONFIG, "prod")["stages"] == {"prod": CONFIG["stages"]["prod"]}


def test_another_stage_is_prod_under_its_name() -> None:
    """Nothing of it names prod any more."""
    found = stages.configured(CONFIG, "try-1")["stages"]
    assert set(found) == {"try-1"}
    assert found["try-1"]["environment_variables"]["HEADWATER_STAGE"] == "try-1"
    assert "prod" not in json.dumps(found)
    assert found["try-1"]["lambda_functions"]["on_encode"]["iam_policy_file"] == "policies/try-1/on_encode.json"


@pytest.mark.parametrize("stage", ["local", "", "Prod", "a_b", "-a", "a-", "1a", "a" * 17])
def test_names_that_cannot_be(stage: str) -> None:
    """`local` is the embedded cloud's; the rest AWS would refuse somewhere half-way."""
    with pytest.raises(stages.StageError):
        stages.check(stage)
