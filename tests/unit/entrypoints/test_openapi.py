"""openapi.json against the code: routes, parameters, bodies, codes."""

from __future__ import annotations

import ast
import json
import re
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
from openapi_spec_validator import validate

import app
import chalicelib
from chalicelib import errors
from chalicelib.domain.abr.metrics import Outcome
from chalicelib.domain.abr.reports import MAX_EVENTS, MAX_SEQUENCE, EventKind
from chalicelib.domain.abr.selector import Rule
from chalicelib.domain.job import Priority
from chalicelib.domain.live.stream import StreamStatus
from chalicelib.domain.recording import RecordingStatus
from chalicelib.domain.webhooks.changes import SUBSCRIBABLE, EventType
from chalicelib.domain.webhooks.delivery import KEPT_ATTEMPTS, Failure
from chalicelib.domain.webhooks.endpoint import ALL
from chalicelib.entrypoints import analytics_schemas, live_schemas, schemas, webhook_schemas
from chalicelib.entrypoints.system_api import DOCUMENT

if TYPE_CHECKING:
    from pydantic import BaseModel

ROOT = Path(chalicelib.__file__).parent
_SERVICES = (
    *("recordings", "uploading", "playback", "transcoding", "control", "captions", "dead_letters", "downloads"),
    *("ladders", "viewers", "quality", "reports", "livestream", "live_ingest", "live_watching", "live_states"),
    *("analytics", "diagnosis", "limiting", "measuring", "session_facts", "webhooks"),
)
BEHIND_THE_API = [
    *ROOT.glob("entrypoints/*_api.py"),
    *(ROOT / "entrypoints" / name for name in ("authorizer.py", "problems.py", "requests.py")),
    *(ROOT / "domain" / name for name in ("access.py", "uploads.py", "captions.py", "sessions.py", "quotas.py")),
    ROOT / "domain" / "analytics" / "periods.py",
    ROOT / "domain" / "abr" / "reports.py",
    ROOT / "domain" / "webhooks" / "targets.py",
    *(ROOT / "services" / f"{name}.py" for name in _SERVICES),
    *(ROOT / "adapters" / f"{name}.py" for name in ("aws_errors", "s3", "sqs", "tokens", "signing", "probe")),
    *ROOT.glob("adapters/tables/*.py"),
]
GATEWAY_CODES = {"internal_error", "method_not_allowed", "no_such_route", "payload_too_large"}
GATEWAY_CODES |= {"too_many_requests", "unauthorized"}
BODIES: dict[str, type[BaseModel]] = {
    "CreateRecording": schemas.CreateRecording,
    "CreateLiveRecording": schemas.CreateLiveRecording,
    "ChangeRecording": schemas.ChangeRecording,
    "StartTranscode": schemas.StartTranscode,
    "RetryTranscode": schemas.RetryTranscode,
    "Profile": schemas.Profile,
    "StartLive": live_schemas.StartLive,
    "ClaimEpoch": live_schemas.ClaimEpoch,
    "SignUploads": live_schemas.SignUploads,
    "CreateWebhook": webhook_schemas.CreateWebhook,
    "ChangeWebhook": webhook_schemas.ChangeWebhook,
}
QUERIES: dict[str, type[BaseModel]] = {
    "list_recordings": schemas.ListQuery,
    "read_upload": schemas.UploadQuery,
    "read_master_playlist": schemas.WatchQuery,
    "list_captions": schemas.GrantQuery,
    "put_captions": schemas.CaptionsQuery,
    "read_captions": schemas.GrantQuery,
    "recommend_quality": schemas.QualityQuery,
    "report_events": schemas.SessionQuery,
    "join_live": schemas.GrantQuery,
    "read_live_stats": schemas.GrantQuery,
    "list_deliveries": webhook_schemas.DeliveriesQuery,
    "read_overview": analytics_schemas.OverviewQuery,
    "read_live_now": analytics_schemas.LiveNowQuery,
    "read_recording_analytics": analytics_schemas.RangeQuery,
    "list_viewer_sessions": analytics_schemas.SessionsQuery,
    "read_attendance": analytics_schemas.AttendanceQuery,
    "read_room_attendance": analytics_schemas.RoomAttendanceQuery,
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The committed document."""
    found: dict[str, Any] = json.loads(DOCUMENT.read_text("utf-8"))
    return found


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return every operation by (METHOD, path)."""
    return {
        (method.upper(), path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in {"get", "put", "post", "patch", "delete", "head", "options"}
    }


def test_it_is_valid_openapi(document: dict[str, Any]) -> None:
    """3.1, by the official schema."""
    validate(document)
    assert document["openapi"].startswith("3.1")
    assert document["info"]["version"] == chalicelib.__version__


def test_every_route_is_in_it_and_no_other(document: dict[str, Any]) -> None:
    """Under the view's own name, with a token exactly where the gateway asks for one."""
    routes = {(method, path): entry for path, item in app.app.routes.items() for method, entry in item.items()}
    described = operations(document)
    assert routes.keys() == described.keys()
    for key, entry in routes.items():
        assert entry.view_name == described[key]["operationId"]
        needs_token = described[key].get("security", document["security"]) == [{"bearer": []}]
        assert (entry.authorizer is not None) == needs_token, key


def test_path_parameters_are_described(document: dict[str, Any]) -> None:
    """Every {name} has its entry."""
    for path, item in document["paths"].items():
        declared = {p["$ref"].rsplit("/", 1)[1] for p in item.get("parameters", []) if "$ref" in p}
        assert ("{recording_id}" in path) == ("RecordingId" in declared), path


@pytest.mark.parametrize("name", BODIES)
def test_bodies_have_the_fields_the_code_reads(document: dict[str, Any], name: str) -> None:
    """Names, which are required, and that nothing else is taken."""
    code, written = BODIES[name].model_json_schema(), document["components"]["schemas"][name]
    assert code["properties"].keys() == written["properties"].keys()
    assert set(code.get("required", [])) == set(written["required"])
    assert code["additionalProperties"] == written["additionalProperties"]


def test_numbers_in_bodies_have_the_codes_bounds(document: dict[str, Any]) -> None:
    """Minimum and maximum of every number, and how many rungs."""
    written = document["components"]["schemas"]
    for name in ("CreateRecording", "Profile", "StartLive", "SignUploads"):
        for field, code in BODIES[name].model_json_schema()["properties"].items():
            if code.get("type") == "integer":
                bounds, held = written[name]["properties"][field], ("minimum", "maximum", "default")
                assert [code.get(k) for k in held] == [bounds.get(k) for k in held], field
    for name in ("StartTranscode", "RetryTranscode"):
        limit = written[name]["properties"]["max_cost_usd"]
        assert (limit["exclusiveMinimum"], limit["maximum"]) == (0, schemas.MAX_COST_USD)
    assert written["StartTranscode"]["properties"]["priority"]["enum"] == [level.value for level in Priority]
    assert written["StartTranscode"]["properties"]["profiles"]["maxItems"] == schemas.MAX_PROFILES
    assert written["Profile"]["properties"]["name"]["pattern"] == schemas.PROFILE_NAME
    by_name, _ = written["StartTranscode"]["properties"]["profiles"]["items"]["oneOf"]
    assert set(by_name["enum"]) == set(schemas.NAMED_PROFILES)
    rungs, names = written["StartLive"]["properties"]["profiles"], written["SignUploads"]["properties"]["names"]
    assert (rungs["maxItems"], set(rungs["items"]["enum"])) == (schemas.MAX_PROFILES, set(schemas.NAMED_PROFILES))
    assert (names["maxItems"], names["items"]["maxLength"]) == (live_schemas.MAX_NAMES, live_schemas.MAX_NAME_CHARS)
    pdt = written["ClaimEpoch"]["properties"]["first_pdt"]
    assert (pdt["minimum"], pdt["maximum"]) == (0, live_schemas.MAX_PDT)


@pytest.mark.parametrize("operation_id", QUERIES)
def test_queries_have_the_fields_the_code_reads(document: dict[str, Any], operation_id: str) -> None:
    """Those of the operation and those all of the path share."""
    ((_, path), operation) = next(
        item for item in operations(document).items() if item[1]["operationId"] == operation_id
    )
    shared = [p["$ref"].rsplit("/", 1)[1] for p in document["paths"][path].get("parameters", [])]
    components = document["components"]["parameters"]
    declared = chain(operation.get("parameters", []), (components[name] for name in shared))
    names = {parameter["name"] for parameter in declared if parameter["in"] == "query"}
    assert names == {field.alias or name for name, field in QUERIES[operation_id].model_fields.items()}


def test_events_are_those_that_are_read(document: dict[str, Any]) -> None:
    """Kinds, numbers and how many; every key the engine reads is described."""
    event, batch = (document["components"]["schemas"][name] for name in ("Event", "Events"))
    assert event["properties"]["kind"]["enum"] == [kind.value for kind in EventKind]
    assert event["properties"]["seq"]["maximum"] == MAX_SEQUENCE
    assert batch["properties"]["events"]["maxItems"] == MAX_EVENTS
    assert event["properties"]["outcome"]["enum"] == [outcome.value for outcome in Outcome]
    read = (ROOT / "domain" / "abr" / "reports.py").read_text("utf-8")
    assert set(re.findall(r'data(?:\.get\(|\[)"([a-z_]+)"', read)) <= event["properties"].keys()


def test_rules_are_the_engines(document: dict[str, Any]) -> None:
    """What had the last word, in both answers that say so."""
    for name in ("Recommendation", "ReportAnswer"):
        rule = document["components"]["schemas"][name]["properties"]["rule"]
        assert rule["enum"] == [one.value for one in Rule]


def test_what_webhooks_are_told_is_listed(document: dict[str, Any]) -> None:
    """Events to subscribe to, events that are sent, and why attempts fail."""
    written = document["components"]["schemas"]
    subscribable = [event.value for event in SUBSCRIBABLE]
    for name in ("CreateWebhook", "ChangeWebhook"):
        events = written[name]["properties"]["events"]
        events = events if name == "CreateWebhook" else events["anyOf"][0]
        assert events["items"]["enum"] == [ALL, *subscribable]
        assert events["maxItems"] == webhook_schemas.MAX_EVENTS
    for name in ("Delivery", "EventPayload"):
        assert written[name]["properties"]["type"]["enum"] == [event.value for event in EventType]
    attempts = written["Delivery"]["properties"]["attempts"]
    assert attempts["maxItems"] == KEPT_ATTEMPTS
    assert attempts["items"]["properties"]["error"]["enum"] == [*sorted(failure.value for failure in Failure), None]


def test_statuses_are_those_people_can_see(document: dict[str, Any]) -> None:
    """All but the one that answers 404; of streams all."""
    visible = {status.value for status in RecordingStatus} - {"deleting"}
    listed = document["components"]["schemas"]["Recording"]["properties"]["status"]["enum"]
    assert visible == set(listed)
    assert visible == set(document["components"]["schemas"]["Progress"]["properties"]["recording_status"]["enum"])
    assert visible == set(get_args(schemas.ListQuery.model_fields["status"].annotation)[0].__args__)
    streams = {status.value for status in StreamStatus}
    for name in ("Stream", "LiveSeat", "LiveStats", "LiveIngestStatus"):
        assert streams == set(document["components"]["schemas"][name]["properties"]["status"]["enum"])


def raised_codes() -> dict[str, int]:
    """Find codes in calls such as Conflict("upload_gone", ...) behind the API; returns code → status."""
    kinds = {
        name: kind.status
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.HeadwaterError) and kind is not errors.Permanent
    }
    found: dict[str, int] = {}
    for path in BEHIND_THE_API:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds:
                match node.args:
                    case [ast.Constant(value=str(code)), *_]:
                        found[code] = kinds[node.func.id]
    return found


def test_every_code_is_listed_under_its_status(document: dict[str, Any]) -> None:
    """The list is the code's, plus what the gateway says by itself."""
    codes = raised_codes()
    listed = set(document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"])
    assert len(codes) > 15
    assert codes.keys() | GATEWAY_CODES == listed
    by_status = {"BadRequest": 400, "Unauthorized": 401, "Forbidden": 403, "NotFound": 404, "Conflict": 409}
    by_status |= {"TooLarge": 413, "TooMany": 429, "Unavailable": 503}
    responses = document["components"]["responses"]
    for name, status in by_status.items():
        for code in (code for code, of in codes.items() if of == status):
            assert f"`{code}`" in responses[name]["description"], code
