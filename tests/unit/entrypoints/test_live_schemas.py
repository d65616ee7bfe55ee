"""Bodies about live streams: what is cleaned, what is refused, what is left out."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from chalicelib.domain.live.stream import Container, Input
from chalicelib.entrypoints.live_schemas import ClaimEpoch, SignUploads, StartLive
from chalicelib.entrypoints.schemas import CreateLiveRecording, CreateRecording
from chalicelib.services.livestream import Wishes


def fields(model: type[BaseModel], body: object) -> list[str]:
    """Return the fields that are refused."""
    with pytest.raises(ValidationError) as refused:
        model.model_validate(body)
    return [".".join(str(part) for part in error["loc"]) for error in refused.value.errors()]


def test_nothing_said_is_the_default() -> None:
    """Of the stream, and of an epoch."""
    assert StartLive.model_validate({}).wishes() == Wishes()
    claim = ClaimEpoch.model_validate({})
    assert (claim.input, claim.container, claim.first_pdt) == (Input.PRIMARY, Container.FMP4, None)


def test_wishes() -> None:
    """Each rung once, in the order asked for; null is the installation's own ladder."""
    said = {"target_s": 1, "dvr_window_s": 14_400, "silence_s": 10, "profiles": ["high", "low", "high"]}
    assert StartLive.model_validate(said).wishes() == Wishes(1, 14_400, 10, ("high", "low"))
    assert StartLive.model_validate({"profiles": None}).wishes().profiles == ()


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({"target_s": 0}, ["target_s"]),
        ({"target_s": 2.0}, ["target_s"]),
        ({"target_s": True}, ["target_s"]),
        ({"dvr_window_s": 14_401, "silence_s": 9}, ["dvr_window_s", "silence_s"]),
        ({"profiles": []}, ["profiles"]),
        ({"profiles": ["low", "huge"]}, ["profiles.1"]),
        ({"profiles": [{"name": "low"}]}, ["profiles.0"]),
        ({"profiles": ["low"] * 9}, ["profiles"]),
        ({"target": 2}, ["target"]),
        ([], [""]),
    ],
)
def test_starts_that_are_refused(body: object, refused: list[str]) -> None:
    """By field."""
    assert fields(StartLive, body) == refused


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({"input": "third"}, ["input"]),
        ({"container": "webm"}, ["container"]),
        ({"first_pdt": "now"}, ["first_pdt"]),
        ({"first_pdt": 1e12}, ["first_pdt"]),
        ({"first_pdt": -1.0}, ["first_pdt"]),
    ],
)
def test_claims_that_are_refused(body: dict[str, Any], refused: list[str]) -> None:
    """By field."""
    assert fields(ClaimEpoch, body) == refused


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({}, ["epoch", "names"]),
        ({"epoch": 0, "names": ["0.m4s"]}, ["epoch"]),
        ({"epoch": 1, "names": []}, ["names"]),
        ({"epoch": 1, "names": [""]}, ["names.0"]),
        ({"epoch": 1, "names": ["x" * 21]}, ["names.0"]),
        ({"epoch": 1, "names": [f"{n}.m4s" for n in range(21)]}, ["names"]),
    ],
)
def test_uploads_that_are_refused(body: dict[str, Any], refused: list[str]) -> None:
    """By field; whole seconds of a capture time are taken as they are."""
    assert fields(SignUploads, body) == refused
    assert ClaimEpoch.model_validate({"first_pdt": 1_800_000_000}).first_pdt == 1_800_000_000.0


def test_recordings_for_streams_have_no_file() -> None:
    """And those with a file are not for streams."""
    draft = CreateLiveRecording.model_validate({"title": " Talk\n", "live": True, "room_id": "hall"}).draft()
    assert (draft.title, draft.live, draft.room_id, draft.size_bytes) == ("Talk", True, "hall", 0)
    assert fields(CreateLiveRecording, {"title": "Talk", "live": True, "size_bytes": 1}) == ["size_bytes"]
    assert fields(CreateLiveRecording, {"title": "Talk", "live": False}) == ["live"]
    file = {"title": "Talk", "filename": "a.mp4", "size_bytes": 1, "content_type": "video/mp4"}
    assert not CreateRecording.model_validate(file | {"live": False}).draft().live
    assert fields(CreateRecording, file | {"live": "yes"}) == ["live"]
