"""Messages between live functions: what was written is read; what nobody wrote is refused by one exception."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.live.messages import (
    AnnounceMessage,
    FinishMessage,
    IngestMessage,
    LiveMessage,
    StillsMessage,
    TickMessage,
    is_live_message,
    parse_live_message,
)
from chalicelib.errors import Permanent, Transient

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(["live-ingest", "live-tick", "live-finish", "live-stills", "live-announce", "live-"])
FIELDS = ("key", "at", "stream_id", "tries", "recording_id", "shard", "first", "dsn", "entries", "status", "ended")
MESSAGES: list[LiveMessage] = [
    IngestMessage("ingest/live_0/1/7.m4s", 1.25),
    TickMessage("live_0"),
    FinishMessage("live_0", 3),
    StillsMessage("live_0"),
    AnnounceMessage("live_0", "rec_0", 2, 10, 1, ({"msn": 12, "gap": False},)),
    AnnounceMessage("live_0", "rec_0", 2, status="paused"),
    AnnounceMessage("live_0", "rec_0", 2, ended=True),
]


def code(body: str) -> str:
    """The code of the refusal, or nothing when a message came out."""
    try:
        parse_live_message(body)
    except (Permanent, Transient) as error:
        return error.code
    return ""


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_messages_round_trip(message: LiveMessage) -> None:
    """Each kind, and it is told from what S3 says."""
    assert parse_live_message(message.dumps()) == message
    assert is_live_message(message.dumps())


@given(st.dictionaries(st.sampled_from(FIELDS), JSON), KINDS | st.text(max_size=6), st.integers(0, 2) | JSON)
def test_what_nobody_wrote_is_refused(fields: dict[str, object], kind: str, version: object) -> None:
    """Whatever the values: a message or an error of ours, nothing else."""
    assert code(json.dumps(fields | {"kind": kind, "v": version})) in {"", "message_malformed", "message_too_new"}


@pytest.mark.parametrize("body", ["", "[]", "7", "null", "{", '{"Records": []}', "[" * 99_999])
def test_other_texts(body: str) -> None:
    """S3's events and strangers' texts are none of these messages."""
    assert not is_live_message(body)
    with pytest.raises(Permanent):
        parse_live_message(body)
