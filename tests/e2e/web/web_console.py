"""What the stand-in's list of recordings leaves out and in which order: as the API does, in few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from web_origin import Scenario


def kept(scenario: Scenario, query: dict[str, str]) -> bool:
    """True for a recording that is in the list asked for."""
    recording = scenario.recording()
    if query.get("status") not in {None, recording["status"]}:
        return False
    return query.get("q", "").casefold() in str(recording["title"]).casefold()


def arranged(scenarios: list[Scenario], query: dict[str, str]) -> list[Scenario]:
    """Return a page in the order asked for."""
    wanted = [scenario for scenario in scenarios if kept(scenario, query)]
    if query.get("sort") == "title":
        return sorted(wanted, key=lambda scenario: scenario.title.casefold())
    return wanted[::-1] if query.get("sort") == "oldest" else wanted
