"""RFC 9457 problem documents: what every route answers when something is wrong."""

from __future__ import annotations

import logging
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ParamSpec

from chalice.app import Response
from pydantic import ValidationError

from chalicelib.errors import HeadwaterError, Rejected, TooMany, Transient

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

P = ParamSpec("P")

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 20
"""Entries in `errors`; a body can hold thousands of mistakes."""
MAX_FIELD = 100
RETRY_AFTER_S = {"not_playable_yet": 1}
"""Refusals that pass by themselves, in seconds."""
TRANSIENT_RETRY_S = 2

log = logging.getLogger(__name__)


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[dict[str, str]] = (),
    retry_after_s: int | None = None,
) -> Response:
    """Return a problem document as a response; `errors` are {"field", "detail"}."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    if errors:
        document["errors"] = list(errors)
    headers: dict[str, str | list[str]] = {
        "Content-Type": MEDIA_TYPE,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="headwater"'
    return Response(document, headers=headers, status_code=status)


def answers(view: Callable[P, Response]) -> Callable[P, Response]:
    """Make a view answer with a problem document whatever it raises; what nobody expected is logged, not shown."""

    @wraps(view)
    def answered(*args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            return view(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  the last line of defence
            return _document(error)

    return answered


def refusal(error: Rejected) -> Response:
    """Return the document of a request that is refused."""
    after = error.retry_after_s if isinstance(error, TooMany) else RETRY_AFTER_S.get(error.code)
    return problem(error.status, error.code, error.detail, retry_after_s=after)


def _document(error: Exception) -> Response:
    if isinstance(error, Rejected):
        return refusal(error)
    if isinstance(error, ValidationError):
        detail = "The request is not what this route takes; see errors."
        return problem(HTTPStatus.BAD_REQUEST, "invalid_request", detail, errors=_fields(error))
    if isinstance(error, Transient):
        log.warning("transient: %s", error, exc_info=error)
        return problem(error.status, error.code, error.detail, retry_after_s=TRANSIENT_RETRY_S)
    code = error.code if isinstance(error, HeadwaterError) else type(error).__name__
    log.error("unexpected error in a view: %s", code, exc_info=error)
    detail = "Something went wrong on our side. It has been recorded."
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail)


def _fields(error: ValidationError) -> list[dict[str, str]]:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        {"field": ".".join(str(part) for part in e["loc"])[:MAX_FIELD] or "body", "detail": _sentence(e["msg"])}
        for e in found[:MAX_ERRORS]
    ]


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")
