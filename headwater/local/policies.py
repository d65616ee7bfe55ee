"""IAM policy documents, evaluated: which statement lets a role do something to a resource. Pure.

Understood is what policies of functions are made of: Allow and Deny, actions and resources with wildcards. A document
that says more (conditions, NotAction, NotResource, principals) is refused rather than half understood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwater.local.wildcards import wildcard_match

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_UNDERSTOOD = frozenset({"Sid", "Effect", "Action", "Resource"})


@dataclass(frozen=True, slots=True)
class Need:
    """One thing a request does: an action (`s3:GetObject`) and the ARN it does it to."""

    action: str
    resource: str


@dataclass(frozen=True, slots=True)
class Right:
    """One action on one resource pattern, as a statement grants it."""

    sid: str
    action: str
    resource: str

    def covers(self, need: Need) -> bool:
        """True when this right reaches what is needed; actions know no case, resources do."""
        return wildcard_match(self.action.lower(), need.action.lower()) and wildcard_match(self.resource, need.resource)


class Policy:
    """One policy document. Raises ValueError for anything in it that could not be evaluated."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        statements = _listed(document["Statement"])
        self.rights = [right for statement in statements for right in _rights(statement, "Allow")]
        self._denied = [right for statement in statements for right in _rights(statement, "Deny")]
        self._by_action: dict[str, list[Right]] = {}

    def allows(self, need: Need) -> Right | None:
        """Return the right that covers what is needed; None when there is none, or a Deny stands against it."""
        candidates = self._by_action.get(need.action)
        if candidates is None:
            action = need.action.lower()
            candidates = [right for right in self.rights if wildcard_match(right.action.lower(), action)]
            self._by_action[need.action] = candidates
        if any(right.covers(need) for right in self._denied):
            return None
        return next((right for right in candidates if wildcard_match(right.resource, need.resource)), None)


def _rights(statement: Mapping[str, Any], effect: str) -> Iterable[Right]:
    strange = set(statement) - _UNDERSTOOD
    if strange or statement["Effect"] not in {"Allow", "Deny"}:
        msg = f"the statement {statement.get('Sid')} says what is not evaluated here: {sorted(strange)}"
        raise ValueError(msg)
    if statement["Effect"] == effect:
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                yield Right(statement.get("Sid", ""), action, resource)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
