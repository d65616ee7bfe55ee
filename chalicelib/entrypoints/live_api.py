"""/v1/recordings/{id}/stream and /v1/live: start and stop streams, feed them, and find the way to watch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib import container, live_container
from chalicelib.domain.rates import Kind
from chalicelib.entrypoints.authorizer import authorizer
from chalicelib.entrypoints.live_schemas import ClaimEpoch, SignUploads, StartLive
from chalicelib.entrypoints.live_views import (
    encoder_view,
    epoch_view,
    seat_view,
    signed_view,
    started_view,
    stream_view,
)
from chalicelib.entrypoints.problems import answers
from chalicelib.entrypoints.requests import caller_of, optional_caller, read_body, read_query, viewer_of
from chalicelib.entrypoints.schemas import GrantQuery
from chalicelib.entrypoints.views import no_content, ok

if TYPE_CHECKING:
    from chalice.app import Response

    from chalicelib.domain.access import Caller
    from chalicelib.domain.recording import Recording

blueprint = Blueprint(__name__)
KEY_HEADER = "x-stream-key"
_STREAM = "/v1/recordings/{recording_id}/stream"
_LIVE = "/v1/live/{stream_id}"


@blueprint.route(f"{_STREAM}/start-live", methods=["POST"], authorizer=authorizer, content_types=[])
@answers
def start_live(recording_id: str) -> Response:
    """Begin a stream into an empty recording: 201 with the key, which is shown this once."""
    body = read_body(blueprint.current_request, StartLive)
    started = live_container.live_streams().start(caller_of(blueprint.current_request), recording_id, body.wishes())
    links = container.playback().links(started.recording)
    return ok(started_view(started, links, live_container.addresses()), status=201)


@blueprint.route(f"{_STREAM}/stop-live", methods=["DELETE"], authorizer=authorizer, content_types=[])
@answers
def stop_live(recording_id: str) -> Response:
    """End the stream, also when it is over: the recording is made of it."""
    stream = live_container.live_streams().stop(caller_of(blueprint.current_request), recording_id)
    return ok({"stream": stream_view(stream, stream.status)})


# No authorizer: whoever may watch may ask, with a token, a link or, if it is public, nothing.
@blueprint.route(f"{_STREAM}/live", methods=["GET"], content_types=[])
@answers
def join_live(recording_id: str) -> Response:
    """Say where and how to watch the stream; the socket's address opens one connection within a minute."""
    caller, recording = _admitted(recording_id, Kind.WATCH)
    seat = live_container.watching().join(caller, recording)
    return ok(seat_view(seat, container.playback().links(recording), live_container.addresses()))


@blueprint.route(f"{_STREAM}/live/stats", methods=["GET"], content_types=[])
@answers
def read_live_stats(recording_id: str) -> Response:
    """Say how many watch; its owner also learns how, and how well the segments come in."""
    return ok(live_container.watching().stats(*_admitted(recording_id)))


@blueprint.route(
    f"{_STREAM}/live/viewers/{{connection_id}}", methods=["DELETE"], authorizer=authorizer, content_types=[]
)
@answers
def disconnect_viewer(recording_id: str, connection_id: str) -> Response:
    """Close one viewer's connection: 204."""
    live_container.watching().disconnect(caller_of(blueprint.current_request), recording_id, connection_id)
    return no_content()


# No authorizer on what follows: the stream's key is the right to feed it.
@blueprint.route(f"{_LIVE}/epochs", methods=["POST"], content_types=[])
@answers
def claim_epoch(stream_id: str) -> Response:
    """Begin a run of an encoder: 201; whoever wrote on this input before is fenced off."""
    body = read_body(blueprint.current_request, ClaimEpoch)
    _count_feeding(stream_id)
    stream, epoch = live_container.ingest().claim(stream_id, _key(), body.input, body.container, body.first_pdt)
    return ok(epoch_view(stream, epoch), status=201)


@blueprint.route(f"{_LIVE}/uploads", methods=["POST"], content_types=[])
@answers
def sign_uploads(stream_id: str) -> Response:
    """Sign PUTs of an epoch's next objects."""
    body = read_body(blueprint.current_request, SignUploads)
    _count_feeding(stream_id)
    return ok(signed_view(live_container.ingest().sign(stream_id, _key(), body.epoch, body.names)))


@blueprint.route(_LIVE, methods=["GET"], content_types=[])
@answers
def read_stream(stream_id: str) -> Response:
    """Say to an encoder how its stream goes."""
    stream = live_container.ingest().open(stream_id, _key())
    state = live_container.states().of(stream.id)
    return ok(encoder_view(stream, live_container.watching().status(stream, state), state))


def _count_feeding(stream_id: str) -> None:
    """Count a call of a stream's encoders, once it is known that it is theirs: nobody else may use their rate up."""
    container.limiter().count(Kind.FEED, f"stream:{live_container.ingest().open(stream_id, _key()).id}")


def _admitted(recording_id: str, counted: Kind | None = None) -> tuple[Caller | None, Recording]:
    caller = optional_caller(blueprint.current_request, container.token_verifier())
    query = read_query(blueprint.current_request, GrantQuery)
    if counted is not None:
        address, _ = viewer_of(blueprint.current_request, container.edge_key)
        container.limiter().check(counted, caller.sub if caller else "", address)
    return caller, container.playback().admit(caller, recording_id, query.grant)


def _key() -> str:
    headers: Any = blueprint.current_request.headers
    return str(headers.get(KEY_HEADER) or "")
