"""Messages: what was written is read; what nobody wrote is refused by one exception."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.media import audio, source, video

from chalicelib.domain.messages import (
    DeleteMessage,
    EncodeMessage,
    ExtractMessage,
    JoinMessage,
    Message,
    PosterMessage,
    PrepareMessage,
    StartMessage,
    parse_message,
)
from chalicelib.errors import Permanent, Transient

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("v", "kind", "job_id", "rendition_id", "renditions", "hedge", "chunks", "recording_id", "final")
FIELDS += ("source_version", "media")


def code(body: str) -> str:
    """The code of the refusal, or nothing when a message came out."""
    try:
        assert isinstance(parse_message(body), Message)
    except (Permanent, Transient) as error:
        return error.code
    return ""


@given(st.text(), st.lists(st.text()), st.lists(st.integers(0, 10**6)), st.booleans())
def test_encode_messages_round_trip(job: str, renditions: list[str], chunks: list[int], hedge: bool) -> None:  # noqa: FBT001  hypothesis passes it
    """Whatever the ids."""
    message = EncodeMessage(job, tuple(renditions), tuple(chunks), hedge=hedge)
    assert parse_message(message.dumps()) == message


@given(st.text(), st.booleans())
def test_delete_messages_round_trip(recording: str, final: bool) -> None:  # noqa: FBT001  hypothesis passes it
    """Both passes."""
    message = DeleteMessage(recording, final=final)
    assert parse_message(message.dumps()) == message


@given(st.text(), st.text())
def test_prepare_and_start_messages_round_trip(recording: str, version: str) -> None:
    """With what a probe has found."""
    media = source(7, picture=video(), sound=audio(), container="mpegts", seekable=False)
    message = PrepareMessage(recording, version, media)
    assert parse_message(message.dumps()) == message
    assert parse_message(StartMessage(recording).dumps()) == StartMessage(recording)
    assert parse_message(JoinMessage(recording, version).dumps()) == JoinMessage(recording, version)


@pytest.mark.parametrize("media", [{}, None, 7, {"container": "mov", "duration_s": "1/0"}])
def test_facts_that_nobody_wrote_are_refused(media: object) -> None:
    """Whatever they break on."""
    body = {"v": 1, "kind": "prepare", "recording_id": "r", "source_version": "v", "media": media}
    assert code(json.dumps(body)) == "message_malformed"


@given(st.text())
def test_extract_messages_round_trip(job: str) -> None:
    """Whatever the id."""
    assert parse_message(ExtractMessage(job).dumps()) == ExtractMessage(job)


def test_a_newer_writer_may_add_fields() -> None:
    """Unknown fields are passed over, absent ones that had to be there are not."""
    body = json.loads(EncodeMessage("job_1", ("v",), (1,)).dumps()) | {"colour": "blue"}
    assert parse_message(json.dumps(body)) == EncodeMessage("job_1", ("v",), (1,))
    del body["job_id"]
    assert code(json.dumps(body)) == "message_malformed"


def test_an_older_writer_named_one_rendition() -> None:
    """Messages of version 1 are still in queues while a new version is being deployed."""
    body = '{"v":1,"kind":"encode","job_id":"j","rendition_id":"r","chunks":[4]}'
    assert parse_message(body) == EncodeMessage("j", ("r",), (4,))


def test_an_older_writer_of_deletes_knew_no_second_pass() -> None:
    """`final` has a default."""
    assert parse_message('{"v":1,"kind":"delete","recording_id":"r"}') == DeleteMessage("r", final=False)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", "message_malformed"),
        ("{}", "message_malformed"),
        ("[]", "message_malformed"),
        ("null", "message_malformed"),
        ('"text"', "message_malformed"),
        ('{"v":4,"kind":"encode"}', "message_too_new"),
        ('{"v":"1","kind":"encode"}', "message_malformed"),
        ('{"v":1,"kind":"dance"}', "message_malformed"),
        ('{"v":1,"kind":"encode","job_id":"j","rendition_id":"r","chunks":5}', "message_malformed"),
        ('{"v":2,"kind":"encode","job_id":"j","renditions":"r","chunks":[0]}', "message_malformed"),
        ('{"v":2,"kind":"encode","job_id":"j","renditions":[5],"chunks":[0]}', "message_malformed"),
        ('{"v":1,"kind":"encode","job_id":"j","rendition_id":"r","chunks":["x"]}', "message_malformed"),
        ('{"v":1,"kind":"encode","job_id":"j","rendition_id":"r","chunks":[1e999]}', "message_malformed"),
        ('{"v":1,"kind":"encode","job_id":"j","rendition_id":"r","chunks":[NaN]}', "message_malformed"),
        ("[" * 100_000, "message_malformed"),
    ],
)
def test_strangers(body: str, expected: str) -> None:
    """Not ours, damaged, or from the future."""
    assert code(body) == expected


@given(st.text() | JSON.map(json.dumps))
def test_any_text_is_a_message_or_refused(body: str) -> None:
    """Nothing but our own errors, so that a function drops it, or waits for its reader, instead of crashing."""
    assert code(body) in {"message_malformed", "message_too_new"}


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON | st.sampled_from([1, "encode", "delete"]))))
def test_any_fields_are_a_message_or_refused(fields: dict[str, object]) -> None:
    """The right names with anything in them."""
    assert code(json.dumps(fields)) in {"", "message_malformed", "message_too_new"}


def test_a_poster_message_survives_the_queue() -> None:
    """It names its job."""
    message = PosterMessage("job_1")
    assert parse_message(message.dumps()) == message
