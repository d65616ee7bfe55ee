"""/v1/recordings: create with a resumable upload, list, read, change, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib import console_container, container
from chalicelib.domain.access import Action
from chalicelib.domain.rates import Kind
from chalicelib.entrypoints.authorizer import authorizer
from chalicelib.entrypoints.problems import answers
from chalicelib.entrypoints.requests import MAX_BODY_BYTES, caller_of, read_body, read_json, read_query
from chalicelib.entrypoints.schemas import ChangeRecording, CreateLiveRecording, CreateRecording, ListQuery, UploadQuery
from chalicelib.entrypoints.views import no_content, ok, recording_view, upload_view
from chalicelib.services.recordings import Listing

if TYPE_CHECKING:
    from chalice.app import Response

    from chalicelib.domain.recording import Recording

blueprint = Blueprint(__name__)


@blueprint.route("/v1/recordings", methods=["POST"], authorizer=authorizer, content_types=[])
@answers
def create_recording() -> Response:
    """Make a recording and open its upload, which a live one has none of: 201."""
    caller = caller_of(blueprint.current_request)
    body = read_json(blueprint.current_request, MAX_BODY_BYTES)
    live = isinstance(body, dict) and body.get("live") is True
    draft = (CreateLiveRecording if live else CreateRecording).model_validate(body).draft()
    recording = container.library().create(caller, draft)
    upload = None if live else upload_view(container.upload_sessions().resume(caller, recording.id))
    return ok({"recording": _view(recording), "upload": upload}, status=201)


@blueprint.route("/v1/recordings", methods=["GET"], authorizer=authorizer, content_types=[])
@answers
def list_recordings() -> Response:
    """List the caller's recordings, newest first; admins may name another owner."""
    query = read_query(blueprint.current_request, ListQuery)
    caller = caller_of(blueprint.current_request)
    if query.q or not query.sort.by_time:
        container.limiter().check(Kind.LOOK, caller.sub)
    found, cursor = container.library().list(caller, Listing(**query.model_dump()))
    return ok({"recordings": [_view(recording) for recording in found], "next_cursor": cursor})


@blueprint.route("/v1/recordings/{recording_id}", methods=["GET"], authorizer=authorizer, content_types=[])
@answers
def read_recording(recording_id: str) -> Response:
    """Read one."""
    return ok(_view(container.library().find(caller_of(blueprint.current_request), recording_id, Action.READ)))


@blueprint.route("/v1/recordings/{recording_id}", methods=["PATCH"], authorizer=authorizer, content_types=[])
@answers
def change_recording(recording_id: str) -> Response:
    """Change title, visibility or room."""
    caller = caller_of(blueprint.current_request)
    body = read_body(blueprint.current_request, ChangeRecording)
    return ok(_view(container.library().change(caller, recording_id, body.changes())))


@blueprint.route("/v1/recordings/{recording_id}", methods=["DELETE"], authorizer=authorizer, content_types=[])
@answers
def delete_recording(recording_id: str) -> Response:
    """Delete one with every object of it: 204, and 404 from then on."""
    container.library().delete(caller_of(blueprint.current_request), recording_id)
    return no_content()


@blueprint.route("/v1/recordings/{recording_id}/upload", methods=["GET"], authorizer=authorizer, content_types=[])
@answers
def read_upload(recording_id: str) -> Response:
    """Say which parts are there and sign addresses for others."""
    query = read_query(blueprint.current_request, UploadQuery)
    session = container.upload_sessions().resume(caller_of(blueprint.current_request), recording_id, query.parts)
    return ok(upload_view(session))


@blueprint.route(
    "/v1/recordings/{recording_id}/upload/complete", methods=["POST"], authorizer=authorizer, content_types=[]
)
@answers
def complete_upload(recording_id: str) -> Response:
    """Join the parts; the encoding starts by itself."""
    recording = container.upload_sessions().complete(caller_of(blueprint.current_request), recording_id)
    return ok({"recording": _view(recording)})


def _view(recording: Recording) -> dict[str, Any]:
    shown = recording_view(recording, container.playback().links(recording))
    return shown | {"thumbnail_url": console_container.poster_links().link(recording)}
