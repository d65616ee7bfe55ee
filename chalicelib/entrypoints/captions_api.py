"""/v1/recordings/{id}/captions: put a language's captions, list, read and remove them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalice.app import Blueprint, Response

from chalicelib import container
from chalicelib.domain.captions import MIME
from chalicelib.entrypoints.authorizer import authorizer
from chalicelib.entrypoints.problems import answers
from chalicelib.entrypoints.requests import caller_of, optional_caller, read_bytes, read_query
from chalicelib.entrypoints.schemas import CaptionsQuery, GrantQuery
from chalicelib.entrypoints.views import HEADERS, caption_view, no_content, ok
from chalicelib.services.captions import Offer

if TYPE_CHECKING:
    from chalicelib.domain.recording import Recording

blueprint = Blueprint(__name__)
BINARY_TYPES = ("application/x-subrip", "text/plain")
"""Besides application/octet-stream: bodies that API Gateway hands on byte by byte, so that we can say what is wrong.

Not text/vtt, which we answer with: it would then have to be asked for by name. Bytes of it that are no UTF-8 arrive as
U+FFFD, and are refused as such.
"""


@blueprint.route(
    "/v1/recordings/{recording_id}/captions/{language}", methods=["PUT"], authorizer=authorizer, content_types=[]
)
@answers
def put_captions(recording_id: str, language: str) -> Response:
    """Take WebVTT or SubRip, whatever it is said to be: 201 for a new language, 200 for one that is replaced."""
    query = read_query(blueprint.current_request, CaptionsQuery)
    body = read_bytes(blueprint.current_request)
    offer = Offer(language, body, query.label, query.kind, default=query.default)
    caller = caller_of(blueprint.current_request)
    track, new = container.caption_library().put(caller, recording_id, offer)
    return ok(caption_view(track), status=201 if new else 200)


@blueprint.route(
    "/v1/recordings/{recording_id}/captions/{language}", methods=["DELETE"], authorizer=authorizer, content_types=[]
)
@answers
def delete_captions(recording_id: str, language: str) -> Response:
    """Remove a language's captions: 204."""
    container.caption_library().remove(caller_of(blueprint.current_request), recording_id, language)
    return no_content()


# No authorizer: whoever may watch may read, with a token, a link or, if it is public, nothing.
@blueprint.route("/v1/recordings/{recording_id}/captions", methods=["GET"], content_types=[])
@answers
def list_captions(recording_id: str) -> Response:
    """List the languages there are."""
    return ok({"captions": [caption_view(track) for track in _watched(recording_id).captions]})


@blueprint.route("/v1/recordings/{recording_id}/captions/{language}", methods=["GET"], content_types=[])
@answers
def read_captions(recording_id: str, language: str) -> Response:
    """Return the WebVTT that players get."""
    _, text = container.caption_library().read(_watched(recording_id), language)
    return Response(text, headers={"Content-Type": MIME, **HEADERS})


def _watched(recording_id: str) -> Recording:
    caller = optional_caller(blueprint.current_request, container.token_verifier())
    query = read_query(blueprint.current_request, GrantQuery)
    return container.playback().admit(caller, recording_id, query.grant)
