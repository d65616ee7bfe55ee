"""Lambda on the lifecycle queue: removes deleted recordings and dead attempts' leftovers, one message at a time."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib import container
from chalicelib.adapters.telemetry import instrumented
from chalicelib.config import resource_name
from chalicelib.domain.messages import DeleteMessage, TidyMessage, parse_message
from chalicelib.entrypoints.holding import each_message
from chalicelib.errors import Permanent

if TYPE_CHECKING:
    from chalice.app import SQSEvent

blueprint = Blueprint(__name__)
log = logging.getLogger(__name__)


@blueprint.on_sqs_message(queue=resource_name("lifecycle"), batch_size=1, maximum_concurrency=10)
@instrumented
def on_lifecycle(event: SQSEvent) -> dict[str, Any]:
    """Handle each message; those that failed go back to the queue and, after ten times, to its dead letters."""
    return each_message(event, _handle)


def _handle(body: str) -> None:
    message = parse_message(body)
    if isinstance(message, TidyMessage):
        log.info("leftovers removed: %d of %s", container.tidier().tidy(message), message.recording_id)
        return
    if not isinstance(message, DeleteMessage):
        raise Permanent("message_misplaced", "This queue takes delete and tidy messages only.")
    if not container.lifecycle().delete(message):
        log.warning("not being deleted: %s", message.recording_id)
