"""Encode messages of jobs that go before others: workers of their own, so that no long queue is in front of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib.adapters.telemetry import instrumented
from chalicelib.config import resource_name
from chalicelib.domain.job import Priority
from chalicelib.entrypoints.on_encode import encode_all

if TYPE_CHECKING:
    from chalice.app import SQSEvent

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(
    queue=resource_name("encode-high"), batch_size=1, maximum_concurrency=500, name="on_encode_high"
)
@instrumented
def on_encode_high(event: SQSEvent) -> dict[str, Any]:
    """Do the work of every message in the batch; those that should be tried again are reported as failures."""
    return encode_all(event, Priority.HIGH)
