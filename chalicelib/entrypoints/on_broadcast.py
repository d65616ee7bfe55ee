"""What viewers of live streams are to hear (SQS FIFO): told to one shard of them after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib import live_container
from chalicelib.adapters.telemetry import instrumented, log
from chalicelib.config import resource_name
from chalicelib.domain.live.messages import AnnounceMessage, parse_live_message
from chalicelib.errors import Permanent, Transient

if TYPE_CHECKING:
    from chalice.app import SQSEvent

blueprint = Blueprint(__name__)


# One shard in each invocation: those of a large stream are told side by side.
@blueprint.on_sqs_message(queue=resource_name("broadcast.fifo"), batch_size=1, name="on_broadcast")
@instrumented
def on_broadcast(event: SQSEvent) -> dict[str, Any]:
    """Tell each shard what the batch holds for it, in one go; a shard that failed is reported whole, to keep order."""
    shards: dict[tuple[str, int], list[tuple[str, AnnounceMessage]]] = {}
    for record in event:
        message = _read(record.body)
        if message is not None:
            held = shards.setdefault((message.stream_id, message.shard), [])
            held.append((record.to_dict()["messageId"], message))
    failures = []
    for held in shards.values():
        try:
            live_container.broadcaster().tell([message for _, message in held])
        except Transient as error:
            log().warning("a shard will be told again", extra={"code": error.code, "detail": error.detail})
            failures += [{"itemIdentifier": name} for name, _ in held]
    return {"batchItemFailures": failures}


def _read(body: str) -> AnnounceMessage | None:
    try:
        message = parse_live_message(body)
    except (Permanent, Transient) as error:
        # One of a later version as well: kept, it would hold up its shard, and viewers resume by themselves.
        log().error("message dropped", extra={"code": error.code, "detail": error.detail})
        return None
    if isinstance(message, AnnounceMessage):
        return message
    log().error("message dropped", extra={"code": "message_malformed", "detail": "Not a message for viewers."})
    return None
