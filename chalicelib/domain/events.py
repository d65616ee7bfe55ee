"""AWS events we are sent, reduced to what matters."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus


@dataclass(frozen=True, slots=True)
class ObjectCreated:
    """An object has landed: bucket, decoded key, bytes, ETag without quotes."""

    bucket: str
    key: str
    size: int
    etag: str
    at: float = field(default=0.0, compare=False)
    """When it landed (Unix seconds); 0 when the event does not say."""


def objects_created(body: str) -> list[ObjectCreated]:
    """Read an S3 notification as it lies in SQS; anything that is none (s3:TestEvent, strangers) gives nothing."""
    try:
        records = json.loads(body).get("Records", [])
    except (ValueError, AttributeError, RecursionError):
        return []
    created = [_created(record) for record in records] if isinstance(records, list) else []
    return [one for one in created if one is not None]


def _created(record: Any) -> ObjectCreated | None:
    """Read one record; None for what is none of ours, so that one stranger does not hide the others."""
    try:
        return _read(record) if str(record["eventName"]).startswith("ObjectCreated:") else None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None


def _read(record: dict[str, Any]) -> ObjectCreated:
    s3 = record["s3"]
    entry = s3["object"]
    return ObjectCreated(
        bucket=str(s3["bucket"]["name"]),
        key=unquote_plus(entry["key"]),
        size=int(entry.get("size", 0)),
        etag=str(entry.get("eTag", "")).strip('"'),
        at=_moment(record.get("eventTime")),
    )


def _moment(text: object) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except (ValueError, OverflowError):
        return 0.0
