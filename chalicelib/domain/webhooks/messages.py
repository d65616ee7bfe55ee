"""Messages of the webhooks queue."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from chalicelib.errors import Permanent, Transient

VERSION = 1


class Subject(StrEnum):
    """Kinds of rows that have something to tell."""

    RECORDING = "recording"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class TellMessage:
    """Look at what a row has to tell."""

    subject: Subject
    id: str

    def dumps(self) -> str:
        """Return the queue's text."""
        return _dumps("tell", asdict(self))


@dataclass(frozen=True, slots=True)
class DeliverMessage:
    """Make attempt number `attempt`, from 0, of a delivery; whoever finds another one due has nothing to do."""

    owner: str
    webhook_id: str
    delivery_id: str
    attempt: int

    def dumps(self) -> str:
        """Return the queue's text."""
        return _dumps("deliver", asdict(self))


@dataclass(frozen=True, slots=True)
class ForgetMessage:
    """Remove the log of a webhook that is gone."""

    webhook_id: str

    def dumps(self) -> str:
        """Return the queue's text."""
        return _dumps("forget", asdict(self))


WebhookMessage = TellMessage | DeliverMessage | ForgetMessage


def parse_webhook_message(body: str) -> WebhookMessage:
    """Read any of them; raises Permanent("message_malformed") or, for a later version, Transient("message_too_new")."""
    try:
        data: dict[str, Any] = json.loads(body)
        if data["v"] > VERSION:
            raise Transient("message_too_new", f"Message version {data['v']} is newer than {VERSION}.")
        if data["kind"] == "tell":
            return TellMessage(Subject(data["subject"]), str(data["id"]))
        if data["kind"] == "deliver":
            owner, webhook, delivery = (str(data[name]) for name in ("owner", "webhook_id", "delivery_id"))
            return DeliverMessage(owner, webhook, delivery, int(data["attempt"]))
        if data["kind"] == "forget":
            return ForgetMessage(str(data["webhook_id"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Permanent("message_malformed", f"Not a message of ours: {error!r}") from None
    raise Permanent("message_malformed", f"Unknown kind of message: {data['kind']!r}")


def _dumps(kind: str, fields: dict[str, Any]) -> str:
    return json.dumps({"v": VERSION, "kind": kind} | fields, separators=(",", ":"))
