"""Who may do what: one table, playback links (grants) and the policy that CloudFront cookies carry."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from chalicelib.domain.keys import media_prefix
from chalicelib.domain.recording import Visibility
from chalicelib.errors import Forbidden, NotFound, Unauthorized

if TYPE_CHECKING:
    from chalicelib.domain.recording import Recording

GRANT_VERSION = "v1"


class Role(StrEnum):
    """What a token says its bearer is."""

    VIEWER = "viewer"
    PUBLISHER = "publisher"
    ADMIN = "admin"


class Relation(StrEnum):
    """What a caller is to one recording, nearest first."""

    OWNER = "owner"
    INVITED = "invited"
    """Holds a signed link to it, or it is public."""
    STRANGER = "stranger"


class Action(StrEnum):
    """Everything the API lets somebody do."""

    CREATE = "create"
    LIST = "list"
    READ = "read"
    CHANGE = "change"
    UPLOAD = "upload"
    TRANSCODE = "transcode"
    STREAM = "stream"
    DELETE = "delete"
    WATCH = "watch"
    DOWNLOAD = "download"
    ANALYSE = "analyse"
    """See who watched, and how it went."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whose token was verified."""

    sub: str
    role: Role


_KEEP = frozenset({Action.LIST, Action.READ, Action.CHANGE, Action.DELETE, Action.WATCH, Action.DOWNLOAD})
_ALL = frozenset(Action)
_WATCH = frozenset({Action.WATCH})
_NONE: frozenset[Action] = frozenset()

RULES: dict[tuple[Role | None, Relation], frozenset[Action]] = {
    (Role.ADMIN, Relation.OWNER): _ALL,
    (Role.ADMIN, Relation.INVITED): _ALL,
    (Role.ADMIN, Relation.STRANGER): _ALL,
    (Role.PUBLISHER, Relation.OWNER): _ALL,
    (Role.PUBLISHER, Relation.INVITED): _WATCH,
    (Role.PUBLISHER, Relation.STRANGER): _NONE,
    # Somebody who lost the publisher role keeps what they made, but costs nothing more.
    (Role.VIEWER, Relation.OWNER): _KEEP,
    (Role.VIEWER, Relation.INVITED): _WATCH,
    (Role.VIEWER, Relation.STRANGER): _NONE,
    (None, Relation.OWNER): _NONE,
    (None, Relation.INVITED): _WATCH,
    (None, Relation.STRANGER): _NONE,
}
"""The whole policy. Role None is a caller without a token; nobody without a token owns anything."""


def role_of(claim: object) -> Role:
    """Read a role claim, one name or a list of groups (the strongest counts); anything unknown is a viewer."""
    names = claim if isinstance(claim, (list, tuple)) else [claim]
    for role in (Role.ADMIN, Role.PUBLISHER):
        if role.value in names:
            return role
    return Role.VIEWER


def relation_of(caller: Caller | None, recording: Recording, *, granted: bool = False) -> Relation:
    """Return what `caller` is to `recording`; `granted` says that a valid link was shown."""
    if caller is not None and caller.sub == recording.owner:
        return Relation.OWNER
    if granted or recording.visibility is Visibility.PUBLIC:
        return Relation.INVITED
    return Relation.STRANGER


def may(caller: Caller | None, relation: Relation, action: Action) -> bool:
    """Look one cell of the table up."""
    return action in RULES[caller.role if caller else None, relation]


def not_found() -> NotFound:
    """Return the answer for what is absent and for what is somebody else's: the two cannot be told apart."""
    return NotFound("recording_not_found", "There is no such recording.")


def forbidden_role(action: Action) -> Forbidden:
    """Return the answer for a known caller whose role does not reach."""
    return Forbidden("forbidden_role", f"Your role does not allow you to {action.value} recordings.")


def require_admin(caller: Caller) -> None:
    """Check what belongs to nobody's recordings but to the installation; raises Forbidden."""
    if caller.role is not Role.ADMIN:
        raise Forbidden("forbidden_role", "Only an administrator may look after the queues.")


def require_own(caller: Caller, action: Action) -> None:
    """Check an action on the caller's own things, before there is a recording; raises Forbidden."""
    if not may(caller, Relation.OWNER, action):
        raise forbidden_role(action)


def require(caller: Caller | None, recording: Recording, action: Action, *, granted: bool = False) -> None:
    """Check an action on a recording; raises NotFound, Forbidden (only to its owner) or Unauthorized (no token)."""
    relation = relation_of(caller, recording, granted=granted)
    if may(caller, relation, action):
        return
    if caller is None:
        raise Unauthorized("unauthorized", "This recording is private: sign in or open it through its link.")
    if relation is Relation.OWNER:
        raise forbidden_role(action)
    raise not_found()


def make_grant(key: bytes, recording_id: str, expires_at: int) -> str:
    """Return `v1.{Unix seconds}.{HMAC-SHA256, base64url}`: the right to watch one recording until then."""
    return f"{GRANT_VERSION}.{expires_at}.{_grant_mac(key, recording_id, expires_at)}"


def check_grant(key: bytes, recording_id: str, grant: str, *, now: float) -> None:
    """Raise Unauthorized("grant_invalid") or, for a true one that ran out, Unauthorized("grant_expired")."""
    version, _, rest = grant.partition(".")
    expiry, _, mac = rest.partition(".")
    # Only the one spelling we write is read: no signs, blanks, leading zeros or digits of other scripts.
    plain = expiry.isascii() and expiry.isdigit() and len(expiry) <= 12 and str(int(expiry)) == expiry  # noqa: PLR2004
    if version != GRANT_VERSION or not plain:
        raise Unauthorized("grant_invalid", "This playback link is not valid.")
    expected = _grant_mac(key, recording_id, int(expiry))
    if not hmac.compare_digest(expected.encode(), mac.encode("utf-8", "replace")):
        raise Unauthorized("grant_invalid", "This playback link is not valid.")
    if now >= int(expiry):
        raise Unauthorized("grant_expired", "This playback link has expired: ask for a new one.")


def _grant_mac(key: bytes, recording_id: str, expires_at: int) -> str:
    digest = hmac.new(key, f"playback:{recording_id}:{expires_at}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def cookie_policy(public_url: str, recording_id: str, expires_at: int) -> str:
    """Return CloudFront's custom policy for everything a viewer may fetch of one recording, without blanks."""
    statement = {
        "Resource": f"{public_url}/{media_prefix(recording_id)}*",
        "Condition": {"DateLessThan": {"AWS:EpochTime": expires_at}},
    }
    return json.dumps({"Statement": [statement]}, separators=(",", ":"))
