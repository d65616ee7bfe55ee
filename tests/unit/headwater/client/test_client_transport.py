"""One request: retried when that is safe, authorised, and ending in a body or a typed error."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from headwater.client import Api, ApiError, Unreachable
from headwater.client.auth import DevTokens, GivenToken
from headwater.client.retry import Backoff, retry_after_s
from headwater.client.transport import Transport, problem

if TYPE_CHECKING:
    from conftest import Stub

LATER = {"code": "slow_down", "detail": "Later."}
HEALTH = "/api/v1/recordings/rec_1"


class Client:
    """An Api whose waits are written down instead of waited."""

    def __init__(self, url: str, tries: int = 3) -> None:
        """Connect to `url` as ann."""
        self.waits: list[float] = []
        self.transport = Transport(url, backoff=Backoff(tries=tries), sleep=self.waits.append)
        self.transport.tokens = DevTokens(self.transport, "ann")
        self.api = Api(self.transport)


@pytest.fixture
def client(stub: Stub) -> Client:
    """Return a client of the stub, which has one recording."""
    stub.add("rec_1")
    return Client(stub.url)


def test_what_passes_is_tried_again(client: Client, stub: Stub) -> None:
    """Two 502s and then the answer: the caller sees the answer, after growing waits."""
    stub.fail[f"GET {HEALTH}"] = [(502, LATER, {}), (502, LATER, {})]
    assert client.api.recording("rec_1")["title"] == "A talk"
    first, second = client.waits
    assert 0.3 < first < 0.7 < second < 1.3


def test_the_server_says_how_long_to_wait(client: Client, stub: Stub) -> None:
    """Retry-After is a floor under our own wait."""
    stub.fail[f"GET {HEALTH}"] = [(429, LATER, {"retry-after": "7"})]
    client.api.recording("rec_1")
    assert client.waits == [7.0]


@pytest.mark.parametrize(("header", "seconds"), [("3", 3.0), ("86400", 60.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0)])
def test_retry_after_is_bounded(header: str, seconds: float) -> None:
    """A server cannot put us to sleep for a day, and a date is not guessed at."""
    assert retry_after_s(httpx.Response(429, headers={"retry-after": header})) == seconds


def test_it_gives_up(client: Client, stub: Stub) -> None:
    """After the last try the failure is the caller's, as unreachable."""
    stub.fail[f"GET {HEALTH}"] = [(500, LATER, {})] * 3
    with pytest.raises(Unreachable, match=r"The server failed \(500\): Later."):
        client.api.recording("rec_1")
    assert stub.calls[f"GET {HEALTH}"] == 3


@pytest.mark.parametrize(("status", "calls"), [(500, 1), (502, 1), (503, 2), (429, 2)])
def test_creating_is_repeated_only_when_nothing_was_done(client: Client, stub: Stub, status: int, calls: int) -> None:
    """A POST that may have created something is not sent again; one that was turned away is."""
    stub.fail["POST /api/v1/recordings"] = [(status, LATER, {})]
    body = {"title": "t", "size_bytes": 1}
    if calls == 1:
        with pytest.raises(Unreachable):
            client.api.create(body)
    else:
        client.api.create(body)
    assert stub.calls["POST /api/v1/recordings"] == calls


def test_completing_may_be_repeated(client: Client, stub: Stub) -> None:
    """Completing an upload is safe to send twice, so a 502 is not the end."""
    stub.fail[f"POST {HEALTH}/upload/complete"] = [(502, LATER, {})]
    assert client.api.complete("rec_1")["status"] == "processing"


def test_nobody_there_is_said_at_once() -> None:
    """When nothing listens and nothing ever did, there is no waiting."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = Client(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(Unreachable, match="cannot be reached"):
            client.api.recording("rec_1")
    assert client.waits == []


def test_a_problem_document_becomes_an_error() -> None:
    """Status, code and sentence are kept, and the fields a validation names are in the sentence."""
    document = {
        "code": "invalid",
        "detail": "Some fields are wrong.",
        "errors": [{"field": "title", "detail": "Empty."}],
    }
    error = problem(httpx.Response(400, json=document))
    assert isinstance(error, ApiError)
    assert (error.status, error.code, str(error)) == (400, "invalid", "Some fields are wrong. title: Empty.")


def test_an_answer_without_a_document_is_still_a_sentence() -> None:
    """Something between us and the server may answer HTML."""
    error = problem(httpx.Response(418, text="<h1>tea</h1>"))
    assert (type(error), str(error)) == (ApiError, "The server answered 418 I'm a teapot.")


def test_the_token_is_made_once_and_renewed_in_time(client: Client, stub: Stub) -> None:
    """One token serves many calls; one that has less than a minute left is replaced before it is used."""
    client.api.recording("rec_1")
    client.api.recording("rec_1")
    assert stub.tokens == 1
    stub.token_ttl_s = 30
    short = Client(stub.url)
    short.api.recording("rec_1")
    short.api.recording("rec_1")
    assert stub.tokens == 3


def test_a_refused_token_is_renewed_once(client: Client, stub: Stub) -> None:
    """A restarted server has other keys: a 401 gets a new token and the call goes on."""
    client.api.recording("rec_1")
    stub.refuse_token = "ann-publisher-1"
    assert client.api.recording("rec_1")["id"] == "rec_1"
    assert stub.tokens == 2


def test_a_given_token_is_never_replaced(client: Client, stub: Stub) -> None:
    """A token that a person gave and the server refuses is an error, not a reason to become somebody else."""
    stub.refuse_token = "mine"
    client.transport.tokens = GivenToken("mine")
    with pytest.raises(ApiError) as caught:
        client.api.recording("rec_1")
    assert (caught.value.status, stub.tokens) == (401, 0)


def test_a_server_without_dev_tokens_asks_for_one(client: Client, stub: Stub) -> None:
    """On a real account there is no development issuer, and the sentence says what to pass."""
    stub.auth_kind = "oidc"
    with pytest.raises(ApiError, match="Pass --token or set HEADWATER_TOKEN"):
        client.api.recording("rec_1")


def test_another_service_on_the_port_is_noticed(client: Client, stub: Stub) -> None:
    """Something that answers 200 with other content is not taken for the API."""
    stub.fail[f"GET {HEALTH}"] = [(200, ["hello"], {})]
    with pytest.raises(Unreachable, match="is not Headwater's API"):
        client.api.recording("rec_1")


def test_an_id_stays_one_path_segment(client: Client) -> None:
    """Whatever a person types as an id cannot reach another route."""
    with pytest.raises(ApiError) as caught:
        client.api.recording("../../health?x=1")
    assert caught.value.code == "recording_not_found"


@pytest.mark.parametrize(("limit", "count", "pages"), [(250, 205, 3), (150, 150, 2), (1, 1, 1)])
def test_pages_are_followed(client: Client, stub: Stub, limit: int, count: int, pages: int) -> None:
    """The list goes over as many pages as it takes, and stops at the limit."""
    for number in range(204):
        stub.add(f"rec_x{number}")
    found = list(client.api.recordings(limit=limit))
    assert (len(found), stub.calls["GET /api/v1/recordings"]) == (count, pages)
