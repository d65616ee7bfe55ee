"""The gateway's TOKEN authorizer: a bearer token in, who it is out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import AuthResponse, Blueprint

from chalicelib import container
from chalicelib.adapters import snapshot
from chalicelib.adapters.telemetry import instrumented
from chalicelib.errors import Unauthorized

if TYPE_CHECKING:
    from chalice.app import AuthRequest

CACHE_S = 60
"""How long the gateway may go on trusting a token it has seen, past its expiry too."""

blueprint = Blueprint(__name__)


class GatewayRefusal(Unauthorized):
    """API Gateway answers 401 to an authorizer that fails with exactly this text; a deny would be a 403."""

    def __str__(self) -> str:
        return "Unauthorized"


@blueprint.authorizer(ttl_seconds=CACHE_S)
@instrumented
def authorizer(request: AuthRequest) -> AuthResponse:
    """Let every route be called by the bearer of a valid token; routes decide what they let whom do."""
    try:
        caller = container.token_verifier().caller(request.token)
    except Unauthorized as error:
        raise GatewayRefusal(error.code, error.detail) from None
    # The answer is cached by token for all routes, so it must not name the one that asked.
    return AuthResponse(routes=["*"], principal_id=caller.sub, context={"sub": caller.sub, "role": caller.role.value})


snapshot.prepare(container.token_verifier)
