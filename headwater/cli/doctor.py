"""What `headwater doctor` does: look, say what was found, return an exit code."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwater.cli.exits import Exit, complain, exit_coded
from headwater.cli.results import say
from headwater.cli.text import print_json
from headwater.doctor.examination import Examination
from headwater.doctor.findings import Finding, State, summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headwater.cli.options import Server

_MARKS = {State.OK: "ok  ", State.WARNING: "look", State.FAILED: "BAD ", State.SKIPPED: "-   "}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The command's options."""

    quick: bool
    patience_s: float
    aws: bool
    stage: str
    region: str


@exit_coded
def doctor(server: Server, wanted: Wanted, *, as_json: bool) -> Exit:
    """Examine an installation; 1 when something failed, 3 when it does not answer, 4 when the token is refused."""
    found: list[Finding] = []
    for finding in _findings(server, wanted):
        found.append(finding)
        if not as_json:
            _show(finding)
    if as_json:
        print_json(summary(found))
    failed = {one.check for one in found if one.state is State.FAILED}
    if failed and not as_json:
        complain(f"{len(failed)} of {len(found)} checks failed.")
    if not failed:
        return Exit.OK
    if "api" in failed and not wanted.aws:
        return Exit.UNREACHABLE
    return Exit.REFUSED if failed == {"token"} else Exit.FAILED


def _findings(server: Server, wanted: Wanted) -> Iterator[Finding]:
    yield from Examination(server.api(), server.api("admin"), wanted.patience_s, quick=wanted.quick).run()
    if wanted.aws:
        from headwater.doctor.aws import through_aws  # noqa: PLC0415  loads boto3, which nothing else needs

        yield from through_aws(wanted.stage, wanted.region)


def _show(finding: Finding) -> None:
    say(f"{_MARKS[finding.state]}  {finding.check:<17}  {finding.says}")
    if finding.do:
        say(f"      {'':<17}  {finding.do}")
    sys.stdout.flush()
