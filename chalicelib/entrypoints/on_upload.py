"""An object has landed in the source bucket (S3 event through SQS), or is ready at last: start its job."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib import container
from chalicelib.adapters.telemetry import instrumented, log
from chalicelib.config import resource_name
from chalicelib.domain.events import objects_created
from chalicelib.domain.keys import recording_of_source
from chalicelib.domain.messages import MESSAGE_TOO_NEW, StartMessage, parse_message
from chalicelib.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalice.app import SQSEvent

blueprint = Blueprint(__name__)
_BUSY_S = 150
"""A little longer than the function may run: a worker that dies frees its message after so long."""
_TRIES = 8
"""Fewer than the queue's maximum of receives, so that the user is told before the message is a dead letter."""
_PAUSE_S = 5


@blueprint.on_sqs_message(queue=resource_name("uploads"), batch_size=1, name="on_upload")
@instrumented
def on_upload(event: SQSEvent) -> dict[str, Any]:
    """Plan and queue the recording of every object in the batch; failed messages come again."""
    failures = []
    queue = container.uploads_queue()
    for record in event:
        try:
            queue.change_visibility(record.receipt_handle, _BUSY_S)
            _start(record.body)
        except Transient as error:
            log().warning("upload not started yet", extra={"code": error.code, "detail": error.detail})
            tries = int(record.to_dict()["attributes"]["ApproximateReceiveCount"])
            waits = error.code == MESSAGE_TOO_NEW
            if tries >= _TRIES and not waits:
                _give_up(record.body, error)
                continue
            if not waits:
                # A queue that refuses even this has the message for its own twelve minutes
                with suppress(Transient):
                    queue.change_visibility(record.receipt_handle, _PAUSE_S * tries)
            failures.append({"itemIdentifier": record.to_dict()["messageId"]})
    return {"batchItemFailures": failures}


def _start(body: str) -> None:
    for recording_id in _sources(body):
        log().append_keys(recording_id=recording_id)
        began = container.clock().now()
        job = container.transcoder().start_from_upload(recording_id)
        if job is not None:
            container.meter(job.id, began).write()


def _give_up(body: str, error: Transient) -> None:
    for recording_id in _sources(body):
        log().error("upload given up", extra={"recording_id": recording_id, "code": error.code})
        container.transcoder().give_up(recording_id)


def _sources(body: str) -> Iterator[str]:
    with suppress(Permanent):
        message = parse_message(body)
        if isinstance(message, StartMessage):
            yield message.recording_id
            return
    for created in objects_created(body):
        recording_id = recording_of_source(created.key)
        if recording_id is None:
            log().warning("object is not a recording's source", extra={"key": created.key})
        else:
            yield recording_id
