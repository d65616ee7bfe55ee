"""Lambda on the webhooks queue: tells what happened, and carries it to whoever wants to hear, a message at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib import webhook_container
from chalicelib.adapters.telemetry import instrumented
from chalicelib.config import resource_name
from chalicelib.domain.webhooks.messages import DeliverMessage, TellMessage, parse_webhook_message
from chalicelib.entrypoints.holding import each_message

if TYPE_CHECKING:
    from chalice.app import SQSEvent

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue=resource_name("webhooks"), batch_size=1, maximum_concurrency=50)
@instrumented
def on_webhook(event: SQSEvent) -> dict[str, Any]:
    """Handle each message; those that failed go back to the queue and, after ten times, to its dead letters."""
    return each_message(event, _handle)


def _handle(body: str) -> None:
    message = parse_webhook_message(body)
    if isinstance(message, TellMessage):
        webhook_container.teller().tell(message)
    elif isinstance(message, DeliverMessage):
        webhook_container.sender().deliver(message)
    else:
        webhook_container.sender().forget(message)
