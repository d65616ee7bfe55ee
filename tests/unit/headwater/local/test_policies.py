"""IAM policy documents, evaluated."""

from __future__ import annotations

from typing import Any

import pytest

from headwater.local.policies import Need, Policy, Right

MEDIA = "arn:aws:s3:::media/media/*"


def policy(*statements: dict[str, Any]) -> Policy:
    """Return a policy of these statements, each allowing unless it says otherwise."""
    return Policy({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})


READS = {"Sid": "Reads", "Action": ["s3:GetObject", "s3:HeadObject"], "Resource": [MEDIA, "arn:aws:s3:::media/key-??"]}


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:GetObject", "arn:aws:s3:::media/media/r/x.m4s", Right("Reads", "s3:GetObject", MEDIA)),
        ("s3:getobject", "arn:aws:s3:::media/media/r", Right("Reads", "s3:GetObject", MEDIA)),
        ("s3:GetObject", "arn:aws:s3:::media/key-ab", Right("Reads", "s3:GetObject", "arn:aws:s3:::media/key-??")),
        ("s3:GetObject", "arn:aws:s3:::media/key-abc", None),
        ("s3:GetObject", "arn:aws:s3:::media/MEDIA/r", None),
        ("s3:GetObject", "arn:aws:s3:::mediaXmedia/r", None),
        ("s3:GetObjectVersion", "arn:aws:s3:::media/media/r", None),
        ("s3:PutObject", "arn:aws:s3:::media/media/r", None),
        ("s3:GetObject", "*", None),
    ],
)
def test_a_right_names_action_and_resource(action: str, resource: str, expected: Right | None) -> None:
    """Wildcards reach as far as IAM's; actions know no case, resources do; what is not allowed is refused."""
    assert policy(READS).allows(Need(action, resource)) == expected


def test_a_wildcard_may_stand_for_actions_too() -> None:
    """As in policies that people write; ours have none."""
    every = policy({"Action": "sqs:*", "Resource": "*"})
    assert every.allows(Need("sqs:SendMessage", "arn:aws:sqs:eu:1:q")) == Right("", "sqs:*", "*")
    assert every.allows(Need("s3:GetObject", "arn:aws:s3:::b/k")) is None


def test_a_denial_stands_above_every_right() -> None:
    """Wherever in the document it is."""
    kept = policy({"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::media/media/kept/*"}, READS)
    assert kept.allows(Need("s3:GetObject", "arn:aws:s3:::media/media/kept/x")) is None
    assert kept.allows(Need("s3:GetObject", "arn:aws:s3:::media/media/other/x")) is not None


@pytest.mark.parametrize(
    "more",
    [
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"NotResource": "*"},
        {"Principal": "*"},
        {"Effect": "Maybe"},
    ],
)
def test_what_is_not_understood_is_not_guessed(more: dict[str, Any]) -> None:
    """A condition that nobody evaluates would be a right that nobody meant."""
    with pytest.raises(ValueError, match="not evaluated"):
        policy({**READS, **more})
