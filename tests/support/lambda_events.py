"""Recorded AWS events, and the context that comes with them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parents[1] / "events"


@dataclass(frozen=True)
class Context:
    """What Lambda tells a function about its invocation."""

    remaining_ms: int = 900_000
    function_name: str = "headwater-local-function"
    aws_request_id: str = "9ad0d0f0-5d8b-4a5c-9d4c-6d7a3ed0a1b2"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is ended."""
        return self.remaining_ms


def recorded(name: str) -> str:
    """Return the text of a recorded event."""
    return (EVENTS / f"{name}.json").read_text()


def sqs_event(*bodies: str) -> dict[str, Any]:
    """Return an SQS event of these messages, m0, m1... with receipts r0, r1..."""
    (record,) = json.loads(recorded("sqs-batch"))["Records"]
    messages = [record | {"messageId": f"m{n}", "receiptHandle": f"r{n}", "body": b} for n, b in enumerate(bodies)]
    return {"Records": messages}
