"""What queue workers share: batches answered message by message, a hold on one, and the time they have."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice.app import SQSEvent

    from chalicelib.adapters.sqs import SqsQueue

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Hold:
    """Keeps one message hidden while its work goes on, so that a worker that dies frees it within a minute.

    `kept` is false as long as the queue's own time holds, which is that of the slowest work there is.
    """

    queue: SqsQueue
    receipt: str
    kept: bool = field(default=False, init=False)

    def keep(self, seconds: int) -> None:
        """Hide the message for `seconds` from now; a message that is gone is nobody's loss."""
        self.queue.change_visibility(self.receipt, seconds)
        self.kept = True


def each_message(event: SQSEvent, handle: Callable[[str], None]) -> dict[str, Any]:
    """Handle each body and return SQS's answer: what failed comes again, what is Permanent is dropped."""
    failed = []
    for record in event:
        try:
            handle(record.body)
        except Permanent:
            log.exception("dropped a message nobody can handle")
        except Exception:
            log.exception("could not handle a message")
            failed.append({"itemIdentifier": record.to_dict()["messageId"]})
    return {"batchItemFailures": failed}


def remaining_s(context: Any) -> float:
    """Seconds until Lambda ends this call."""
    return float(context.get_remaining_time_in_millis()) / 1000
