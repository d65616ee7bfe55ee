"""Requests: cleaned where that is harmless, refused otherwise, never an exception of another kind."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from chalicelib.domain.job import Priority
from chalicelib.domain.ladder import DEFAULT_PROFILES, EncodingProfile
from chalicelib.domain.recording import Visibility
from chalicelib.entrypoints.schemas import (
    ChangeRecording,
    CreateRecording,
    ListQuery,
    RetryTranscode,
    StartTranscode,
    UploadQuery,
    WatchQuery,
)
from chalicelib.services.control import CostLimit
from chalicelib.services.transcoding import Wishes

GOOD = {"title": "Lecture", "filename": "lecture.mp4", "size_bytes": 1, "content_type": "video/mp4"}
RUNG = {"name": "tiny", "width": 320, "height": 180, "bitrate_kbps": 150, "frame_rate": 15}


def refused(model: type[BaseModel], data: object) -> list[str]:
    """Return the fields a model complains about."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(data)
    return [".".join(str(part) for part in error["loc"]) for error in caught.value.errors()]


def test_create() -> None:
    """Text is one clean line, the name a base name, the type without parameters."""
    body = CreateRecording.model_validate(
        {
            **GOOD,
            "title": " e\u0301t\x00ude\n\u202e1 ",
            "filename": "C:\\x\\a.mov",
            "content_type": 'Video/MP4; codecs="a"',
            "room_id": "room\t1",
            "visibility": "public",
        }
    )
    assert (body.title, body.filename, body.content_type) == ("étude 1", "a.mov", "video/mp4")
    assert (body.room_id, body.visibility) == ("room 1", Visibility.PUBLIC)
    plain = CreateRecording.model_validate({**GOOD, "content_type": ""})
    assert (plain.content_type, plain.room_id, plain.visibility) == (
        "application/octet-stream",
        None,
        Visibility.PRIVATE,
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "\x00\n\u202e"),
        ("title", "a" * 201),
        ("title", "a" * 5000),
        ("title", "a\ud800"),
        ("title", None),
        ("title", 7),
        ("title", ["a"]),
        ("filename", "a/"),
        ("filename", ".."),
        ("filename", "a" * 256),
        ("size_bytes", -1),
        ("size_bytes", 1.0),
        ("size_bytes", "1"),
        ("size_bytes", True),
        ("size_bytes", None),
        ("content_type", "nonsense"),
        ("content_type", "video/mp4\r\nx: y"),
        ("content_type", 1),
        ("room_id", ""),
        ("room_id", "r" * 129),
        ("visibility", "secret"),
        ("visibility", None),
        ("owner", "berta"),
        ("id", "rec_0"),
        ("status", "ready"),
    ],
)
def test_create_refuses(field: str, value: object) -> None:
    """And names the field, whatever else is right."""
    assert refused(CreateRecording, {**GOOD, field: value}) == [field]


@given(st.dictionaries(st.sampled_from([*GOOD, "room_id", "x"]), st.text() | st.integers() | st.none() | st.floats()))
def test_create_never_breaks(data: dict[str, Any]) -> None:
    """Any JSON ends as a clean model or as a ValidationError."""
    try:
        body = CreateRecording.model_validate(GOOD | data)
    except ValidationError:
        return
    assert 1 <= len(body.title) <= 200
    assert len(body.title.splitlines()) == 1


@pytest.mark.parametrize(
    ("data", "changes"),
    [
        ({}, {}),
        ({"title": " a "}, {"title": "a"}),
        ({"room_id": None}, {"room_id": ""}),
        ({"room_id": "r", "visibility": "public"}, {"room_id": "r", "visibility": Visibility.PUBLIC}),
    ],
)
def test_change(data: dict[str, Any], changes: dict[str, Any]) -> None:
    """Only what is named changes; null clears the room."""
    assert changes == ChangeRecording.model_validate(data).changes()


@pytest.mark.parametrize(
    "data", [{"title": None}, {"title": ""}, {"visibility": None}, {"owner": "x"}, {"size_bytes": 1}]
)
def test_change_refuses(data: dict[str, Any]) -> None:
    """Nulls that mean nothing and fields that are not the caller's."""
    assert refused(ChangeRecording, data) == list(data)


def test_ladders() -> None:
    """Known names, own rungs, each once; nothing is the default."""
    assert StartTranscode.model_validate({}).ladder() is None
    assert StartTranscode.model_validate({"profiles": None}).ladder() is None
    body = StartTranscode.model_validate({"profiles": ["low", RUNG, "low", RUNG]})
    assert body.ladder() == [DEFAULT_PROFILES[0], EncodingProfile("tiny", 320, 180, 150, 15)]
    names = [profile.name for profile in DEFAULT_PROFILES]
    assert StartTranscode.model_validate({"profiles": names}).ladder() == list(DEFAULT_PROFILES)


@pytest.mark.parametrize(
    ("profiles", "field"),
    [
        ([], "profiles"),
        (["ultra"], "profiles.0"),
        ([7], "profiles.0"),
        (["low"] * 9, "profiles"),
        ("low", "profiles"),
        ([RUNG | {"width": 0}], "profiles.0.width"),
        ([RUNG | {"height": 10_000}], "profiles.0.height"),
        ([RUNG | {"bitrate_kbps": 1}], "profiles.0.bitrate_kbps"),
        ([RUNG | {"frame_rate": 29.97}], "profiles.0.frame_rate"),
        ([RUNG | {"name": 'x",URI="evil'}], "profiles.0.name"),
        ([RUNG | {"name": "x\n"}], "profiles.0.name"),
        ([RUNG | {"crf": 1}], "profiles.0.crf"),
        ([RUNG, RUNG | {"width": 640}], "profiles"),
        (["low", RUNG | {"name": "low"}], "profiles"),
        ([None], "profiles.0"),
        ([["low"]], "profiles.0"),
    ],
)
def test_ladders_refused(profiles: object, field: str) -> None:
    """A rung is a box, a bitrate, a rate and a harmless name."""
    assert refused(StartTranscode, {"profiles": profiles}) == [field]


@pytest.mark.parametrize(
    ("profiles", "sentence"),
    [
        ([], "must name at least one rung; leave it out for the default ladder"),
        (["low", RUNG | {"name": "low"}], "has two different rungs named low"),
        (["ultra"], "must be one of rescue, low, normal, high, very-high, or an object of name, width, height"),
        ([{**RUNG, "name": "-"}], "must be 1 to 40 letters, digits, spaces and . _ -, and begin with a letter or"),
        ([{**RUNG, "frame_rate": 121}], "less than or equal to 120"),
        ([{**RUNG, "width": 63}], "greater than or equal to 64"),
        ([{**RUNG, "bitrate_kbps": 50_001}], "less than or equal to 50000"),
        (["low"] * 9, "at most 8 items"),
    ],
)
def test_a_refused_ladder_says_what_would_do(profiles: object, sentence: str) -> None:
    """In words for the person who wrote it."""
    with pytest.raises(ValidationError) as caught:
        StartTranscode.model_validate({"profiles": profiles})
    assert sentence in caught.value.errors()[0]["msg"]


def test_wishes() -> None:
    """Normal work without a limit, unless something else is asked for."""
    assert StartTranscode.model_validate({}).wishes() == Wishes(Priority.NORMAL, None)
    body = StartTranscode.model_validate({"priority": "high", "max_cost_usd": 1})
    assert body.wishes() == Wishes(Priority.HIGH, 1.0)
    assert StartTranscode.model_validate({"max_cost_usd": None}).wishes().max_cost_usd is None


def test_a_retry_tells_absent_from_null() -> None:
    """Nothing said, lifted, replaced."""
    assert RetryTranscode.model_validate({}).limit() is None
    assert RetryTranscode.model_validate({"max_cost_usd": None}).limit() == CostLimit(None)
    assert RetryTranscode.model_validate({"max_cost_usd": 0.5}).limit() == CostLimit(0.5)


@pytest.mark.parametrize("model", [StartTranscode, RetryTranscode])
@pytest.mark.parametrize("limit", [0, -1, 100_001, "1", True, float("inf"), float("nan"), [1]])
def test_limits_refused(model: type[BaseModel], limit: object) -> None:
    """An amount of money that can be spent."""
    assert refused(model, {"max_cost_usd": limit}) == ["max_cost_usd"]


@pytest.mark.parametrize("priority", ["urgent", "HIGH", 1, None])
def test_priorities_refused(priority: object) -> None:
    """There are two."""
    assert refused(StartTranscode, {"priority": priority}) == ["priority"]


def test_queries() -> None:
    """Text becomes numbers and switches; strangers' parameters are let pass."""
    assert ListQuery.model_validate({}).model_dump() == {
        "status": None,
        "room_id": None,
        "limit": 25,
        "cursor": None,
        "owner": None,
        "q": "",
        "sort": "created",
    }
    assert ListQuery.model_validate({"limit": "100", "utm_source": "x"}).limit == 100
    assert UploadQuery.model_validate({"parts": "1-2"}).parts == "1-2"
    assert [WatchQuery.model_validate({"planned": text}).planned for text in ("1", "0", "true", "false", "")] == [
        True,
        False,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (ListQuery, {"limit": "0"}),
        (ListQuery, {"limit": "101"}),
        (ListQuery, {"limit": "ten"}),
        (ListQuery, {"limit": "9" * 5000}),
        (ListQuery, {"status": "deleting"}),
        (ListQuery, {"status": "READY"}),
        (ListQuery, {"owner": ""}),
        (ListQuery, {"cursor": "c" * 2049}),
        (UploadQuery, {"parts": "1" * 5000}),
        (WatchQuery, {"grant": "g" * 257}),
        (WatchQuery, {"planned": "maybe"}),
    ],
)
def test_queries_refused(model: type[BaseModel], data: dict[str, str]) -> None:
    """A deleted recording cannot be asked for either."""
    assert refused(model, data) == list(data)
