"""The webhooks queue's messages."""

from __future__ import annotations

import pytest

from chalicelib.domain.webhooks.messages import (
    DeliverMessage,
    ForgetMessage,
    Subject,
    TellMessage,
    WebhookMessage,
    parse_webhook_message,
)
from chalicelib.errors import Permanent


@pytest.mark.parametrize(
    "message", [TellMessage(Subject.STREAM, "live_1"), DeliverMessage("ada", "wh_1", "dlv_1", 3), ForgetMessage("wh_1")]
)
def test_messages_are_read_back(message: WebhookMessage) -> None:
    """Whatever is sent arrives."""
    assert parse_webhook_message(message.dumps()) == message


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", '{"v":1,"kind":"x"}', '{"v":1,"kind":"tell","subject":"cat","id":"1"}'],
)
def test_anything_else_is_refused(body: str) -> None:
    """For good: it will not get better by trying again."""
    with pytest.raises(Permanent):
        parse_webhook_message(body)
