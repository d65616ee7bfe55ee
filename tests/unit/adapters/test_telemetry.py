"""What handlers of every kind say about themselves, seen on standard output through a real Chalice application."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from chalice import AuthResponse, Blueprint, Chalice, Response
from chalice.test import Client

from chalicelib.adapters import telemetry
from chalicelib.adapters.telemetry import http_middleware, instrumented, log
from chalicelib.domain.gauges import ENCODE_SPEED, LIVE_LAG
from chalicelib.errors import BadRequest, Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"
blueprint = Blueprint(__name__)
plan: dict[str, Any] = {}
"""What the next call returns or raises."""


def act() -> Any:
    """Do what the test planned."""
    if isinstance(plan["next"], Exception):
        raise plan["next"]
    return plan["next"]


@blueprint.on_sqs_message(queue="q", batch_size=1, name="on_queue")
@instrumented
def on_queue(event: Any) -> Any:
    """Handle a queue's message."""
    log().append_keys(recording_id="rec_1")
    log().info("working on %s", [record.body for record in event])
    return act()


@blueprint.schedule("rate(1 minute)", name="on_time")
@instrumented
def on_time(_event: Any) -> Any:
    """Handle the clock."""
    logging.getLogger("chalicelib.services.anything").warning("from a service: Bearer abc.def")
    return act()


@blueprint.authorizer(name="who")
@instrumented
def who(request: Any) -> Any:
    """Handle a token."""
    log().info("token is %s", request.token)
    act()
    return AuthResponse(["*"], principal_id="ada", context={"sub": "ada"})


@blueprint.lambda_function(name="plain")
@instrumented
def plain(_event: Any, _context: Any) -> Any:
    """Handle anything."""
    return act()


@blueprint.route("/things/{name}", methods=["GET"])
def things(name: str) -> Response:
    """Handle a request."""
    log().info("asked for %s", name)
    return Response(act(), status_code=plan["status"])


@pytest.fixture
def client() -> Client:
    """Return a client of an application made of the handlers above."""
    app = Chalice("things", configure_logs=False)
    app.register_blueprint(blueprint)
    app.register_middleware(http_middleware, "http")
    plan.update(next="planned", status=200)
    return Client(app)


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    """Return a reader of the lines printed since the last reading, each of them JSON."""

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.strip()]

    return read


def message(client: Client) -> dict[str, Any]:
    """Return an SQS event of one message, as Lambda delivers it."""
    event: dict[str, Any] = client.events.generate_sqs_event(["the body"], queue_name="q")
    event["Records"][0]["messageId"] = "m-1"
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "3"
    return event


def last(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the line that closes an invocation."""
    closing = [line for line in lines if line.get("message") == "done"]
    assert len(closing) == 1
    return closing[0]


def emf(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the metric records."""
    return [line for line in lines if "_aws" in line]


def test_a_queue_handler(client: Client, said: Callable[[], Any]) -> None:
    """The event reaches it as Chalice made it, the result leaves as it was; the line names message and recording."""
    plan["next"] = {"batchItemFailures": []}
    result = client.lambda_.invoke("on_queue", message(client))
    lines = said()

    assert result.payload == {"batchItemFailures": []}
    assert lines[0]["message"] == "working on ['the body']"
    closing = last(lines)
    assert {name: closing[name] for name in ("level", "outcome", "recording_id", "message_id", "receive_count")} == {
        "level": "INFO",
        "outcome": "ok",
        "recording_id": "rec_1",
        "message_id": "m-1",
        "receive_count": "3",
    }
    assert closing["function_request_id"]
    assert closing["service"] == "headwater-local"
    assert closing["duration_ms"] >= 0


def test_returned_messages_count_as_retries(client: Client, said: Callable[[], Any]) -> None:
    """A partial failure is no error of the function."""
    plan["next"] = {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    result = client.lambda_.invoke("on_queue", message(client))
    lines = said()

    assert result.payload == plan["next"]
    assert (last(lines)["outcome"], last(lines)["returned_messages"]) == ("retry", 1)
    assert [(r["Failures"], r["Retries"]) for r in emf(lines)] == [([0.0], [1.0])]


def test_metrics_are_emf(client: Client, said: Callable[[], Any]) -> None:
    """CloudWatch finds namespace, dimensions and units in the record itself."""
    client.lambda_.invoke("plain", {})
    (record,) = emf(said())
    (directive,) = record["_aws"]["CloudWatchMetrics"]

    assert directive["Namespace"] == "Headwater"
    assert sorted(directive["Dimensions"][0]) == ["function", "service"]
    assert (record["function"], record["service"]) == ("plain", "headwater-local")
    assert {"Name": "Duration", "Unit": "Milliseconds"} in directive["Metrics"]


def test_gauges_are_written_with_their_function(client: Client, said: Callable[[], Any]) -> None:
    """Between one call and the next nothing is left over; a lag has seconds, a speed no unit."""
    telemetry.gauge(LIVE_LAG, 1.5)
    telemetry.gauge(ENCODE_SPEED, 3.0)
    client.lambda_.invoke("plain", {})
    (record,) = emf(said())
    assert (record["function"], record["LiveLag"], record["EncodeSpeed"]) == ("plain", [1.5], [3.0])
    units = {one["Name"]: one["Unit"] for one in record["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert (units["LiveLag"], units["EncodeSpeed"]) == ("Seconds", "None")
    client.lambda_.invoke("plain", {})
    (record,) = emf(said())
    assert "LiveLag" not in record


def test_only_the_first_call_is_cold(client: Client, said: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A process starts once, whatever it handles first."""
    monkeypatch.setattr(telemetry, "_process", {"cold": True})
    client.lambda_.invoke("plain", {})
    first = said()
    client.lambda_.invoke("plain", {})
    second = said()

    assert (last(first)["cold_start"], last(second)["cold_start"]) == (True, False)
    assert ["ColdStart" in record for record in (*emf(first), *emf(second))] == [True, False]


def test_keys_of_one_call_do_not_reach_the_next(client: Client, said: Callable[[], Any]) -> None:
    """A warm process forgets whose recording it worked on."""
    client.lambda_.invoke("on_queue", message(client))
    said()
    client.lambda_.invoke("plain", {})

    assert {"recording_id", "message_id"} & last(said()).keys() == set()


def test_a_schedule_and_a_services_own_logger(client: Client, said: Callable[[], Any]) -> None:
    """Lines of the standard logging module leave as JSON, with the invocation's keys and without secrets."""
    client.lambda_.invoke("on_time", client.events.generate_cw_event("aws.events", "Scheduled Event", {}, []))
    lines = said()

    assert [line["message"] for line in lines if "message" in line] == ["from a service: Bearer [hidden]", "done"]
    assert lines[0]["function_request_id"] == last(lines)["function_request_id"]


def test_an_authorizer_hides_its_token(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """It carries no context and its token may not be logged, not even on purpose."""
    event = {
        "type": "TOKEN",
        "authorizationToken": f"Bearer {TOKEN}",
        "methodArn": "arn:aws:execute-api:r:1:a/api/GET/x",
    }
    result = client.lambda_.invoke("who", event)
    out = capsys.readouterr().out

    assert result.payload["principalId"] == "ada"
    assert TOKEN not in out
    assert "token is Bearer [hidden]" in out
    assert json.loads(out.splitlines()[1])["function_name"] == "who"


@pytest.mark.parametrize(
    ("error", "level", "outcome", "code"),
    [
        (Transient("aws_unavailable", "Later."), "WARNING", "retry", "aws_unavailable"),
        (BadRequest("bad_cursor", "No."), "INFO", "rejected", "bad_cursor"),
        (Permanent("source_no_streams", "Never."), "ERROR", "error", "source_no_streams"),
        (ZeroDivisionError("at X-Amz"), "ERROR", "error", "ZeroDivisionError"),
    ],
)
def test_exceptions_are_logged_once_and_raised(
    said: Callable[[], Any], error: Exception, level: str, outcome: str, code: str
) -> None:
    """The same exception comes out; one line tells it, one metric counts its code."""

    @instrumented
    def broken(_event: Any, _context: Any) -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        broken({}, None)
    lines = said()

    assert caught.value is error
    assert [line["level"] for line in lines if line.get("error_code") == code] == [level]
    assert last(lines)["outcome"] == outcome
    assert [record["code"] for record in emf(lines) if "Errors" in record] == [code]
    assert ["exception" in line for line in lines if line.get("error_code") == code] == [outcome == "error"]


def test_tracebacks_are_redacted(capsys: pytest.CaptureFixture[str]) -> None:
    """A presigned URL in an exception's text keeps its path and loses its query."""

    @instrumented
    def broken() -> None:
        raise ValueError("GET https://s3/x/y?X-Amz-Signature=abcdef")

    with pytest.raises(ValueError, match="abcdef"):
        broken()
    out = capsys.readouterr().out

    assert "abcdef" not in out
    assert "https://s3/x/y?[hidden]" in out


@pytest.mark.parametrize(("status", "outcome"), [(200, "ok"), (404, "rejected"), (503, "error")])
def test_a_request(client: Client, said: Callable[[], Any], status: int, outcome: str) -> None:
    """The REST function logs the route's template and the status, not what was asked for."""
    plan["status"] = status
    response = client.http.get("/things/secret-name?grant=abc")
    lines = said()
    closing = last(lines)

    assert (response.status_code, response.body) == (status, b"planned")
    assert (closing["method"], closing["route"], closing["status"]) == ("GET", "/things/{name}", status)
    assert closing["outcome"] == outcome
    assert [record["Failures"] for record in emf(lines) if "Failures" in record] == [[float(outcome == "error")]]


def test_broken_telemetry_changes_nothing(
    client: Client, said: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gauge that fails is itself a log line, no more."""

    def fail(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(telemetry, "_measure", fail)
    result = client.lambda_.invoke("plain", {})

    assert result.payload == "planned"
    assert [line["error_type"] for line in said() if line["message"] == "telemetry failed"] == ["RuntimeError"]


RUNTIME = """
import logging
class LambdaLoggerHandler(logging.StreamHandler):
    pass
logging.getLogger().addHandler(LambdaLoggerHandler())
from chalicelib.adapters.telemetry import log
log().warning("from log")
logging.getLogger("chalicelib.services.x").warning("from a service ?grant=abc")
logging.getLogger("somebody.else").warning("from elsewhere")
"""


def test_the_runtimes_own_handler_does_not_repeat_lines() -> None:
    """Lambda puts a handler on the root logger: our lines must not leave by it as well, in clear."""
    done = subprocess.run([sys.executable, "-c", RUNTIME], capture_output=True, text=True, check=True, timeout=60)

    assert [json.loads(line)["message"] for line in done.stdout.splitlines()] == [
        "from log",
        "from a service ?grant=[hidden]",
    ]
    assert done.stderr.splitlines() == ["from elsewhere"]
