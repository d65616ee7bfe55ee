"""The audit: a service that does not answer is not an answer, whatever the tool's exit code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra.supply import audit

if TYPE_CHECKING:
    from pathlib import Path

HOLE = {"id": "PYSEC-1", "fix_versions": ["2.0"], "aliases": [], "description": ""}
SKIPPED = "Dependency not found on PyPI and could not be audited: tiny (1.0)"


def program(folder: Path, answer: Any, code: int = 0, error: str = "") -> str:
    """Make something that answers as pip-audit and npm do."""
    path = folder / "program"
    (folder / "answer").write_text(answer if isinstance(answer, str) else json.dumps(answer))
    path.write_text(f"#!/bin/sh\ncat {folder}/answer\necho '{error}' >&2\nexit {code}\n")
    path.chmod(0o755)
    return str(path)


def of_pip(**packages: dict[str, Any]) -> dict[str, Any]:
    """What pip-audit prints."""
    return {"dependencies": [{"name": name, "version": "1.0", **one} for name, one in packages.items()], "fixes": []}


def test_all_asked_and_nothing_known_is_well(tmp_path: Path) -> None:
    """The only way to 0; no package at all is none."""
    from_pip = program(tmp_path, of_pip(tiny={"vulns": []}, Small_One={"vulns": []}))
    answer = audit.ask(from_pip, "pypi", ["small-one==1.0", "tiny==1.0"])
    assert (answer.code, answer.asked) == (audit.WELL, 2)
    assert audit.ask(from_pip, "pypi", []).code == audit.UNKNOWN


@pytest.mark.parametrize(
    ("answer", "code", "error", "why"),
    [
        (of_pip(tiny={"skip_reason": SKIPPED}), 0, "", SKIPPED),
        (of_pip(), 0, "", "pip-audit left it out"),
        ("", 1, "ConnectionError: no such name", "ConnectionError: no such name"),
    ],
)
def test_no_answer_is_not_well(tmp_path: Path, answer: Any, code: int, error: str, why: str) -> None:
    """Not found there, left out, no connection: a code of its own, also where pip-audit itself ends with 0."""
    found = audit.ask(program(tmp_path, answer, code, error), "pypi", ["tiny==1.0"])
    assert (found.code, found.unanswered) == (audit.UNKNOWN, {"tiny==1.0": why})


def test_a_hole_is_told_before_what_is_unknown(tmp_path: Path) -> None:
    """With the versions that mend it."""
    answer = of_pip(tiny={"vulns": [HOLE]}, other={"skip_reason": SKIPPED})
    found = audit.ask(program(tmp_path, answer, 1), "pypi", ["other==1.0", "tiny==1.0"])
    assert (found.code, found.holes) == (audit.HOLES, {"tiny==1.0": ["PYSEC-1 (mended in 2.0)"]})


def test_npm_s_answers_are_read_the_same_way(tmp_path: Path) -> None:
    """Well, a hole, and the endpoint that mirrors do not offer."""
    assert audit.ask_npm(program(tmp_path, {"vulnerabilities": {}}), ["@a/tiny==1.0"]).code == audit.WELL
    via = [{"title": "It runs what it is told"}, "another"]
    hole = {"vulnerabilities": {"@a/tiny": {"severity": "high", "via": via}}}
    found = audit.ask_npm(program(tmp_path, hole, 1), ["@a/tiny==1.0"])
    assert found.holes == {"@a/tiny==1.0": ["high: It runs what it is told; through another"]}
    refused = audit.ask_npm(program(tmp_path, {"message": "405 Method Not Allowed"}, 1), ["@a/tiny==1.0"])
    assert (refused.code, refused.unanswered) == (audit.UNKNOWN, {"@a/tiny==1.0": "405 Method Not Allowed"})


def test_two_versions_of_one_package_are_asked_about_apart() -> None:
    """Of one list pip-audit would take the last alone."""
    assert audit._apart(["a==1", "a==2", "b==1"]) == [["a==1", "b==1"], ["a==2"]]
    wanted = audit.wanted()
    assert len([one for one in wanted if one.startswith("boto3==")]) == 2
    assert {"av==18.1.0", "imageio-ffmpeg==0.8.1"} <= set(wanted)
