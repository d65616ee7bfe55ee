"""S3 notifications as they lie in SQS."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.events import ObjectCreated, objects_created


def record(key: str = "a", name: str = "ObjectCreated:Put", **more: Any) -> dict[str, Any]:
    """One record of a notification."""
    entry = {"key": key, "size": 3, "eTag": '"abc"'} | more
    return {"eventName": name, "s3": {"bucket": {"name": "b"}, "object": entry}}


def read(*records: object) -> list[str]:
    """Keys that a notification of these records names."""
    return [created.key for created in objects_created(json.dumps({"Records": records}))]


def test_a_record_is_read_whole() -> None:
    """The ETag without its quotes, in the shape that HEAD gives it."""
    assert objects_created(json.dumps({"Records": [record()]})) == [ObjectCreated("b", "a", 3, "abc")]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("sources/rec_1/original", "sources/rec_1/original"),
        ("sources%2Frec_1%2Foriginal", "sources/rec_1/original"),
        ("a+b", "a b"),
        ("a%2Bb", "a+b"),
        ("%C3%BC", "ü"),
    ],
)
def test_keys_are_decoded(key: str, expected: str) -> None:
    """S3 writes them form-encoded."""
    assert read(record(key)) == [expected]


@pytest.mark.parametrize("name", ["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload", "ObjectCreated:Copy"])
def test_every_way_to_create_counts(name: str) -> None:
    """Small files come by PUT, others by completing an upload."""
    assert read(record(name=name)) == ["a"]


@pytest.mark.parametrize("name", ["ObjectRemoved:Delete", "s3:TestEvent", "", None])
def test_other_events_do_not(name: Any) -> None:
    """A removed object starts nothing."""
    assert read(record(name=name)) == []


def test_one_stranger_does_not_hide_the_others() -> None:
    """Each record stands for itself."""
    assert read(None, {}, record("a"), {"eventName": "ObjectCreated:Put"}, record("b", size=1e400), record("c")) == [
        "a",
        "c",
    ]


@pytest.mark.parametrize(
    "body",
    ["", "text", "null", "[]", "5", "{}", '{"Records":null}', '{"Records":{}}', '{"Records":"abc"}', "[" * 100_000],
)
def test_what_is_no_notification_gives_nothing(body: str) -> None:
    """Nor does it raise: it would come back ten times."""
    assert objects_created(body) == []


@given(st.text() | st.dictionaries(st.text(max_size=4), st.integers() | st.text()).map(json.dumps))
def test_any_text_gives_a_list(body: str) -> None:
    """Whatever somebody puts on the queue."""
    assert objects_created(body) == []
