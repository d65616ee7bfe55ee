"""What a stack keeps, read from its data folder: every object, part, row and message, and what of it speaks of what."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import zlib
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.session import Session

from headwater.local import worker
from headwater.local.aws import ACCOUNT
from headwater.local.environment import Stack as Names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.stack import Stack

IDS = re.compile(r"\b(?:rec|job|live|ses|bill)_[0-9A-Za-z]{16,}\b")
"""Ids as the product makes them."""
Kept = dict[str, str]
"""Where something is (`bucket/key`, `table key`, `queue id`…), and all that it says, packed members unpacked."""


def kept(stack: Stack) -> Kept:
    """Return everything there is. Each write is in the folder before its answer goes out."""
    found: Kept = {}
    with closing(sqlite3.connect(f"file:{stack.data / 'cloud' / 'state.db'}?mode=ro", uri=True, timeout=30)) as store:
        for bucket, key in store.execute("SELECT bucket, key FROM objects"):
            found[f"object {bucket}/{key}"] = key
        for upload, key in store.execute("SELECT id, key FROM uploads"):
            found[f"upload {upload}"] = f"{upload} {key}"
        for upload, number in store.execute("SELECT upload, number FROM parts"):
            found[f"part {upload} {number}"] = upload
        for table, key, item in store.execute("SELECT tbl, key, item FROM items"):
            found[f"row {table} {key}"] = f"{key} {_unpacked(json.loads(item))}"
        for message, queue, body in store.execute("SELECT id, queue, body FROM messages"):
            found[f"message {queue} {message}"] = body
    return found


def _unpacked(value: Any) -> str:
    """Return an item as text; what is packed would hide what it says."""
    if isinstance(value, dict):
        if set(value) == {"B"} and isinstance(value["B"], str):
            raw = base64.b64decode(value["B"])
            with suppress(zlib.error):
                raw = zlib.decompress(raw)
            return raw.decode("utf-8", "replace")
        return " ".join(f"{name} {_unpacked(one)}" for name, one in value.items())
    return " ".join(map(_unpacked, value)) if isinstance(value, list) else str(value)


def names_of(there: Kept, about: str) -> set[str]:
    """Return all ids that are found beside `about`: of its jobs, streams, sessions and uploads."""
    found = {about}
    for place, text in there.items():
        if about in text:
            found |= set(IDS.findall(f"{place} {text}"))
            if place.startswith("upload "):
                found.add(place.partition(" ")[2])
    return found


def speaking_of(there: Kept, names: Iterable[str]) -> dict[str, set[str]]:
    """Return what is there of any of these names, and which."""
    wanted = set(names)
    found = {place: {name for name in wanted if name in text or name in place} for place, text in there.items()}
    return {place: said for place, said in found.items() if said}


def send_final(stack: Stack, body: str) -> None:
    """Give the lifecycle queue a message at once that it would get in a quarter of an hour, as its function would."""
    told = _environment(stack, "on_lifecycle")
    session = Session(
        told["AWS_ACCESS_KEY_ID"], told["AWS_SECRET_ACCESS_KEY"], told["AWS_SESSION_TOKEN"], told["AWS_REGION"]
    )
    endpoint, name = told["AWS_ENDPOINT_URL"], Names().lifecycle.name
    sqs = session.client("sqs", endpoint_url=endpoint)
    sqs.send_message(QueueUrl=f"{endpoint}/{ACCOUNT}/{name}", MessageBody=body, MessageGroupId="test")


def _environment(stack: Stack, function: str) -> dict[str, str]:
    """Return what a running worker of a function was told."""
    assert stack.process is not None
    for pid in worker.tree(stack.process.pid):
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
            told = dict(line.split("=", 1) for line in lines if "=" in line)
            if told.get("AWS_LAMBDA_FUNCTION_NAME", "").endswith(function):
                return told
    raise LookupError(function)
