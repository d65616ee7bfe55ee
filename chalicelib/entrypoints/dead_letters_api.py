"""/v1/dead-letters: for administrators, after a fault was mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib import container
from chalicelib.domain.access import require_admin
from chalicelib.entrypoints.authorizer import authorizer
from chalicelib.entrypoints.problems import answers
from chalicelib.entrypoints.requests import caller_of
from chalicelib.entrypoints.views import ok

if TYPE_CHECKING:
    from chalice.app import Response

blueprint = Blueprint(__name__)


@blueprint.route("/v1/dead-letters", methods=["GET"], authorizer=authorizer, content_types=[])
@answers
def list_dead_letters() -> Response:
    """Say for each queue how many messages have failed too often."""
    require_admin(caller_of(blueprint.current_request))
    return ok({"queues": container.dead_letters().overview()})


@blueprint.route("/v1/dead-letters/{queue}/requeue", methods=["POST"], authorizer=authorizer, content_types=[])
@answers
def requeue_dead_letters(queue: str) -> Response:
    """Put a queue's dead letters back to work, as many as a call has time for."""
    require_admin(caller_of(blueprint.current_request))
    return ok(container.dead_letters().requeue(queue))
