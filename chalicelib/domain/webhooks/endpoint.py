"""A webhook: where somebody wants to hear of their events, and how it has been doing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.webhooks.changes import EventType

ALL = "*"
"""Subscribes to every event, also to those that are yet to be invented."""
OVERLAP_S = 24 * 3600
"""So long an old secret goes on signing beside the new one."""
MOST_SECRETS = 3
GIVEN_UP_AFTER_S = 5 * 24 * 3600
"""A webhook that has failed for so long, without one success, is disabled."""
GONE = "gone"
FAILING = "failing"


@dataclass(frozen=True, slots=True)
class SecretRef:
    """What a secret is derived from, and how its owner knows it. Without the installation's key it opens nothing."""

    salt: str
    hint: str
    expires_at: float | None = None
    """Unix seconds; None for the one that counts."""

    def to_list(self) -> list[Any]:
        """Return plain JSON values."""
        return [self.salt, self.hint, self.expires_at]

    @staticmethod
    def from_list(data: list[Any]) -> SecretRef:
        """Read what `to_list` wrote."""
        return SecretRef(str(data[0]), str(data[1]), None if data[2] is None else float(data[2]))


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as stored. Times are Unix seconds; `version` counts writes, for conditions."""

    id: str
    owner: str
    url: str
    events: tuple[str, ...]
    created_at: float
    description: str = ""
    enabled: bool = True
    disabled_reason: str = ""
    """`gone` or `failing` when we disabled it; empty when its owner did."""
    secrets: tuple[SecretRef, ...] = ()
    """Newest first."""
    failing_since: float | None = None
    last_status: str = ""
    last_at: float | None = None
    version: int = 0

    def wants(self, event: EventType) -> bool:
        """True when an event of that type is to be sent."""
        return self.enabled and (ALL in self.events or event.value in self.events)

    def signing(self, now: float) -> tuple[SecretRef, ...]:
        """Return the secrets that sign now, newest first."""
        return tuple(s for s in self.secrets if s.expires_at is None or s.expires_at > now)

    def changed(self, changes: Mapping[str, Any]) -> Webhook:
        """Set `url`, `events`, `description` or `enabled`. Enabling it forgets how it failed."""
        after = replace(self, **changes, version=self.version + 1)
        if changes.get("enabled") is True and not self.enabled:
            return replace(after, disabled_reason="", failing_since=None)
        return replace(after, disabled_reason="") if changes.get("enabled") is False else after

    def rotated(self, secret: SecretRef, now: float) -> Webhook:
        """Put a new secret first; the one that counted signs on for a day."""
        old = [replace(s, expires_at=s.expires_at or now + OVERLAP_S) for s in self.signing(now)]
        return replace(self, secrets=(secret, *old)[:MOST_SECRETS], version=self.version + 1)

    def succeeded(self, now: float) -> Webhook:
        """Note a delivery that arrived."""
        after = {"failing_since": None, "last_status": "delivered", "last_at": now}
        return replace(self, **after, version=self.version + 1)  # type: ignore[arg-type]  # named as the fields are

    def failed(self, now: float, *, gone: bool) -> Webhook:
        """Note an attempt that failed; `gone` says that the receiver asked for no more (410)."""
        since = now if self.failing_since is None else self.failing_since
        reason = GONE if gone else FAILING if now - since >= GIVEN_UP_AFTER_S else ""
        after = replace(self, failing_since=since, last_status="failed", last_at=now, version=self.version + 1)
        return replace(after, enabled=False, disabled_reason=reason) if reason and self.enabled else after
