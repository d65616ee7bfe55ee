"""/v1/diagnosis: for administrators, and for `headwater doctor`, which words what it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib import diagnosis_container
from chalicelib.domain.access import require_admin
from chalicelib.entrypoints.authorizer import authorizer
from chalicelib.entrypoints.problems import answers
from chalicelib.entrypoints.requests import caller_of
from chalicelib.entrypoints.views import ok

if TYPE_CHECKING:
    from chalice.app import Response

blueprint = Blueprint(__name__)


@blueprint.route("/v1/diagnosis", methods=["GET"], authorizer=authorizer, content_types=[])
@answers
def diagnose() -> Response:
    """Say of tables, buckets, keys, queues and the schedule whether this function can use them."""
    require_admin(caller_of(blueprint.current_request))
    return ok(diagnosis_container.diagnosis().report())
