"""Reading requests: JSON bodies, query strings and who asks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pydantic import BaseModel

from chalicelib.domain.access import Caller, role_of
from chalicelib.domain.networks import EDGE_HEADER, viewer_address, viewer_country
from chalicelib.errors import BadRequest, TooLarge, Unauthorized

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice.app import Request

    from chalicelib.adapters.tokens import TokenVerifier

MAX_BODY_BYTES = 64 * 1024
"""The largest honest body is a few kilobytes."""

Model = TypeVar("Model", bound=BaseModel)


def read_body(request: Request, model: type[Model]) -> Model:
    """Parse a JSON object, an absent body being an empty one; raises BadRequest, TooLarge or ValidationError."""
    return model.model_validate(read_json(request, MAX_BODY_BYTES))


def read_json(request: Request, limit: int) -> Any:
    """Parse a body of up to `limit` bytes, whatever its content type; raises BadRequest or TooLarge."""
    return _json(_bytes(request), limit)


def read_bytes(request: Request) -> bytes:
    """Return the body as it was sent, up to the gateway's own limit; raises BadRequest for broken base64."""
    return _bytes(request)


def read_query(request: Request, model: type[Model]) -> Model:
    """Parse a query string, of repeated names the last; raises ValidationError."""
    return model.model_validate(dict(request.query_params or {}))


def caller_of(request: Request) -> Caller:
    """Return whom the authorizer let in; raises Unauthorized when no authorizer ran."""
    context = request.context.get("authorizer") or {}
    sub = context.get("sub")
    if not sub:
        raise Unauthorized("unauthorized", "A bearer token is needed.")
    return Caller(str(sub), role_of(context.get("role")))


def optional_caller(request: Request, verifier: TokenVerifier) -> Caller | None:
    """Return who a token belongs to, None without one; raises Unauthorized for a bad one."""
    authorization = request.headers.get("authorization")
    return verifier.caller(authorization) if authorization else None


def viewer_of(request: Request, edge_key: Callable[[], str]) -> tuple[str, str]:
    """Return a viewer's address and country, each empty when unknown; `edge_key` is what only our CDN can show."""
    source_ip = str((request.context.get("identity") or {}).get("sourceIp") or "")
    key = edge_key() if EDGE_HEADER in request.headers else ""
    return viewer_address(source_ip, request.headers, edge_key=key), viewer_country(request.headers, edge_key=key)


def _bytes(request: Request) -> bytes:
    try:
        raw = request.raw_body
    except ValueError:
        raise _not_json() from None
    return raw.encode() if isinstance(raw, str) else raw


def _json(raw: bytes, limit: int) -> Any:
    if len(raw) > limit:
        raise TooLarge("payload_too_large", f"The body of this request may have up to {limit} bytes.")
    if not raw.strip():
        return {}
    try:
        return json.loads(raw.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _not_json() from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _not_json() -> BadRequest:
    return BadRequest("invalid_request", "The body is not valid JSON in UTF-8.")
