"""Each function's role against the emulator: what its policy does not say is refused, what it says is not."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.session import get_session
from moto.iam.access_control import IAMPolicy, PermissionResult

from headwater.local.aws import ACCOUNT, REGION
from headwater.local.iam_gate import IamGate
from headwater.local.needs import Place
from headwater.local.presign import unsigned
from headwater.local.roles import CDN, INGEST, OPERATOR, Role, Roles

if TYPE_CHECKING:
    from collections.abc import Iterable

    Callers = dict[str, Any]
    Pair = tuple[str, str]

ARN = f"{REGION}:{ACCOUNT}"
SOURCE, MEDIA = "arn:aws:s3:::headwater-local-source", "arn:aws:s3:::headwater-local-media"
TABLE, QUEUE = f"arn:aws:dynamodb:{ARN}:table/headwater-local-", f"arn:aws:sqs:{ARN}:headwater-local-"
SECRET = f"arn:aws:secretsmanager:{ARN}:secret:headwater-local-"
ELSEWHERE = {"logs", "xray", "execute-api", "cloudfront"}
"""Services that the emulator is not asked for: nothing calls the first two, gateway and CDN are the others."""


def concrete(pattern: str) -> str:
    """Return an ARN that a pattern of a policy covers."""
    return pattern.replace(":*:*:", f":{ARN}:").replace("??????", "000000").replace("*", "x")


def universe(roles: Roles) -> list[Pair]:
    """Return every action on every kind of thing that any function of the product may do."""
    rights = {right for role in roles.functions.values() for right in role.policy.rights}
    pairs = {(right.action, concrete(right.resource)) for right in rights}
    return sorted(pair for pair in pairs if pair[0].partition(":")[0] not in ELSEWHERE)


def moto_says(role: Role, pairs: Iterable[Pair]) -> set[Pair]:
    """Return what moto's own engine lets a role do: a second opinion that shares nothing with ours."""
    # moto takes what is no asterisk for a regular expression
    policy = IAMPolicy(re.sub(r"\?+", lambda found: "." * len(found[0]), json.dumps(role.document)))
    return {pair for pair in pairs if policy.is_action_permitted(*pair) is PermissionResult.PERMITTED}


def test_every_role_may_what_its_policy_says_and_nothing_else(roles: Roles, callers: Callers) -> None:
    """Every pair of action and resource of the whole product, asked for by every role, over the wire."""
    pairs = universe(roles)
    let_in = {
        name: {pair for pair in pairs if not callers[name].ask(*pair).refuses(pair[0])} for name in roles.functions
    }
    assert let_in == {name: moto_says(role, pairs) for name, role in roles.functions.items()}
    # A table in which everything is refused, or nothing, would be equal too
    assert not let_in["authorizer"]
    assert set().union(*let_in.values()) == set(pairs)
    assert all(len(mine) < len(pairs) for mine in let_in.values())


def operations() -> list[Pair]:
    """Return every operation that the clients of functions have, each on a thing of the product."""
    things = {"dynamodb": TABLE + "recordings", "sqs": QUEUE + "encode", "secretsmanager": SECRET + "cdn-key-000000"}
    session = get_session()
    known = {service: session.get_service_model(service).operation_names for service in things}
    return sorted(
        (f"{service}:{name}", thing)
        for service, thing in things.items()
        for name in known[service]
        # Several things, or several of one, at a time: known by other names, and tested where requests are read
        if "Batch" not in name and not name.startswith("Transact")
    )


def gate_lets(gate: IamGate, role: Role, pair: Pair) -> bool:
    """Ask the gate as a server would; true when the request came through."""
    service, _, operation = pair[0].partition(":")
    targets = {"dynamodb": "DynamoDB_20120810", "sqs": "AmazonSQS", "secretsmanager": "secretsmanager"}
    thing = {"TableName": "headwater-local-recordings", "QueueUrl": "http://a/1/headwater-local-encode"}
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "HTTP_X_AMZ_TARGET": f"{targets[service]}.{operation}",
        "wsgi.input": io.BytesIO(json.dumps({**thing, "SecretId": "headwater-local-cdn-key"}).encode()),
    }
    headers = unsigned(role.credentials, service)
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    return gate.respond(environ, lambda *_: lambda _: None, lambda *_: [b"in"]) == [b"in"]


def test_no_role_may_use_the_rest_of_its_clients(roles: Roles, capfd: pytest.CaptureFixture[str]) -> None:
    """Every operation that boto3's clients know, asked of the gate itself: more than a thousand."""
    gate = IamGate(Place(ACCOUNT, REGION))
    gate.enforce(role.as_json() for role in roles)
    every = operations()
    let_in = {name: {pair for pair in every if gate_lets(gate, role, pair)} for name, role in roles.functions.items()}
    assert let_in == {name: moto_says(role, every) for name, role in roles.functions.items()}
    assert {action for mine in let_in.values() for action, _ in mine} == {
        *(f"dynamodb:{name}Item" for name in ("Get", "Put", "Update", "Delete")),
        *(f"sqs:{name}Message" for name in ("Send", "Receive", "Delete")),
        *("sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "secretsmanager:GetSecretValue"),
    }
    # Who runs the stack reads which right is missing, once
    told = capfd.readouterr().err
    assert told.count("IAM: headwater-local-on_encode may not dynamodb:DeleteTable ") == 1


NEVER = [
    # (who, must not, what it would mean)
    ("api", "s3:DeleteObject", f"{MEDIA}/media/r/picture/000.m4s", "a stolen session of the API deletes media"),
    ("api", "s3:PutObject", f"{MEDIA}/media/r/picture/000.m4s", "or puts other pictures into them"),
    ("api", "s3:DeleteObject", f"{SOURCE}/sources/r/source", "or deletes originals"),
    ("api", "dynamodb:DeleteItem", f"{TABLE}recordings", "or rows, past the sweeps that look after them"),
    ("api", "sqs:ReceiveMessage", f"{QUEUE}encode", "or takes work away from the workers"),
    ("on_broadcast", "s3:GetObject", f"{SOURCE}/sources/r/source", "what talks to viewers reads originals"),
    ("on_broadcast", "s3:GetObject", f"{MEDIA}/media/r/master.m3u8", "or media without a cookie"),
    ("on_broadcast", "dynamodb:GetItem", f"{TABLE}recordings", "or who owns what"),
    ("on_upload", "s3:PutObject", f"{SOURCE}/sources/r/source", "what probes hostile files overwrites them"),
    ("on_upload", "s3:GetObject", f"{MEDIA}/media/r/master.m3u8", "or reads media"),
    ("on_upload", "secretsmanager:GetSecretValue", f"{SECRET}cdn-key-000000", "or signs cookies"),
    ("on_encode", "s3:PutObject", f"{SOURCE}/sources/r/source", "FFmpeg's process overwrites originals"),
    ("on_encode", "s3:ListBucket", SOURCE, "or looks for other people's"),
    ("on_encode", "secretsmanager:GetSecretValue", f"{SECRET}grant-key-000000", "or signs playback links"),
    ("on_encode", "dynamodb:DeleteItem", f"{TABLE}recordings", "or deletes rows"),
    ("on_prepare", "s3:PutObject", f"{SOURCE}/sources/r/source", "the copy replaces the original"),
    ("on_prepare", "s3:DeleteObject", f"{SOURCE}/sources/r/source", "or the original goes"),
    ("on_prepare", "s3:PutObject", f"{MEDIA}/media/r/master.m3u8", "or what is on show changes"),
    ("on_live_segment", "s3:GetObject", f"{SOURCE}/sources/r/source", "live reads uploads"),
    ("on_live_segment", "dynamodb:DeleteItem", f"{TABLE}live_streams", "or ends streams past their states"),
    ("on_lifecycle", "s3:GetObject", f"{SOURCE}/sources/r/source", "what deletes can also read"),
    ("on_lifecycle", "s3:PutObject", f"{MEDIA}/media/r/master.m3u8", "or publish"),
    ("on_schedule", "s3:DeleteObject", f"{MEDIA}/media/r/picture/000.m4s", "a sweep deletes media"),
    ("on_webhook", "secretsmanager:GetSecretValue", f"{SECRET}cdn-key-000000", "what calls strangers signs cookies"),
    ("on_webhook", "s3:GetObject", f"{MEDIA}/media/r/master.m3u8", "or reads media"),
    ("ingest_authorizer", "s3:PutObject", f"{SOURCE}/ingest/s/1/0.mp4", "what lets encoders in writes itself"),
    ("ingest_authorizer", "dynamodb:DeleteItem", f"{TABLE}live_streams", "or ends streams"),
    ("websocket_connect", "dynamodb:DeleteItem", f"{TABLE}live_connections", "an anonymous caller throws others out"),
    ("websocket_connect", "dynamodb:GetItem", f"{TABLE}recordings", "or reads rows"),
    ("websocket_message", "dynamodb:UpdateItem", f"{TABLE}live_streams", "a viewer's message changes the stream"),
    ("websocket_disconnect", "dynamodb:Query", f"{TABLE}live_connections", "a goodbye lists the audience"),
    (CDN, "s3:GetObject", f"{SOURCE}/sources/r/source", "the CDN serves originals"),
    (INGEST, "s3:PutObject", f"{SOURCE}/sources/r/source", "an encoder overwrites an upload"),
    (OPERATOR, "s3:GetObject", f"{SOURCE}/sources/r/source", "who makes buckets reads what is in them"),
]


@pytest.mark.parametrize(("who", "action", "resource", "otherwise"), NEVER, ids=lambda value: value[:40])
def test_what_must_never_be_allowed(callers: Callers, who: str, action: str, resource: str, otherwise: str) -> None:
    """Written down by hand, so that a policy that grows too far fails here and says what it would mean."""
    assert callers[who].ask(action, resource).refuses(action), f"{who} may {action} {resource}: {otherwise}"


def test_the_authorizer_has_no_rights_at_all(roles: Roles) -> None:
    """It reads a public key over HTTPS; all that its role may is to log and to trace."""
    assert {right.sid for right in roles.functions["authorizer"].policy.rights} == {"Log", "Trace"}
