"""What encoders have sent (S3 events through SQS), and what streams wait for: gaps, their end, their stills."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib import container, live_container
from chalicelib.adapters.telemetry import gauge, instrumented, log
from chalicelib.config import resource_name
from chalicelib.domain.events import objects_created
from chalicelib.domain.gauges import LIVE_LAG, live_lag
from chalicelib.domain.live.messages import (
    FinishMessage,
    IngestMessage,
    StillsMessage,
    TickMessage,
    is_live_message,
    parse_live_message,
)
from chalicelib.domain.messages import MESSAGE_TOO_NEW
from chalicelib.entrypoints.holding import Hold, remaining_s
from chalicelib.errors import Permanent, Transient

if TYPE_CHECKING:
    from chalice.app import SQSEvent, SQSRecord

blueprint = Blueprint(__name__)
_TRIES = 8
"""Fewer than the queue's maximum of receives, so that the owner is told before the message is a dead letter."""
_PAUSE_S = 1
"""An init segment lands within a moment of its first segment."""
_LONGEST_PAUSE_S = 10


@blueprint.on_sqs_message(queue=resource_name("live"), batch_size=1, maximum_concurrency=500, name="on_live_segment")
@instrumented
def on_live_segment(event: SQSEvent) -> dict[str, Any]:
    """Do what every message of the batch says; those that should come again are reported as failures."""
    failures = []
    queue = live_container.live_queue()
    for record in event:
        tries = int(record.to_dict()["attributes"]["ApproximateReceiveCount"])
        hold = Hold(queue, record.receipt_handle)
        try:
            _handle(record, hold, remaining_s(event.context), last_try=tries >= _TRIES)
        except Transient as error:
            log().warning("live message will be tried again", extra={"code": error.code, "detail": error.detail})
            if error.code != MESSAGE_TOO_NEW:
                # A queue that refuses even this has the message for its own six minutes; others of the batch go on
                with suppress(Transient):
                    hold.keep(min(_PAUSE_S * tries, _LONGEST_PAUSE_S))
            failures.append({"itemIdentifier": record.to_dict()["messageId"]})
        except Permanent as error:
            log().error("message dropped", extra={"code": error.code, "detail": error.detail})
    return {"batchItemFailures": failures}


def _handle(record: SQSRecord, hold: Hold, left_s: float, *, last_try: bool) -> None:
    if not is_live_message(record.body):
        for created in objects_created(record.body):
            landed_at = created.at or container.clock().now()
            live_container.packager().ingest(created.key, landed_at, hold, remaining_s=left_s, last_try=last_try)
            gauge(LIVE_LAG, live_lag(landed_at, container.clock().now()))
        return
    message = parse_live_message(record.body)
    match message:
        case IngestMessage(key, at):
            live_container.packager().ingest(key, at, hold, remaining_s=left_s, last_try=last_try)
        case TickMessage():
            live_container.finisher().tick(message)
        case FinishMessage():
            live_container.finisher().finish(message)
        case StillsMessage():
            live_container.stills_maker().handle(message, hold, remaining_s=left_s)
        case _:
            raise Permanent("message_malformed", "Not a message for the packager.")
