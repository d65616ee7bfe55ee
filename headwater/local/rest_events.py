"""API Gateway's REST proxy format, version 1: an HTTP request as a Lambda event, a Lambda answer as HTTP. Pure."""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from chalicelib.config import MIB

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from headwater.local.rest_routes import Match

STAGE = "api"
API_ID = "local"
ACCOUNT = "123456789012"
REGION = "eu-central-1"
MAX_PAYLOAD = 6 * MIB
"""Lambda's limit for a synchronous event or answer, in bytes."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_THEIRS = frozenset(
    {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding", "upgrade"}
)
_STATUSES = range(200, 600)


@dataclass(frozen=True, slots=True)
class RestRequest:
    """An HTTP request; `path` and `query` raw, `headers` in the order they came, the stage already taken off."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str

    def header(self, name: str) -> str | None:
        """Return the last value of a header, or None."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return values[-1] if values else None


@dataclass(frozen=True, slots=True)
class RestAnswer:
    """What goes back to the client; a header name may repeat."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class BadAnswer(ValueError):
    """The function answered something API Gateway would not accept (502)."""


def method_arn(method: str, path: str) -> str:
    """ARN of a request, as authorizers get it and policies name it."""
    return f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{API_ID}/{STAGE}/{method}/{path.removeprefix('/')}"


def rest_event(
    request: RestRequest, match: Match, *, request_id: str, now: float, authorizer: Mapping[str, str] | None
) -> dict[str, Any]:
    """Build the event; `now` in Unix seconds, `authorizer` the context an authorizer returned."""
    query = _grouped(parse_qsl(request.query, keep_blank_values=True))
    headers = _grouped(request.headers)
    body, is_binary = _text(request.body)
    return {
        "resource": match.resource_path,
        "path": request.path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": {name: unquote(value) for name, value in match.parameters.items()} or None,
        "stageVariables": None,
        "requestContext": _context(request, match.resource_path, request_id, now)
        | ({} if authorizer is None else {"authorizer": dict(authorizer)}),
        "body": body,
        "isBase64Encoded": is_binary,
    }


def _context(request: RestRequest, resource_path: str, request_id: str, now: float) -> dict[str, Any]:
    return {
        "accountId": ACCOUNT,
        "apiId": API_ID,
        "stage": STAGE,
        "requestId": request_id,
        "extendedRequestId": request_id,
        "resourceId": "local",
        "resourcePath": resource_path,
        "httpMethod": request.method,
        "path": f"/{STAGE}{request.path}",
        "protocol": "HTTP/1.1",
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "requestTimeEpoch": int(now * 1000),
        "domainName": request.header("host") or "",
        "identity": {"sourceIp": request.source_ip, "userAgent": request.header("user-agent")},
    }


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """Values by name, in order."""
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    return grouped


def _text(body: bytes) -> tuple[str | None, bool]:
    """Return the body as an event carries it: None, text, or base64 when it is no text."""
    if not body:
        return None, False
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


def rest_answer(payload: bytes) -> RestAnswer:
    """Read what the function returned.

    Raises BadAnswer for anything API Gateway refuses: no JSON object, no valid status, header values or body that
    are no text, broken base64, more than MAX_PAYLOAD bytes.
    """
    if len(payload) > MAX_PAYLOAD:
        raise BadAnswer(f"the answer has {len(payload)} bytes, more than {MAX_PAYLOAD}")
    try:
        answer = json.loads(payload)
    except ValueError:
        raise BadAnswer("the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise BadAnswer("the answer is not an object")
    return RestAnswer(_status(answer.get("statusCode")), _headers(answer), _body(answer))


def _status(value: object) -> int:
    try:
        status = int(value) if isinstance(value, int | str) and not isinstance(value, bool) else -1
    except ValueError:
        status = -1
    if status not in _STATUSES:
        raise BadAnswer(f"{value!r} is no status code")
    return status


def _headers(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Merge both header maps as API Gateway does: single values are added unless listed among the multiple."""
    single, multiple = answer.get("headers") or {}, answer.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not isinstance(multiple, dict):
        raise BadAnswer("headers must be objects")
    pairs: list[tuple[str, object]] = []
    for name, values in multiple.items():
        if not isinstance(values, list):
            raise BadAnswer(f"multiValueHeaders[{name!r}] must be a list")
        pairs += [(name, value) for value in values]
    listed = {(name.lower(), _scalar(name, value)) for name, value in pairs}
    pairs += [(name, value) for name, value in single.items() if (name.lower(), _scalar(name, value)) not in listed]
    return [(name, _scalar(name, value)) for name, value in pairs if name.lower() not in _NOT_THEIRS]


def _scalar(name: str, value: object) -> str:
    if isinstance(value, bool):
        value = "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise BadAnswer(f"header {name!r} must have a plain value")
    text = str(value)
    if not _HEADER_NAME.fullmatch(name) or any(char in text for char in "\r\n\0"):
        raise BadAnswer(f"header {name!r} is malformed")
    return text


def _body(answer: Mapping[str, Any]) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise BadAnswer("the body must be a string")
    if not answer.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise BadAnswer("the body is not base64") from None
