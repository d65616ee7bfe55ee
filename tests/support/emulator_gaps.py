"""Where moto differs from AWS once the package is applied to it: what a second plan still wants, what stays for ever.

Each entry has its reason. What is not listed is a fault of ours.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DIFFERENCES: tuple[tuple[str, str, str], ...] = (
    (
        r"aws_api_gateway_rest_api\.rest_api|module\.ingest\.aws_api_gateway_rest_api\.ingest",
        r"binary_media_types(\[\d+\])?",
        "moto keeps no binary media types",
    ),
    (
        r"module\.cdn\.aws_cloudfront_distribution\.site",
        r"(default|ordered)_cache_behavior\[\d+\]\.(forwarded_values|function_association)",
        "moto answers with the old kind of forwarding beside policies, and keeps no functions of behaviours",
    ),
    (
        r"module\.cdn\.aws_cloudfront_distribution\.site",
        r"origin\[\d+\]\.(origin_access_control_id|domain_name|origin_id|origin_path|custom_\w+)|origin",
        "moto leaves out access controls; without them the set of origins is told in another order",
    ),
    (
        r"module\.cdn\.aws_cloudfront_distribution\.site",
        r"viewer_certificate\[0\]\.ssl_support_method",
        "moto says sni-only of CloudFront's own certificate, which has no such choice",
    ),
    (
        r"module\.queues\.aws_sqs_queue_policy\.from_s3\[.*\]",
        r"policy",
        "known only after apply, because its queue is said to change",
    ),
)
"""Patterns of an address and of an attribute, and why moto does not tell back what was applied."""

STAYS: dict[str, str] = {
    "layer": "skip_destroy: a roll-back needs the versions of earlier deployments",
    "secret": "`make keys` made them, not Terraform, so that no private key is in its state",
}
"""What a destroyed installation leaves, on AWS as here."""


def changes(plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (address, attribute) of everything that a plan would change; creation and removal have the attribute ''."""
    for resource in plan["resource_changes"]:
        actions = resource["change"]["actions"]
        if actions in (["no-op"], ["read"]):
            continue
        if actions != ["update"]:
            yield resource["address"], ""
            continue
        change = resource["change"]
        for path in _paths(change["before"], change["after"], change.get("after_unknown"), ""):
            yield resource["address"], path


def unexplained(found: Iterable[tuple[str, str]], explained: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the changes that no pair of patterns explains."""
    pairs = [(re.compile(address), re.compile(attribute)) for address, attribute in explained]
    return [
        (address, path)
        for address, path in found
        if not any(one.fullmatch(address) and two.fullmatch(path) for one, two in pairs)
    ]


def _paths(before: Any, after: Any, unknown: Any, path: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            below = unknown.get(name) if isinstance(unknown, dict) else None
            yield from _paths(before.get(name), after.get(name), below, f"{path}.{name}" if path else name)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            below = unknown[index] if isinstance(unknown, list) and index < len(unknown) else None
            yield from _paths(one, other, below, f"{path}[{index}]")
    elif unknown is True or not _same(before, after):
        yield path


def _same(before: Any, after: Any) -> bool:
    """Compare values; documents in JSON by what they say, because moto writes them with other spaces."""
    if before == after:
        return True
    if not (isinstance(before, str) and isinstance(after, str) and before[:1] == after[:1] == "{"):
        return False
    return bool(json.loads(before) == json.loads(after))
