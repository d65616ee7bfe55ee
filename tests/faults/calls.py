"""What one request to AWS is: whose, which action, about which recording."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIGNED_BY = re.compile(r"Credential=([A-Z0-9]+)")
_QUERY_SIGNED_BY = re.compile(r"X-Amz-Credential=([A-Z0-9]+)")


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `action` is `s3.PUT`, `dynamodb.UpdateItem`, `sqs.SendMessageBatch`; `actor` a function's name.

    `told` is what is known beyond the request itself: the bodies of the messages that its receipts stand for.
    """

    action: str
    actor: str
    path: str
    query: str
    body: bytes
    peer: int
    told: str = ""

    @property
    def presigned(self) -> bool:
        """True for what goes through an address that somebody signed: a probe's or FFmpeg's read, a person's part."""
        return "X-Amz-Signature" in self.query

    @property
    def of_chunk(self) -> bool:
        """True for what stores a piece of media."""
        return self.action == "s3.PUT" and self.path.endswith((".mp4", ".jpg"))

    @property
    def of_playlist(self) -> bool:
        """True for what announces."""
        return self.action == "s3.PUT" and self.path.endswith((".m3u8", ".vtt"))

    def names(self, mark: str) -> bool:
        """True when a recording's or job's id, or any other mark, stands somewhere in it."""
        return mark in self.path or mark in self.told or mark.encode() in self.body


@dataclass(slots=True)
class Learned:
    """What a proxy has seen pass: which key is whose, which message a receipt is of, which job a recording has."""

    functions: dict[str, str] = field(default_factory=dict)
    """Names by access key id."""
    jobs: dict[str, str] = field(default_factory=dict)
    """Recordings by job."""
    _messages: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, peer: int) -> Call:
        """Read a request."""
        service, _, name = headers.get("X-Amz-Target", "").partition(".")
        kinds = {"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs", "secretsmanager": "secretsmanager"}
        action = f"{kinds.get(service, service)}.{name}" if service else f"s3.{method}"
        signed = _SIGNED_BY.search(headers.get("Authorization", "")) or _QUERY_SIGNED_BY.search(query)
        actor = self.functions.get(signed.group(1), "") if signed else ""
        if action == "dynamodb.PutItem" and b"transcoding_jobs" in body:
            self._learn_job(json.loads(body)["Item"])
        return Call(action, actor, path, query, body, peer, self._told(action, body))

    def _learn_job(self, item: dict[str, Any]) -> None:
        if "recording_id" in item:
            self.jobs[item["id"]["S"]] = item["recording_id"]["S"]

    def _told(self, action: str, body: bytes) -> str:
        if not action.startswith("sqs.") or b"ReceiptHandle" not in body:
            return ""
        request = json.loads(body)
        entries = request.get("Entries") or [request]
        return "\n".join(self._messages.get(str(entry.get("ReceiptHandle")), "") for entry in entries)

    def hear(self, call: Call, answer: bytes) -> None:
        """Remember which receipts were given for which messages."""
        if call.action == "sqs.ReceiveMessage" and b"ReceiptHandle" in answer:
            for message in json.loads(answer)["Messages"]:
                self._messages[message["ReceiptHandle"]] = message["Body"]

    def marks(self, recording_id: str) -> set[str]:
        """All names that a recording goes by."""
        return {recording_id, *(job for job, owner in self.jobs.items() if owner == recording_id)}
