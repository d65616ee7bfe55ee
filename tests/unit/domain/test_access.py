"""Who may do what, links and cookie policies."""

from __future__ import annotations

import json
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.access import (
    RULES,
    Action,
    Caller,
    Relation,
    Role,
    check_grant,
    cookie_policy,
    make_grant,
    may,
    relation_of,
    require,
    require_own,
    role_of,
)
from chalicelib.domain.recording import Recording, RecordingStatus, Visibility
from chalicelib.errors import Forbidden, HeadwaterError, NotFound, Unauthorized

ID = "rec_0123456789abcdefghij"
KEY = b"k" * 32
OWNER = Caller("anna", Role.PUBLISHER)
STRANGER = Caller("berta", Role.PUBLISHER)
KEPT = {Action.LIST, Action.READ, Action.CHANGE, Action.DELETE, Action.WATCH, Action.DOWNLOAD}


def recording(visibility: Visibility = Visibility.PRIVATE) -> Recording:
    """Anna's recording."""
    return Recording(ID, "anna", "Title", "a.mp4", "video/mp4", 1, RecordingStatus.READY, 0.0, 0.0, visibility)


def refusal(caller: Caller | None, what: Recording, action: Action, *, granted: bool = False) -> str:
    """Return the code of the refusal, or nothing when it is allowed."""
    try:
        require(caller, what, action, granted=granted)
    except HeadwaterError as error:
        return error.code
    return ""


def test_the_table_has_a_cell_for_every_caller() -> None:
    """No combination falls through to a KeyError in production."""
    assert set(product([*Role, None], Relation)) == set(RULES)


@pytest.mark.parametrize(
    ("role", "relation", "allowed"),
    [
        (Role.ADMIN, Relation.STRANGER, set(Action)),
        (Role.PUBLISHER, Relation.OWNER, set(Action)),
        (Role.PUBLISHER, Relation.INVITED, {Action.WATCH}),
        (Role.PUBLISHER, Relation.STRANGER, set()),
        (Role.VIEWER, Relation.OWNER, KEPT),
        (Role.VIEWER, Relation.INVITED, {Action.WATCH}),
        (None, Relation.INVITED, {Action.WATCH}),
        (None, Relation.STRANGER, set()),
        (None, Relation.OWNER, set()),
    ],
)
def test_what_callers_may_do(role: Role | None, relation: Relation, allowed: set[Action]) -> None:
    """The policy, spelled out once more from the outside."""
    caller = Caller("somebody", role) if role else None
    assert allowed == {action for action in Action if may(caller, relation, action)}


@pytest.mark.parametrize(
    ("claim", "role"),
    [
        ("admin", Role.ADMIN),
        ("publisher", Role.PUBLISHER),
        ("viewer", Role.VIEWER),
        (["viewer", "publisher"], Role.PUBLISHER),
        ("root", Role.VIEWER),
        ("Admin", Role.VIEWER),
        ({"admin": True}, Role.VIEWER),
        (None, Role.VIEWER),
        (["administrators"], Role.VIEWER),
        ([["admin"]], Role.VIEWER),
    ],
)
def test_unknown_roles_are_viewers(claim: object, role: Role) -> None:
    """Nothing but the exact names raises anybody."""
    assert role == role_of(claim)


def test_relations() -> None:
    """Owning comes before being invited; a public recording invites everybody."""
    assert relation_of(OWNER, recording()) == Relation.OWNER
    assert relation_of(STRANGER, recording()) == Relation.STRANGER
    assert relation_of(STRANGER, recording(), granted=True) == Relation.INVITED
    assert relation_of(None, recording(Visibility.PUBLIC)) == Relation.INVITED
    assert relation_of(None, recording()) == Relation.STRANGER


def test_refusals_say_no_more_than_they_must() -> None:
    """A stranger cannot tell somebody else's recording from none; only its owner hears about roles."""
    assert refusal(STRANGER, recording(), Action.READ) == "recording_not_found"
    assert refusal(STRANGER, recording(Visibility.PUBLIC), Action.DELETE) == "recording_not_found"
    assert refusal(None, recording(), Action.WATCH) == "unauthorized"
    assert refusal(Caller("anna", Role.VIEWER), recording(), Action.TRANSCODE) == "forbidden_role"
    assert refusal(Caller("root", Role.ADMIN), recording(), Action.DELETE) == ""
    assert refusal(None, recording(), Action.WATCH, granted=True) == ""
    assert refusal(None, recording(), Action.READ, granted=True) == "unauthorized"


def test_viewers_do_not_create() -> None:
    """Creating needs the publisher role."""
    require_own(OWNER, Action.CREATE)
    with pytest.raises(Forbidden, match="forbidden_role"):
        require_own(Caller("anna", Role.VIEWER), Action.CREATE)


def test_a_grant_opens_its_recording_until_it_ends() -> None:
    """The format is part of the contract: version, expiry, HMAC."""
    grant = make_grant(KEY, ID, 1000)
    assert grant.split(".")[:2] == ["v1", "1000"]
    check_grant(KEY, ID, grant, now=999.9)
    with pytest.raises(Unauthorized, match="grant_expired"):
        check_grant(KEY, ID, grant, now=1000)


@pytest.mark.parametrize(
    "grant",
    [
        "",
        "v1",
        "v1.1000",
        "v1.1000.",
        "v1.-1.x",
        "v1.+1000.x",
        "v1.1e3.x",
        "v1.01000.x",
        "v1.\uff11\uff10\uff10\uff10.x",
        "v1.9999999999999999999999.x",
        "v2.1000.x",
        "v1.1000.ü\ud800",
        make_grant(KEY, ID, 1000).replace("v1", "v2"),
        make_grant(KEY, ID, 1000).replace("1000", "2000"),
        make_grant(KEY, ID, 1000) + "=",
        make_grant(KEY, ID, 1000)[:-1],
        make_grant(b"other", ID, 1000),
        make_grant(KEY, ID[:-1] + "x", 1000),
    ],
)
def test_forged_and_foreign_grants_are_refused(grant: str) -> None:
    """Whatever is not exactly ours is invalid, before its time is even looked at."""
    with pytest.raises(Unauthorized, match="grant_invalid"):
        check_grant(KEY, ID, grant, now=5000)


@given(st.text(max_size=80))
def test_no_text_passes_or_breaks_the_check(grant: str) -> None:
    """Any text at all ends in a clean refusal."""
    with pytest.raises(Unauthorized):
        check_grant(KEY, ID, grant, now=0)


def test_the_cookie_policy_covers_one_recording() -> None:
    """CloudFront compares the text with the signature: no blanks, and the wildcard only at the end."""
    policy = cookie_policy("https://video.example", ID, 1234)
    assert " " not in policy
    assert json.loads(policy) == {
        "Statement": [
            {
                "Resource": f"https://video.example/media/{ID}/*",
                "Condition": {"DateLessThan": {"AWS:EpochTime": 1234}},
            }
        ]
    }


def test_not_found_is_a_404() -> None:
    """The status is what the gateway sends."""
    with pytest.raises(NotFound) as caught:
        require(STRANGER, recording(), Action.READ)
    assert caught.value.status == 404
