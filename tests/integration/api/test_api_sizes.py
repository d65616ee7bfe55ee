"""How large a body may be: one table of every route that takes one, and of what else has a size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chalicelib import config, container
from chalicelib.domain.captions import MAX_BYTES
from chalicelib.domain.live.incoming import MAX_INCOMING, parse
from chalicelib.entrypoints.quality_api import MAX_REPORT_BYTES
from chalicelib.entrypoints.requests import MAX_BODY_BYTES
from chalicelib.errors import BadRequest

if TYPE_CHECKING:
    from conftest import Api

R = "/v1/recordings/{recording_id}"
JSON_ROUTES = [
    ("POST", "/v1/recordings"),
    ("PATCH", R),
    ("POST", f"{R}/transcode/quality"),
    ("POST", f"{R}/transcode/retry"),
    ("POST", f"{R}/stream/start-live"),
    ("POST", "/v1/live/{stream_id}/epochs"),
    ("POST", "/v1/live/{stream_id}/uploads"),
    ("POST", "/v1/webhooks"),
    ("PATCH", "/v1/webhooks/{webhook_id}"),
]
SIZES = [
    *((method, path, MAX_BODY_BYTES, "payload_too_large") for method, path in JSON_ROUTES),
    ("POST", f"{R}/sessions/{{session}}/events", MAX_REPORT_BYTES, "payload_too_large"),
    ("PUT", f"{R}/captions/{{language}}", MAX_BYTES, "captions_too_large"),
]


@pytest.mark.parametrize(("method", "path", "most", "code"), SIZES, ids=str)
def test_each_body_has_its_limit(api: Api, method: str, path: str, most: int, code: str) -> None:
    """What is one byte too long is a 413 with its code; at the limit it is judged by what it says."""
    names = {"session": "s" * 20, "language": "en", "stream_id": "none", "webhook_id": "none"}
    url = path.format(recording_id=api.create(visibility="public")["recording"]["id"], **names)
    answers = [api.call(method, url, b" " * size) for size in (most, most + 1)]
    assert answers[0].status_code != 413
    assert (answers[1].status_code, answers[1].json_body["code"]) == (413, code)


def test_every_route_with_a_body_is_in_the_table() -> None:
    """As the contract has them, and it says of each of them that it may be too large."""
    document = json.loads((Path(config.__file__).parent / "openapi.json").read_text("utf-8"))
    operations = {
        (method.upper(), path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict)
    }
    limited = {(method, path) for method, path, _, _ in SIZES}
    assert {route for route, operation in operations.items() if "requestBody" in operation} == limited
    assert {route for route, operation in operations.items() if "413" in operation.get("responses", {})} == limited


def test_an_upload_may_not_be_larger_than_is_allowed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused when it is asked for, before a byte has come."""
    monkeypatch.setenv("HEADWATER_MAX_UPLOAD_BYTES", "5")
    config.settings.cache_clear()
    container.reset()
    answers = [
        api.call("POST", "/v1/recordings", {"title": "a", "filename": "a", "content_type": "a/b", "size_bytes": size})
        for size in (5, 6)
    ]
    assert [answer.status_code for answer in answers] == [201, 413]
    assert answers[1].json_body["code"] == "upload_too_large"


def test_a_message_of_the_socket_has_its_limit() -> None:
    """It has no status; the error that it is answered with has a code. A frame above 32 KiB the gateway ends (1009)."""
    ping = '{"type":"ping"}'
    assert parse(ping.ljust(MAX_INCOMING))
    with pytest.raises(BadRequest, match="message_too_large"):
        parse(ping.ljust(MAX_INCOMING + 1))
