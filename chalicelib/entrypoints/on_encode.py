"""One encode message (SQS): lease, encode, commit, announce."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib import container
from chalicelib.adapters.telemetry import instrumented, log
from chalicelib.config import resource_name
from chalicelib.domain.job import Priority
from chalicelib.domain.messages import (
    MESSAGE_TOO_NEW,
    EncodeMessage,
    ExtractMessage,
    MeasureMessage,
    PosterMessage,
    parse_message,
)
from chalicelib.entrypoints.holding import Hold, remaining_s
from chalicelib.errors import Permanent, Transient

if TYPE_CHECKING:
    from chalice.app import SQSEvent, SQSRecord

blueprint = Blueprint(__name__)
_PAUSE_S = 5


@blueprint.on_sqs_message(queue=resource_name("encode"), batch_size=1, maximum_concurrency=500, name="on_encode")
@instrumented
def on_encode(event: SQSEvent) -> dict[str, Any]:
    """Do the work of every message in the batch; those that should be tried again are reported as failures."""
    return encode_all(event, Priority.NORMAL)


def encode_all(event: SQSEvent, priority: Priority) -> dict[str, Any]:
    """Do every message's work; `priority` says which queue they came from."""
    failures = []
    for record in event:
        hold = Hold(container.encode_queues()[priority], record.receipt_handle)
        try:
            _encode(record, hold, remaining_s(event.context))
        except Transient as error:
            log().warning("encoding will be tried again", extra={"code": error.code, "detail": error.detail})
            if not hold.kept and error.code != MESSAGE_TOO_NEW:
                # A table or queue that does not answer: without this, a quarter of an hour would pass
                with suppress(Transient):
                    hold.keep(_PAUSE_S)
            failures.append({"itemIdentifier": record.to_dict()["messageId"]})
        except Permanent as error:
            log().error("message dropped", extra={"code": error.code, "detail": error.detail})
    return {"batchItemFailures": failures}


def _encode(record: SQSRecord, hold: Hold, left_s: float) -> None:
    message = parse_message(record.body)
    if isinstance(message, EncodeMessage):
        log().append_keys(job_id=message.job_id, renditions=message.renditions, chunks=len(message.chunks))
        container.encode_worker().handle(message, hold, remaining_s=left_s)
    elif isinstance(message, ExtractMessage):
        log().append_keys(job_id=message.job_id)
        container.caption_extractor().handle(message, hold, remaining_s=left_s)
    elif isinstance(message, PosterMessage):
        log().append_keys(job_id=message.job_id)
        container.poster_maker().handle(message, hold, remaining_s=left_s)
    elif isinstance(message, MeasureMessage):
        log().append_keys(job_id=message.job_id)
        container.quality_worker().handle(message, hold, remaining_s=left_s)
    else:
        raise Permanent("message_malformed", "Not a message for encoders.")
