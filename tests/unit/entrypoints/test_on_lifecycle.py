"""The lifecycle queue's function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.messages import DeleteMessage, EncodeMessage, TidyMessage
from chalicelib.entrypoints.on_lifecycle import on_lifecycle
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Callable

ID = "rec_0123456789abcdefghij"


class Lifecycle:
    """Remembers what it was asked to delete; fails on demand."""

    def __init__(self) -> None:
        self.asked: list[DeleteMessage] = []
        self.error: Exception | None = None

    def delete(self, message: DeleteMessage) -> bool:
        """Delete, or fail."""
        self.asked.append(message)
        if self.error:
            raise self.error
        return not message.final


class Tidier:
    """Remembers what it was asked to look through; fails on demand."""

    def __init__(self) -> None:
        self.asked: list[TidyMessage] = []
        self.error: Exception | None = None

    def tidy(self, message: TidyMessage) -> int:
        """Look, or fail."""
        self.asked.append(message)
        if self.error:
            raise self.error
        return 3


@pytest.fixture
def lifecycle(serve: Callable[[str, object], None]) -> Lifecycle:
    """The service behind the function."""
    service = Lifecycle()
    serve("lifecycle", service)
    return service


def deliver(*bodies: str) -> list[str]:
    """Invoke the function with messages m0, m1...; returns the ids it gives back."""
    records = [{"messageId": f"m{n}", "receiptHandle": "r", "body": body} for n, body in enumerate(bodies)]
    answer: dict[str, Any] = on_lifecycle({"Records": records}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_messages_are_handled(lifecycle: Lifecycle) -> None:
    """Also those that find nothing to do."""
    messages = [DeleteMessage(ID), DeleteMessage(ID, final=True)]
    assert deliver(*(message.dumps() for message in messages)) == []
    assert messages == lifecycle.asked


@pytest.mark.parametrize("error", [Transient("aws_unavailable", "Busy."), KeyError("bug")])
def test_what_failed_goes_back(lifecycle: Lifecycle, error: Exception) -> None:
    """The queue brings it again, and to its dead letters in the end."""
    lifecycle.error = error
    assert deliver(DeleteMessage(ID).dumps()) == ["m0"]


@pytest.mark.parametrize("body", ["", "{}", "[]", "null", EncodeMessage("job_1", ("v",), (0,)).dumps()])
def test_what_nobody_can_handle_is_dropped(lifecycle: Lifecycle, body: str) -> None:
    """Trying it ten times would not change it; the others in the batch still count."""
    assert deliver(body, DeleteMessage(ID).dumps()) == []
    assert lifecycle.asked == [DeleteMessage(ID)]


def test_leftovers_are_looked_for(lifecycle: Lifecycle, serve: Callable[[str, object], None]) -> None:
    """By a service of their own; what fails comes again."""
    tidier = Tidier()
    serve("tidier", tidier)
    assert deliver(TidyMessage(ID).dumps(), DeleteMessage(ID).dumps()) == []
    tidier.error = Transient("aws_unavailable", "Busy.")
    assert deliver(TidyMessage(ID).dumps()) == ["m0"]
    assert (tidier.asked, len(lifecycle.asked)) == ([TidyMessage(ID)] * 2, 1)
