"""/v1/recordings/{id}/stream: the multivariant playlist and the cookies that open its media."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Response

from chalicelib import container
from chalicelib.domain.rates import Kind
from chalicelib.entrypoints.problems import answers
from chalicelib.entrypoints.requests import optional_caller, read_query, viewer_of
from chalicelib.entrypoints.schemas import WatchQuery
from chalicelib.entrypoints.views import HEADERS

if TYPE_CHECKING:
    from chalicelib.services.playback import Ticket

blueprint = Blueprint(__name__)


# No authorizer: a player has a token, a link or, if the recording is public, nothing.
@blueprint.route("/v1/recordings/{recording_id}/stream/master.m3u8", methods=["GET"], content_types=[])
@answers
def read_master_playlist(recording_id: str) -> Response:
    """Return the multivariant playlist; `planned=1` lists rungs whose first chunk is still to come."""
    caller = optional_caller(blueprint.current_request, container.token_verifier())
    query = read_query(blueprint.current_request, WatchQuery)
    address, _ = viewer_of(blueprint.current_request, container.edge_key)
    container.limiter().check(Kind.WATCH, caller.sub if caller else "", address)
    playback = container.playback()
    ticket = playback.open(playback.admit(caller, recording_id, query.grant), planned=query.planned)
    headers: dict[str, str | list[str]] = {
        "Content-Type": "application/vnd.apple.mpegurl",
        **HEADERS,
        "Set-Cookie": _cookies(ticket),
    }
    return Response(ticket.playlist, headers=headers)


def _cookies(ticket: Ticket) -> list[str]:
    # Pages of other sites that hold our player send them only so, and only over https; each site has its own jar.
    elsewhere = "SameSite=None; Secure; Partitioned" if ticket.secure else "SameSite=Lax"
    scope = f"Path={ticket.path}; Max-Age={ticket.max_age_s}; HttpOnly; {elsewhere}"
    return [f"{name}={value}; {scope}" for name, value in ticket.cookies.items()]
