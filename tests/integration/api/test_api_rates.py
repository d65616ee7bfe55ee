"""Rates as a client meets them: 429 with its code and the time to wait, for whom it is and for nobody else."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from chalicelib import config, container, live_container
from chalicelib.adapters import clients
from chalicelib.domain.keys import master_key, playlist_key
from chalicelib.domain.rate_table import CALLS
from chalicelib.domain.rates import Kind

if TYPE_CHECKING:
    from chalice.test import HTTPResponse
    from conftest import Api

NAMES = dict.fromkeys(
    ("webhook_id", "delivery_id", "stream_id", "language", "rendition", "connection_id", "session", "room", "queue"),
    "none",
)
BODY = {"title": "a", "filename": "a", "size_bytes": 3, "content_type": "video/mp4"}


@pytest.fixture
def slow(api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """The API where everybody may do everything once, and again a minute later."""
    monkeypatch.setenv("HEADWATER_RATES", json.dumps({kind.value: [1, 1] for kind in Kind}))
    monkeypatch.setenv("HEADWATER_EDGE_SECRET", "headwater-local-edge-key")
    clients.client("secretsmanager").create_secret(Name="headwater-local-edge-key", SecretString="edge")
    for built in (config.settings.cache_clear, container.reset, live_container.reset):
        built()
    return api


def refused(answer: HTTPResponse) -> bool:
    """True for a 429, which has to be whole: code, sentence, and when to come again."""
    if answer.status_code != 429:
        return False
    assert answer.json_body["code"] == "too_many_calls"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert f"in {answer.headers['Retry-After']} s" in answer.json_body["detail"]
    return True


@pytest.mark.parametrize(("method", "path"), CALLS, ids=lambda part: str(part).removeprefix("/v1/"))
def test_each_counted_route_refuses_a_second_call(slow: Api, method: str, path: str) -> None:
    """Of the same person, whatever the first came to; somebody else is answered as before."""
    url = path.format(recording_id="rec_none", subject="anna", **NAMES)
    calls = [slow.call(method, url, user=user, role="admin") for user in ("anna", "anna", "berta")]
    assert [refused(answer) for answer in calls] == [False, True, False]
    assert calls[0].status_code == calls[2].status_code


def test_a_list_counts_when_it_searches(slow: Api) -> None:
    """Or sorts by what no index holds; turning pages is free."""
    plain = [slow.call("GET", "/v1/recordings") for _ in range(3)]
    assert not any(map(refused, plain))
    found = [slow.call("GET", "/v1/recordings", q="x"), slow.call("GET", "/v1/recordings", sort="title")]
    assert [refused(answer) for answer in found] == [False, True]


def test_encoders_count_by_stream_and_only_with_the_key(slow: Api) -> None:
    """Whoever has no key cannot use a stream's rate up."""
    live = slow.call("POST", "/v1/recordings", {"title": "L", "live": True}).json_body["recording"]["id"]
    started = slow.call("POST", f"/v1/recordings/{live}/stream/start-live", user="root", role="admin").json_body
    url, key = f"/v1/live/{started['stream']['id']}", {"X-Stream-Key": started["ingest"]["key"]}
    for _ in range(3):
        assert slow.call("POST", f"{url}/epochs", {}, user=None).status_code == 404
    assert slow.call("POST", f"{url}/epochs", {}, user=None, headers=key).status_code == 201
    body = {"epoch": 1, "names": ["0.m4s"]}
    assert refused(slow.call("POST", f"{url}/uploads", body, user=None, headers=key))


def from_(address: str) -> dict[str, str]:
    """Return what CloudFront adds for a viewer."""
    return {"X-Headwater-Edge": "edge", "CloudFront-Viewer-Address": f"{address}:50000"}


@pytest.mark.parametrize("route", ["stream/master.m3u8", "stream/live", "quality/recommended"])
def test_viewers_without_a_token_count_by_network(slow: Api, route: str) -> None:
    """One address of IPv4, one /64 of IPv6; whoever has a token counts as that person, wherever they are."""
    url = f"/v1/recordings/{slow.create(visibility='public')['recording']['id']}/{route}"

    def call(address: str, user: str | None = None) -> bool:
        return refused(slow.call("GET", url, user=user, headers=from_(address)))

    assert [call("192.0.2.1"), call("192.0.2.1"), call("192.0.2.2")] == [False, True, False]
    assert [call("2001:db8:1:2::1"), call("2001:db8:1:2:ffff::2"), call("2001:db8:1:3::1")] == [False, True, False]
    assert [call("192.0.2.1", "anna"), call("192.0.2.9", "anna"), call("192.0.2.1", "berta")] == [False, True, False]
    assert [call("192.0.2.1"), call("192.0.2.2")] == [True, True]


def test_what_is_claimed_of_an_address_counts_only_with_our_cdns_word(slow: Api) -> None:
    """Another header for each call makes no other caller."""
    url = f"/v1/recordings/{slow.create(visibility='public')['recording']['id']}/stream/live"
    bare = [{"CloudFront-Viewer-Address": f"192.0.2.{n}:1", "X-Forwarded-For": f"192.0.2.{n}"} for n in (1, 2)]
    assert [refused(slow.call("GET", url, user=None, headers=headers)) for headers in bare] == [False, True]


def test_a_session_counts_once(slow: Api) -> None:
    """Reports of one that goes on are free of it; players name their sessions themselves, so a new one counts."""
    recording_id = slow.uploaded(visibility="public")
    show(recording_id)

    def report(session: str, seq: int) -> HTTPResponse:
        url = f"/v1/recordings/{recording_id}/sessions/{session}/events"
        events = [{"kind": "pause", "seq": seq, "at_ms": round(time.time() * 1000)}]
        return slow.call("POST", url, {"events": events}, user=None, headers=from_("192.0.2.1"))

    first = [report("a" * 20, seq) for seq in range(3)]
    assert [answer.status_code for answer in first] == [200, 200, 200]
    assert refused(report("b" * 20, 0))


def show(recording_id: str) -> None:
    """Put a multivariant playlist there, as the first chunk would."""
    (job,) = container.jobs().by_recording(recording_id)
    uris = [playlist_key(recording_id, job.plan.source_version, r.id, job.id) for r in job.plan.streams]
    body = "\n".join(["#EXTM3U", *(f"/{uri}" for uri in uris)]).encode()
    container.media_objects().put_bytes(
        master_key(recording_id), body, content_type="application/vnd.apple.mpegurl", cache_control="no-cache"
    )


def test_a_table_that_is_down_stops_nobody(slow: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are answered as if there were no rates."""
    dynamodb = clients.client("dynamodb")
    real = dynamodb._make_api_call

    def fails(operation: str, arguments: dict[str, Any]) -> Any:
        if arguments.get("TableName") == "headwater-local-rate_limits":
            error = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
            raise ClientError(error, operation)  # type: ignore[arg-type]  # as much as is read
        return real(operation, arguments)

    monkeypatch.setattr(dynamodb, "_make_api_call", fails)
    assert [slow.call("POST", "/v1/recordings", BODY).status_code for _ in range(3)] == [201, 201, 201]


def test_fifty_files_at_once_are_no_trouble(api: Api) -> None:
    """Each made, its addresses asked for, and finished, by one person as fast as it goes."""
    for _ in range(50):
        recording_id = api.create()["recording"]["id"]
        assert api.call("GET", f"/v1/recordings/{recording_id}/upload").status_code == 200
        assert api.call("POST", f"/v1/recordings/{recording_id}/upload/complete").status_code == 409
