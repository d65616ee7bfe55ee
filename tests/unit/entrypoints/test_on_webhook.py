"""The webhooks queue's function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.webhooks.messages import DeliverMessage, ForgetMessage, Subject, TellMessage
from chalicelib.entrypoints.on_webhook import on_webhook
from chalicelib.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGES = [TellMessage(Subject.RECORDING, "rec_1"), DeliverMessage("ada", "wh_1", "dlv_1", 0), ForgetMessage("wh_1")]


class Office:
    """Remembers what it was asked; fails on demand."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.error: Exception | None = None

    def take(self, message: object) -> None:
        """Handle a message, or fail."""
        self.asked.append(message)
        if self.error:
            raise self.error

    tell = deliver = forget = take


@pytest.fixture
def office(serve_hooks: Callable[[str, object], None]) -> Office:
    """Return what the function calls."""
    service = Office()
    serve_hooks("teller", service)
    serve_hooks("sender", service)
    return service


def run(*bodies: str) -> list[str]:
    """Run the function; returns which messages go back."""
    common = {"receiptHandle": "r", "eventSource": "aws:sqs"}
    records = [common | {"messageId": str(number), "body": body} for number, body in enumerate(bodies)]
    answer: dict[str, Any] = on_webhook({"Records": records}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_messages_are_handled(office: Office) -> None:
    """Each by the service it is for."""
    assert run(*(message.dumps() for message in MESSAGES)) == []
    assert office.asked == MESSAGES


@pytest.mark.parametrize("error", [Transient("busy", "Busy."), RuntimeError("unforeseen")])
def test_what_failed_goes_back(office: Office, error: Exception) -> None:
    """Alone."""
    office.error = error
    assert run(MESSAGES[0].dumps()) == ["0"]


def test_what_never_works_is_dropped(office: Office) -> None:
    """Nobody can read it, or nobody can do it."""
    office.error = Permanent("x", "No.")
    assert run("nonsense", MESSAGES[1].dumps()) == []
