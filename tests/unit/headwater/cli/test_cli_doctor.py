"""`headwater doctor`: each thing is broken once, and named with what to do."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import chalicelib
from headwater.cli import doctor as commands
from headwater.cli.options import Server
from headwater.client import api as client
from headwater.client.api import Api
from headwater.client.auth import GivenToken
from headwater.client.retry import Backoff
from headwater.client.transport import Transport
from headwater.doctor import examination
from headwater.doctor.examination import Examination
from headwater.doctor.findings import Finding, State, good

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

URL = "https://video.test"
REC = "rec_0123456789abcdefghij"
PARTS = ("bucket source", "table recordings", "key of the CDN")
MASTER = f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/media/{REC}/v.m3u8\n"
MEDIA = '#EXTM3U\n#EXT-X-MAP:URI="00000.mp4",BYTERANGE="900@0"\n#EXTINF:2,\n00000.mp4\n'


def whole() -> dict[str, Any]:
    """Return the diagnosis of an installation that lacks nothing."""
    queue = {"queue": "encode", "waiting": 0, "dead_letters": 0, "code": ""}
    return {
        "schedule": {"last_run": "2026-11-29T00:00:00Z", "age_s": 30.0, "code": ""},
        "queues": [queue],
        "parts": [{"part": name, "ok": True, "code": ""} for name in PARTS],
    }


@dataclass
class Installation:
    """A server that is well, but for what `answers` says instead ("METHOD path" to a response)."""

    answers: dict[str, Callable[[httpx.Request], httpx.Response]] = field(default_factory=dict)
    diagnosis: dict[str, Any] = field(default_factory=whole)
    statuses: list[str] = field(default_factory=lambda: ["processing", "ready"])
    error: dict[str, str] | None = None
    skew_s: float = 0.0
    locked: bool = True
    calls: list[str] = field(default_factory=list)

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        what = f"{request.method} {request.url.path}"
        self.calls.append(what)
        answer = self.answers.get(what, self._usual)(request)
        answer.headers.setdefault("date", formatdate(time.time() - self.skew_s, usegmt=True))
        return answer

    def _usual(self, request: httpx.Request) -> httpx.Response:
        method, path = request.method, request.url.path.removeprefix("/api/v1")
        if path.startswith("/media/") or path.endswith(".m3u8"):
            return self._media(request, path)
        recording = f"/recordings/{REC}"
        answers: dict[str, tuple[int, Any]] = {
            "GET /health": (200, {"status": "ok", "version": chalicelib.__version__}),
            "GET /config.json": (200, {"auth": {"authority": f"{URL}/issuer"}}),
            "GET /issuer/.well-known/openid-configuration": (200, {"jwks_uri": f"{URL}/keys"}),
            "GET /recordings": (200, {"recordings": []}),
            "GET /diagnosis": (200, self.diagnosis),
            "POST /recordings": (201, {"recording": {"id": REC}, "upload": self._upload()}),
            f"GET {recording}/upload": (200, self._upload()),
            "PUT /part": (200, None),
            f"POST {recording}/upload/complete": (200, {"recording": {}}),
            f"DELETE {recording}": (204, None),
        }
        if f"{method} {path}" == f"GET {recording}":
            return self._recording()
        if f"{method} {path}" == "GET /":
            return httpx.Response(200, html="x", headers={"content-security-policy": "default-src 'none'"})
        status, body = answers.get(f"{method} {path}", (404, {"code": "no_such_route", "detail": "None."}))
        return httpx.Response(status, json=body) if body is not None else httpx.Response(status)

    def _upload(self) -> dict[str, Any]:
        part = {"part_number": 1, "url": f"{URL}/part", "expires_at": "2999-01-01T00:00:00Z"}
        plan = {"part_size_bytes": 1 << 24, "part_count": 1, "uploaded": [], "expires_at": "2999-01-01T00:00:00Z"}
        return plan | {"parts": [part], "urls": [part]}

    def _recording(self) -> httpx.Response:
        if f"DELETE /api/v1/recordings/{REC}" in self.calls:
            return httpx.Response(404, json={"code": "recording_not_found", "detail": "None."})
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        master = f"{URL}/api/v1/recordings/{REC}/stream/master.m3u8"
        return httpx.Response(200, json={"id": REC, "status": status, "error": self.error, "master_url": master})

    def _media(self, request: httpx.Request, path: str) -> httpx.Response:
        if path.endswith("master.m3u8"):
            return httpx.Response(200, text=MASTER, headers={"set-cookie": "CloudFront-Signature=x; Path=/; Secure"})
        if self.locked and "CloudFront-Signature=x" not in request.headers.get("cookie", ""):
            return httpx.Response(403)
        return (
            httpx.Response(200, text=MEDIA)
            if path.endswith(".m3u8")
            else httpx.Response(206, content=b"\0\0\0\x1cftyp")
        )


@pytest.fixture
def server() -> Installation:
    """One that is well."""
    return Installation()


@pytest.fixture(autouse=True)
def no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets are tried on the whole stack."""

    def works(_api: Api) -> Iterator[Finding]:
        yield good("socket", "It works.")

    monkeypatch.setattr(examination, "sockets", works)


def api_of(server: Installation) -> Api:
    """Return a client of it that does not wait."""
    http = httpx.Client(transport=httpx.MockTransport(server.handle))
    transport = Transport(URL, http=http, backoff=Backoff(tries=1), sleep=lambda _s: None)
    transport.tokens = GivenToken("t")
    return Api(transport)


def examine(server: Installation, *, quick: bool = False) -> dict[str, Finding]:
    """Look at everything; returns what is not as it should be."""
    api = api_of(server)
    found = list(Examination(api, api, patience_s=0.0, quick=quick).run())
    return {one.check: one for one in found if one.state is not State.OK}


def answering(status: int, code: str = "", detail: str = "No.") -> Callable[[httpx.Request], httpx.Response]:
    """Return a problem document."""
    return lambda _request: httpx.Response(status, json={"code": code, "detail": detail})


def test_nothing_is_wrong(server: Installation) -> None:
    """And the test recording is gone again."""
    server.statuses = ["ready"]
    assert examine(server) == {}
    assert f"DELETE /api/v1/recordings/{REC}" in server.calls


@pytest.mark.parametrize(
    ("what", "answer", "check", "says"),
    [
        ("GET /api/v1/health", answering(502), "api", "answers 502"),
        ("GET /api/v1/health", answering(404), "api", "not Headwater's API"),
        ("GET /", answering(403), "pages", "not there: 403"),
        ("GET /", lambda _r: httpx.Response(200, html="x"), "pages", "Content-Security-Policy"),
        ("GET /config.json", answering(404), "sign-in", "names no issuer"),
        ("GET /issuer/.well-known/openid-configuration", answering(404), "sign-in", "names no keys"),
        ("GET /api/v1/recordings", answering(401, "token_expired"), "token", "token_expired"),
        ("GET /api/v1/diagnosis", answering(403, "forbidden_role"), "inside", "administrators"),
        ("GET /api/v1/diagnosis", answering(404, "no_such_route"), "inside", "no_such_route"),
        ("POST /api/v1/recordings", answering(403, "forbidden_role"), "upload", "cannot be made"),
        ("PUT /part", lambda _r: httpx.Response(403, text="<Code>AccessDenied</Code>"), "upload", "AccessDenied"),
        (f"GET /media/{REC}/v.m3u8", lambda _r: httpx.Response(403), "playback", "403"),
        (f"GET /media/{REC}/00000.mp4", lambda _r: httpx.Response(206, content=b"<html>.."), "playback", "no fragment"),
        (f"DELETE /api/v1/recordings/{REC}", answering(500), "removal", "could not be removed"),
    ],
)
def test_what_is_broken_is_named(server: Installation, what: str, answer: Any, check: str, says: str) -> None:
    """With something to do about it."""
    server.statuses = ["ready"]
    server.answers[what] = answer
    finding = examine(server)[check]
    assert says in finding.says
    assert finding.do


@pytest.mark.parametrize(
    ("change", "check", "state", "says"),
    [
        ({"schedule": {"age_s": 900.0, "last_run": "x", "code": ""}}, "schedule", "failed", "15 minutes ago"),
        ({"schedule": {"age_s": 200.0, "last_run": "x", "code": ""}}, "schedule", "warning", "3 minutes ago"),
        ({"schedule": {"age_s": None, "last_run": None, "code": ""}}, "schedule", "warning", "not run yet"),
        ({"schedule": {"age_s": None, "last_run": None, "code": "AccessDenied"}}, "schedule", "failed", "AccessDenied"),
        (
            {"queues": [{"queue": "encode", "waiting": 0, "dead_letters": 1, "code": ""}]},
            "queue encode", "warning", "1 message of the queue encode failed too often",
        ),
        (
            {"queues": [{"queue": "live", "waiting": 600, "dead_letters": 0, "code": ""}]},
            "queue live", "warning", "600 messages wait",
        ),
        (
            {"queues": [{"queue": "live", "waiting": None, "dead_letters": None, "code": "NonExistentQueue"}]},
            "queue live", "failed", "NonExistentQueue",
        ),
        (
            {"parts": [{"part": "table webhooks", "ok": False, "code": "AccessDeniedException"}]},
            "table webhooks", "failed", "AccessDeniedException",
        ),
        (
            {"parts": [{"part": "key of the CDN", "ok": False, "code": "ResourceNotFoundException"}]},
            "key of the CDN", "failed", "ResourceNotFoundException",
        ),
    ],
)  # fmt: skip
def test_what_the_api_cannot_use_is_named(
    server: Installation, change: dict[str, Any], check: str, state: str, says: str
) -> None:
    """As a warning where everything still works."""
    server.diagnosis |= change
    finding = examine(server, quick=True)[check]
    assert (finding.state.value, says in finding.says, bool(finding.do)) == (state, True, True)


def test_rights_and_things_that_are_gone_are_told_apart(server: Installation) -> None:
    """One is mended by the policy, the other by a backup."""
    codes = ("AccessDenied", "NoSuchBucket")
    server.diagnosis["parts"] = [{"part": code, "ok": False, "code": code} for code in codes]
    found = examine(server, quick=True)
    assert ("lacks the right" in found[codes[0]].do, "restore" in found[codes[1]].do) == (True, True)


@pytest.mark.parametrize(("skew_s", "state"), [(60, "warning"), (-60, "warning"), (400, "failed"), (-400, "failed")])
def test_a_clock_that_is_wrong(server: Installation, skew_s: float, state: str) -> None:
    """This machine's, or the server's: which is ahead is said."""
    server.skew_s = skew_s
    finding = examine(server, quick=True)["clock"]
    assert (finding.state.value, ("ahead" in finding.says)) == (state, skew_s > 0)


@pytest.mark.parametrize("status", ["uploading", "processing", "playable"])
def test_an_encode_that_does_not_end(server: Installation, status: str) -> None:
    """Says how far it came and where to look; the recording is removed all the same."""
    server.statuses = [status]
    found = examine(server)
    assert list(found) == ["encode"]
    assert "not done after" in found["encode"].says
    assert f"DELETE /api/v1/recordings/{REC}" in server.calls


def test_an_encode_that_fails(server: Installation) -> None:
    """With the product's own code."""
    server.statuses, server.error = ["errored"], {"code": "encode_failed", "detail": "It failed."}
    assert "encode_failed" in examine(server)["encode"].says


def test_media_that_anybody_may_have(server: Installation) -> None:
    """Is a failure, and an urgent one."""
    server.statuses, server.locked = ["ready"], False
    assert "at once" in examine(server)["locked"].do


def test_another_version(server: Installation) -> None:
    """Is worth a look."""
    health = {"status": "ok", "version": "9.9.9"}
    server.answers["GET /api/v1/health"] = lambda _request: httpx.Response(200, json=health)
    assert examine(server, quick=True)["version"].state is State.WARNING


@pytest.mark.parametrize(
    ("what", "expected"), [("", 0), ("GET /api/v1/health", 3), ("GET /api/v1/recordings", 4), ("GET /config.json", 1)]
)
def test_exit_codes(
    server: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], what: str, expected: int
) -> None:
    """Well, silent, refused, broken; --json prints one object and nothing else on stdout."""
    if what:
        server.answers[what] = answering(503 if "health" in what else 401)
    monkeypatch.setattr(client.Api, "connect", lambda *_args, **_named: api_of(server))
    wanted = commands.Wanted(quick=True, patience_s=0.0, aws=False, stage="prod", region="eu-central-1")
    assert commands.doctor(Server(URL, "t", ""), wanted, as_json=True) == expected
    printed = json.loads(capsys.readouterr().out)
    assert printed["healthy"] is (expected == 0)
    assert commands.doctor(Server(URL, "t", ""), wanted, as_json=False) == expected
    shown = capsys.readouterr()
    assert ("BAD" in shown.out, "checks failed" in shown.err) == (expected != 0, expected != 0)
