"""What is applied, planned once more: nothing is left to do, and pages have their headers.

Collected by test_deployment.py: one worker should package, plan and apply, and not each its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from headwater.local import static
from support.emulator_gaps import DIFFERENCES, changes, unexplained

if TYPE_CHECKING:
    from conftest import Planned

PATHS = ("/", "/studio", "/watch/rec_1", "/embed/rec_1", "/recordings/rec_1", "/analytics/live", "/settings")


def test_a_second_plan_finds_nothing_to_do(again: dict[str, Any]) -> None:
    """But for what the emulator does not tell back."""
    known = [(address, attribute) for address, attribute, _ in DIFFERENCES]
    assert unexplained(changes(again), known) == []


def test_every_known_difference_is_one(again: dict[str, Any]) -> None:
    """What the emulator has learnt to tell back leaves the list."""
    found = list(changes(again))
    listed = [(address, attribute) for address, attribute, _ in DIFFERENCES]
    assert [pair for pair in listed if unexplained(found, [pair]) == found] == []


def test_pages_get_at_the_edge_what_they_get_locally(planned: Planned, again: dict[str, Any]) -> None:
    """Header by header, on the behaviour that a page's path meets; only whom a page may ask differs."""
    state = {one["address"]: one["values"] for one in _all(again["planned_values"]["root_module"])}
    site = state["module.cdn.aws_cloudfront_distribution.site"]
    policies = {
        one["id"]: one for address, one in state.items() if ".aws_cloudfront_response_headers_policy." in address
    }
    assert planned.of_type("aws_cloudfront_distribution")
    for path in PATHS:
        met = next((one for one in site["ordered_cache_behavior"] if _meets(one["path_pattern"], path)), None)
        behaviour = met or site["default_cache_behavior"][0]
        sent = _sent(policies[behaviour["response_headers_policy_id"]])
        expected = static.security_headers("https://x.example", static.file_of(path) or "")
        assert sent.pop("Strict-Transport-Security"), path
        assert _asking(sent) == _asking(expected), path


def _meets(pattern: str, path: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), path) is not None


def _sent(policy: dict[str, Any]) -> dict[str, str]:
    (security,), (custom,) = policy["security_headers_config"], policy["custom_headers_config"]
    assert security["content_type_options"]
    headers = {
        "Content-Security-Policy": security["content_security_policy"][0]["content_security_policy"],
        "Referrer-Policy": security["referrer_policy"][0]["referrer_policy"],
        "X-Content-Type-Options": "nosniff",
        "Strict-Transport-Security": str(security["strict_transport_security"][0]["access_control_max_age_sec"]),
    }
    return headers | {one["header"]: one["value"] for one in custom["items"]}


def _asking(headers: dict[str, str]) -> dict[str, str]:
    """Return headers with the origins that a page may ask cut down to its own."""
    policy = re.sub(r"connect-src 'self'[^;]*", "connect-src 'self'", headers["Content-Security-Policy"])
    return {**headers, "Content-Security-Policy": policy}


def _all(module: dict[str, Any]) -> list[dict[str, Any]]:
    below = [one for child in module.get("child_modules", []) for one in _all(child)]
    return [*module.get("resources", []), *below]
