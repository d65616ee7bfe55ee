"""REQUEST authorizer of `PUT /ingest/{stream}/{key}/[backup/]{name}`: whether a segment may come, and where it goes.

The gateway asks for every request, keeps no answer, and stores the body under the key that the context names.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from chalice.app import Blueprint

from chalicelib import live_container
from chalicelib.adapters import snapshot
from chalicelib.adapters.telemetry import instrumented, log
from chalicelib.config import settings
from chalicelib.domain.live.stream import Input
from chalicelib.errors import Rejected

blueprint = Blueprint(__name__)
THROWN_AWAY = "discarded/playlist"
"""The gateway can store and nothing else: what is not wanted is one object, written over and over."""
_PATH = re.compile(r".*/ingest/(?P<stream>[^/]+)/(?P<key>[^/]+)/(?P<backup>backup/)?(?P<name>[^/]+)")


@blueprint.lambda_function(name="ingest_authorizer")
@instrumented
def ingest_authorizer(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return an IAM policy: allowed into a bucket's key, allowed to be thrown away, or denied with a stable code.

    What may pass by itself raises: the gateway answers 500, which an encoder may try again.
    """
    arn = str(event.get("methodArn") or "")
    found = _PATH.fullmatch(str(event.get("path") or ""))
    if found is None or not arn:
        return _policy("nobody", arn or "*", "Deny", {"code": "no_such_route"})
    stream_id = unquote(found["stream"])
    if event.get("httpMethod") == "DELETE":
        # Encoders tidy up behind themselves; what is still needed of a stream we know better.
        return _policy(stream_id, arn, "Allow", _discarded())
    input_ = Input.BACKUP if found["backup"] else Input.PRIMARY
    try:
        key = live_container.ingest().route(stream_id, unquote(found["key"]), input_, unquote(found["name"]))
    except Rejected as error:
        log().info("ingest refused", extra={"stream_id": stream_id, "code": error.code})
        return _policy(stream_id, arn, "Deny", {"code": error.code, "detail": error.detail})
    if key is None:
        return _policy(stream_id, arn, "Allow", _discarded())
    return _policy(stream_id, arn, "Allow", {"bucket": settings().source_bucket, "key": key})


def _discarded() -> dict[str, str]:
    return {"discard": "true", "bucket": settings().source_bucket, "key": THROWN_AWAY}


def _policy(principal: str, arn: str, effect: str, context: dict[str, str]) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": arn}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }


snapshot.prepare(live_container.ingest, services=("dynamodb",))
