"""/v1/recordings/{id}/transcode: start a job, follow it, cancel it, let it go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib import container, live_container
from chalicelib.domain.access import Action, may, relation_of
from chalicelib.domain.job import JobStatus
from chalicelib.entrypoints.authorizer import authorizer
from chalicelib.entrypoints.problems import answers
from chalicelib.entrypoints.requests import caller_of, optional_caller, read_body, read_query
from chalicelib.entrypoints.schemas import RetryTranscode, StartTranscode, WatchQuery
from chalicelib.entrypoints.views import job_view, no_content, ok
from chalicelib.services.live_states import live_progress

if TYPE_CHECKING:
    from chalice.app import Response

    from chalicelib.domain.recording import Recording

blueprint = Blueprint(__name__)


@blueprint.route(
    "/v1/recordings/{recording_id}/transcode/quality", methods=["POST"], authorizer=authorizer, content_types=[]
)
@answers
def start_transcode(recording_id: str) -> Response:
    """Start a job: 202; the same request again finds the same job: 200."""
    recording = container.library().find(caller_of(blueprint.current_request), recording_id, Action.TRANSCODE)
    body = read_body(blueprint.current_request, StartTranscode)
    job, created = container.transcoder().queue_job(recording, body.ladder(), body.wishes())
    return ok(job_view(job), status=202 if created else 200)


@blueprint.route("/v1/recordings/{recording_id}/transcode", methods=["DELETE"], authorizer=authorizer)
@answers
def cancel_transcode(recording_id: str) -> Response:
    """Cancel the running job: 204, also when it is cancelled already."""
    recording = container.library().find(caller_of(blueprint.current_request), recording_id, Action.TRANSCODE)
    container.job_control().cancel(recording)
    return no_content()


@blueprint.route(
    "/v1/recordings/{recording_id}/transcode/retry", methods=["POST"], authorizer=authorizer, content_types=[]
)
@answers
def retry_transcode(recording_id: str) -> Response:
    """Encode what a failed or cancelled job has left undone: 202."""
    recording = container.library().find(caller_of(blueprint.current_request), recording_id, Action.TRANSCODE)
    body = read_body(blueprint.current_request, RetryTranscode)
    return ok(job_view(container.job_control().retry(recording, body.limit())), status=202)


@blueprint.route(
    "/v1/recordings/{recording_id}/transcode/vmaf", methods=["POST"], authorizer=authorizer, content_types=[]
)
@answers
def measure_quality(recording_id: str) -> Response:
    """Have the finished rungs compared with the source: 202; 200 when the scores are in the progress already."""
    recording = container.library().find(caller_of(blueprint.current_request), recording_id, Action.TRANSCODE)
    asked = container.quality_requests().ask(recording)
    return ok(_progress(recording, owner=True), status=202 if asked else 200)


@blueprint.route(
    "/v1/recordings/{recording_id}/transcode/chunks", methods=["GET"], authorizer=authorizer, content_types=[]
)
@answers
def read_chunks(recording_id: str) -> Response:
    """Say which pieces of which rendition wait, run, are done or failed."""
    recording = container.library().find(caller_of(blueprint.current_request), recording_id, Action.READ)
    return ok(container.transcoder().get_chunks(recording))


# No authorizer: whoever may watch may follow, with a token, a link or, if it is public, nothing.
@blueprint.route("/v1/recordings/{recording_id}/transcode/progress", methods=["GET"], content_types=[])
@answers
def read_progress(recording_id: str) -> Response:
    """Say how far the encoding is and what can be played already; its owner also learns what it costs."""
    caller = optional_caller(blueprint.current_request, container.token_verifier())
    query = read_query(blueprint.current_request, WatchQuery)
    recording = container.playback().admit(caller, recording_id, query.grant)
    owner = may(caller, relation_of(caller, recording), Action.READ)
    return ok(_progress(recording, owner=owner))


def _progress(recording: Recording, *, owner: bool) -> dict[str, Any]:
    document = container.transcoder().get_progress(recording, owner=owner)
    if recording.is_live:
        document |= live_progress(recording, live_container.states().of(recording.stream_id))
    if owner and recording.job_id:
        ended = JobStatus(document["status"]).terminal
        document["cost"] = container.receipts().of(recording.job_id, ended=ended)
    return document
