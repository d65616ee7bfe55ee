"""One message about a whole file (SQS): rewrite a source so that it can be seeked, or join a rendition's chunks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib import container
from chalicelib.adapters.telemetry import instrumented, log
from chalicelib.config import resource_name
from chalicelib.domain.messages import JoinMessage, PrepareMessage, parse_message
from chalicelib.entrypoints.holding import Hold, remaining_s
from chalicelib.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice.app import SQSEvent, SQSRecord

blueprint = Blueprint(__name__)
_TRIES = 5
"""Fewer than the queue's maximum of receives, so that the user is told before the message is a dead letter."""
_PAUSE_S = 5


@blueprint.on_sqs_message(queue=resource_name("prepare"), batch_size=1, maximum_concurrency=100, name="on_prepare")
@instrumented
def on_prepare(event: SQSEvent) -> dict[str, Any]:
    """Do the work of every message in the batch; those that should be tried again are reported as failures."""
    failures = []
    for record in event:
        try:
            _prepare(record, remaining_s(event.context))
        except Transient as error:
            log().warning("preparing will be tried again", extra={"code": error.code, "detail": error.detail})
            failures.append({"itemIdentifier": record.to_dict()["messageId"]})
        except Permanent as error:
            log().error("message dropped", extra={"code": error.code, "detail": error.detail})
    return {"batchItemFailures": failures}


def _prepare(record: SQSRecord, left_s: float) -> None:
    match message := parse_message(record.body):
        case PrepareMessage():
            log().append_keys(recording_id=message.recording_id)
            preparer = container.prepare_worker()
            _try(record, partial(preparer.handle, message, remaining_s=left_s), partial(preparer.give_up, message))
        case JoinMessage():
            log().append_keys(job_id=message.job_id, rendition_id=message.rendition_id)
            joiner = container.join_worker()
            _try(record, partial(joiner.handle, message, remaining_s=left_s), partial(joiner.give_up, message))
        case _:
            raise Permanent("message_malformed", "Not a message for this queue.")


def _try(record: SQSRecord, work: Callable[[Hold], None], give_up: Callable[[], None]) -> None:
    """Do the work, a limited number of times; raises Transient when the message should come again."""
    hold = Hold(container.prepare_queue(), record.receipt_handle)
    tries = int(record.to_dict()["attributes"]["ApproximateReceiveCount"])
    if tries > _TRIES:
        # The tries before ended without a word: out of memory, or of time.
        give_up()
        return
    try:
        work(hold)
    except Transient as error:
        if tries == _TRIES:
            log().error("preparing given up", extra={"code": error.code, "detail": error.detail})
            give_up()
            return
        hold.keep(_PAUSE_S * tries)
        raise
