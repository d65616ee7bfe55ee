"""Downloads over HTTP: the owner's alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Api


def test_the_source_has_an_address(api: Api) -> None:
    """Under its own name, for an hour; every rendition is listed with its name in addresses."""
    recording_id = api.uploaded(filename="Vorlesung.mp4")
    answer = api.call("GET", f"/v1/recordings/{recording_id}/download")
    assert answer.status_code == 200
    source = answer.json_body["source"]
    assert (source["filename"], source["size_bytes"]) == ("Vorlesung.mp4", 3)
    assert "Vorlesung.mp4" in source["url"]
    assert {item["ready"] for item in answer.json_body["renditions"]} == {False}
    assert "720p-1000k" in [item["download"] for item in answer.json_body["renditions"]]


def test_a_rendition_that_is_not_encoded_yet(api: Api) -> None:
    """Asking is refused; looking says that it is not there."""
    path = f"/v1/recordings/{api.uploaded()}/download"
    refused = api.call("POST", f"{path}/720p-1000k")
    assert (refused.status_code, refused.json_body["code"]) == (409, "not_encoded_yet")
    pending = api.call("GET", f"{path}/720p-1000k")
    assert (pending.status_code, json.loads(pending.body)) == (202, {"status": "pending"})
    unknown = api.call("POST", f"{path}/8k")
    assert (unknown.status_code, unknown.json_body["code"]) == (404, "rendition_not_found")
    assert api.messages("prepare") == []


@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("GET", "/720p-1000k"), ("POST", "/720p-1000k")])
def test_nobody_else_gets_one(api: Api, method: str, tail: str) -> None:
    """Not even of a public recording."""
    recording_id = api.uploaded(visibility="public")
    answer = api.call(method, f"/v1/recordings/{recording_id}/download{tail}", user="bob")
    assert (answer.status_code, answer.json_body["code"]) == (404, "recording_not_found")
    assert api.call(method, f"/v1/recordings/{recording_id}/download{tail}", user=None).status_code == 401


def test_nothing_is_there_before_the_upload_has_ended(api: Api) -> None:
    """The row alone is no file."""
    recording_id = api.create()["recording"]["id"]
    answer = api.call("GET", f"/v1/recordings/{recording_id}/download")
    assert (answer.status_code, answer.json_body["code"]) == (409, "source_not_uploaded")
