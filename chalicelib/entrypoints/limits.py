"""Rates at the door: callers who are known before their route is entered are counted here, the others by the route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib import container
from chalicelib.domain.rate_table import CALLS
from chalicelib.entrypoints.problems import refusal
from chalicelib.errors import TooMany

if TYPE_CHECKING:
    from collections.abc import Callable


def rate_middleware(request: Any, get_response: Callable[[Any], Any]) -> Any:
    """Count a REST request before it is answered: `app.register_middleware(rate_middleware, "http")`."""
    kind = CALLS.get((request.method, request.path))
    user = str((request.context.get("authorizer") or {}).get("sub") or "")
    if kind is not None and user:
        try:
            container.limiter().check(kind, user)
        except TooMany as error:
            return refusal(error)
    return get_response(request)
