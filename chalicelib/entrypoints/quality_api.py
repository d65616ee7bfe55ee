"""/v1/recordings/{id}/quality and /sessions: what to fetch next, and what players report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib import container
from chalicelib.domain.rates import Kind
from chalicelib.entrypoints.problems import answers
from chalicelib.entrypoints.requests import optional_caller, read_json, read_query, viewer_of
from chalicelib.entrypoints.schemas import QualityQuery, SessionQuery
from chalicelib.entrypoints.views import advice_view, ok, report_view, ticket_view
from chalicelib.services.viewers import Asking

if TYPE_CHECKING:
    from chalice.app import Response

blueprint = Blueprint(__name__)
MAX_REPORT_BYTES = 16 * 1024


# No authorizer: whoever may watch may ask and report, with a token, a link, a session's token or, if public, nothing.
@blueprint.route("/v1/recordings/{recording_id}/quality/recommended", methods=["GET"], content_types=[])
@answers
def recommend_quality(recording_id: str) -> Response:
    """Say which rung to fetch next, or to begin with, and under which session to report."""
    query = read_query(blueprint.current_request, QualityQuery)
    asking = _asking(query, query.session)
    if query.session is None:
        container.limiter().check(Kind.WATCH, asking.caller.sub if asking.caller else "", asking.address)
    viewer = container.viewers().admit(recording_id, asking)
    advice = container.quality().recommend(viewer, query.session, query.measured(), explain=query.explain)
    ticket = container.viewers().ticket(viewer.recording, query.session)
    return ok(advice_view(advice) | {"session": ticket_view(ticket)}, headers={"Cache-Control": "private, no-store"})


@blueprint.route("/v1/recordings/{recording_id}/sessions/{session}/events", methods=["POST"], content_types=[])
@answers
def report_events(recording_id: str, session: str) -> Response:
    """Take a batch of a player's events, whatever its content type, and answer with advice."""
    from chalicelib.domain.abr.reports import read_batch  # noqa: PLC0415  the engine: only players need it

    query = read_query(blueprint.current_request, SessionQuery)
    viewer = container.viewers().admit(recording_id, _asking(query, session))
    events = read_batch(read_json(blueprint.current_request, MAX_REPORT_BYTES))
    return ok(report_view(container.session_reports().take(viewer, session, events)))


def _asking(query: SessionQuery, session: str | None) -> Asking:
    request = blueprint.current_request
    caller = optional_caller(request, container.token_verifier())
    address, country = viewer_of(request, container.edge_key)
    return Asking(caller, address, query.grant, session, query.token, country)
