"""The policies beside what is written about them: why a wildcard, why a right that no run has shown."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest
from support.used_rights import ANY, kept, line

from headwater.local.policies import Policy

FOLDER = Path(__file__).parents[3] / ".chalice" / "policies"
STAGES = ("local", "prod")
_ROW = re.compile(r"\| (.+) \|")


class Granted(NamedTuple):
    """One right of one function, whatever the stage."""

    function: str
    statement: str
    action: str
    resource: str


def table(title: str) -> list[list[str]]:
    """Return the rows below a title of the README, without its head."""
    text = (FOLDER / "README.md").read_text("utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    rows = [
        [cell.strip(" `") for cell in found[1].split(" | ")]
        for found in map(_ROW.fullmatch, text.splitlines())
        if found
    ]
    return rows[1:]


def granted(stage: str) -> set[Granted]:
    """Return every right of every function; the evaluator refuses what it would not enforce."""
    found = set()
    for path in (FOLDER / stage).glob("*.json"):
        for right in Policy(json.loads(path.read_text("utf-8"))).rights:
            resource = right.resource.replace(f"headwater-{stage}", ANY)
            found.add(Granted(path.stem, right.sid, right.action, resource))
    return found


def fits(pattern: str, value: str) -> bool:
    """True when a cell of a table means this value."""
    return pattern == "any" or any(fnmatchcase(value, one) for one in pattern.split(", "))


@pytest.mark.parametrize("stage", STAGES)
def test_every_wildcard_has_its_reason(stage: str) -> None:
    """One row for each kind of resource, none for actions; and no row for what is gone."""
    rights = granted(stage)
    assert [right for right in rights if re.search(r"[*?]", right.action)] == []
    loose = {right.resource for right in rights if re.search(r"[*?]", right.resource.replace(":*:*:", ":"))}
    reasons = {re.sub(r"STAGE\*", "STAGE<function>", pattern): why for pattern, why in table("Wildcards")}
    named = {re.sub(r"(?<=lambda/headwater-STAGE)[-\w]*", "<function>", resource) for resource in loose}
    assert named == set(reasons)
    assert all(len(why) > 5 for why in reasons.values())


@pytest.mark.parametrize("stage", STAGES)
def test_every_right_is_used_or_says_what_it_is_for(stage: str) -> None:
    """Used by a run of the end-to-end tests, or written down; and nothing is written down for nothing."""
    used = kept()
    unseen = {right for right in granted(stage) if line(*right) not in used}
    rows = table("Rights that a run has not shown")

    def explained(right: Granted, row: list[str]) -> bool:
        cells = (right.function, right.statement, right.action.partition(":")[2], right.resource)
        return all(map(fits, row[:4], cells))

    assert sorted(right for right in unseen if not any(explained(right, row) for row in rows)) == []
    assert [row for row in rows if not any(explained(right, row) for right in unseen)] == []
    assert all(len(row) == 5 and len(row[4]) > 5 for row in rows)


def test_every_policy_fits_into_a_role() -> None:
    """IAM takes 10,240 characters without blanks: also under the longest stage, in the region with the longest name."""
    place, account = "ap-northeast-1", "1" * 12
    longest = {
        "headwater-prod": f"headwater-{'s' * 16}",
        "arn:aws:": "arn:aws-us-gov:",
        ":*:*:": f":{place}:{account}:",
    }
    for path in (FOLDER / "prod").glob("*.json"):
        text = json.dumps(json.loads(path.read_text("utf-8")), separators=(",", ":"))
        # Buckets end with the account's number
        text = re.sub(r"(:::headwater-prod-(?:source|media))", rf"\1-{account}", text)
        for short, long in longest.items():
            text = text.replace(short, long)
        assert len(text) <= 10_240, f"{path.name} has {len(text)} characters"
