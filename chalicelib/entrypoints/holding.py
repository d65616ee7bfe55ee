"""What queue workers share: their message kept out of others' hands, and the time they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chalicelib.adapters.sqs import SqsQueue


@dataclass(frozen=True, slots=True)
class Hold:
    """Keeps one message hidden while its work goes on, so that a worker that dies frees it within a minute."""

    queue: SqsQueue
    receipt: str

    def keep(self, seconds: int) -> None:
        """Hide the message for `seconds` from now; a message that is gone is nobody's loss."""
        self.queue.change_visibility(self.receipt, seconds)


def remaining_s(context: Any) -> float:
    """Seconds until Lambda ends this call."""
    return float(context.get_remaining_time_in_millis()) / 1000
