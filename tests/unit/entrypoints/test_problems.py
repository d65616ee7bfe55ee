"""Whatever a view raises becomes a document."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from chalice.app import Response
from pydantic import ValidationError

from chalicelib import errors
from chalicelib.entrypoints.problems import MAX_ERRORS, answers
from chalicelib.entrypoints.schemas import CreateRecording


def answer_to(error: Exception) -> dict[str, Any]:
    """Return what the gateway gets from a view that raises `error`."""

    @answers
    def view() -> Response:
        raise error

    return dict(view().to_dict([]))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.BadRequest("bad_cursor", "No."), 400),
        (errors.Unauthorized("unauthorized", "No."), 401),
        (errors.Forbidden("forbidden_role", "No."), 403),
        (errors.NotFound("recording_not_found", "No."), 404),
        (errors.Conflict("upload_finished", "No."), 409),
        (errors.TooLarge("upload_too_large", "No."), 413),
    ],
)
def test_refusals(error: errors.Rejected, status: int) -> None:
    """Code and sentence are the error's own."""
    answer = answer_to(error)
    document = json.loads(answer["body"])
    assert answer["statusCode"] == document["status"] == status
    assert (document["type"], document["code"], document["detail"]) == ("about:blank", error.code, "No.")
    assert document["title"]
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert "Retry-After" not in answer["headers"]
    assert ("WWW-Authenticate" in answer["headers"]) == (status == 401)


def test_what_passes_by_itself_says_when() -> None:
    """Clients wait instead of giving up."""
    waiting = answer_to(errors.Conflict("not_playable_yet", "Soon."))
    assert (waiting["statusCode"], waiting["headers"]["Retry-After"]) == (409, "1")
    busy = answer_to(errors.Transient("aws_unavailable", "Busy."))
    assert (busy["statusCode"], busy["headers"]["Retry-After"]) == (503, "2")


@pytest.mark.parametrize("error", [KeyError("secret key"), errors.Permanent("encode_failed", "secret path"), OSError()])
def test_the_unexpected_is_logged_and_not_shown(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of the exception reaches the caller."""
    with caplog.at_level(logging.ERROR):
        answer = answer_to(error)
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (500, "internal_error")
    assert "secret" not in answer["body"]
    assert caplog.records[-1].exc_info


def test_wrong_fields_are_named() -> None:
    """With a sentence each, and without what was sent."""
    with pytest.raises(ValidationError) as caught:
        CreateRecording.model_validate({"title": "\n", "filename": "/", "size_bytes": "9", "secret": 1})
    answer = answer_to(caught.value)
    document = json.loads(answer["body"])
    assert (answer["statusCode"], document["code"]) == (400, "invalid_request")
    assert {"title", "filename", "size_bytes", "content_type", "secret"} == {e["field"] for e in document["errors"]}
    assert {"field": "title", "detail": "must hold at least one visible character"} in document["errors"]


def test_thousands_of_mistakes_make_a_short_answer() -> None:
    """Nobody reads more than a few."""
    with pytest.raises(ValidationError) as caught:
        CreateRecording.model_validate({f"{'x' * 500}{number}": 1 for number in range(1000)})
    document = json.loads(answer_to(caught.value)["body"])
    assert len(document["errors"]) == MAX_ERRORS
    assert max(len(error["field"]) for error in document["errors"]) == 100


def test_a_body_of_another_kind() -> None:
    """The whole body is the field."""
    with pytest.raises(ValidationError) as caught:
        CreateRecording.model_validate([1])
    assert json.loads(answer_to(caught.value)["body"])["errors"][0]["field"] == "body"


def test_answers_pass_through() -> None:
    """A view that succeeds is left alone, and keeps its name for Chalice."""

    @answers
    def view(name: str) -> Response:
        return Response({"name": name})

    assert view("a").body == {"name": "a"}
    assert view.__name__ == "view"
