"""Callers of every kind, with what each can show, and requests to everything they may knock at."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import subprocess
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from chalicelib.domain.access_matrix import Answer, Who
from headwater.local.issuer import AUDIENCE
from headwater.local.keys import key_id, load_keys
from support.pipeline import FFMPEG
from support.stack import settled

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from support.stack import Stack

REFUSALS = {
    (401, "unauthorized"): Answer.UNKNOWN,
    (401, "grant_invalid"): Answer.UNKNOWN,
    (401, "session_token_invalid"): Answer.UNKNOWN,
    (403, "forbidden_role"): Answer.FORBIDDEN,
    (404, "recording_not_found"): Answer.ABSENT,
    (404, "webhook_not_found"): Answer.ABSENT,
    (404, "stream_not_found"): Answer.ABSENT,
}
"""What says that somebody may not. Any other answer below 500 comes from behind the door."""


@dataclass
class Shown:
    """What a request carries to say who sends it."""

    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)


class Cast:
    """Everybody, under names that nobody had before."""

    def __init__(self, stack: Stack) -> None:
        """Read the stack's own keys: only its issuer can make a token that has expired."""
        self._stack = stack
        self._tokens: dict[Who, str] = {}
        self._keys = load_keys(next(stack.data.rglob("issuer.pem")).parent)
        name = secrets.token_hex(4)
        self.owner = f"owner-{name}"
        self.names = {Who.OWNER: self.owner, Who.FORMER: self.owner}
        self.names |= {who: f"{who.name.lower()}-{name}" for who in (Who.OTHER, Who.VIEWER, Who.ADMIN)}

    @cached_property
    def _stranger(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def token(self, who: Who) -> str:
        """Return a caller's bearer token, the same each time; empty for those who show something else."""
        if who not in self._tokens:
            self._tokens[who] = self._made(who)
        return self._tokens[who]

    def _made(self, who: Who) -> str:
        roles = {Who.OWNER: "publisher", Who.OTHER: "publisher", Who.FORMER: "viewer", Who.VIEWER: "viewer"}
        if who in self.names:
            return self._sign(self.names[who], roles.get(who, "admin"))
        wrong: dict[Who, dict[str, Any]] = {
            Who.EXPIRED: {"claims": {"exp": int(time.time()) - 60}},
            Who.WRONG_AUDIENCE: {"claims": {"aud": "somebody-else"}},
            Who.WRONG_ALGORITHM: {"algorithm": "HS256", "key": self._public_pem()},
            Who.UNSIGNED: {"algorithm": "none", "key": None},
            Who.FOREIGN: {"key": self._stranger},
        }
        return self._sign(self.owner, "admin", **wrong[who]) if who in wrong else ""

    def _sign(
        self, user: str, role: str, *, claims: dict[str, Any] | None = None, algorithm: str = "RS256", key: Any = ""
    ) -> str:
        payload: dict[str, Any] = {"iss": f"{self._stack.url}/dev", "aud": AUDIENCE, "sub": user, "role": role}
        payload |= {"exp": int(time.time()) + 3600, **(claims or {})}
        header = {"kid": key_id(self._keys.issuer)[:16]}
        if algorithm == "HS256":  # the library refuses to sign with what looks like a public key
            return _hs256(payload, header, key)
        return jwt.encode(payload, self._keys.issuer if key == "" else key, algorithm=algorithm, headers=header)

    def _public_pem(self) -> bytes:
        return self._keys.issuer.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


def _hs256(payload: dict[str, Any], header: dict[str, str], key: bytes) -> str:
    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    head = json.dumps({"alg": "HS256", "typ": "JWT", **header}).encode()
    signed = f"{part(head)}.{part(json.dumps(payload).encode())}"
    return f"{signed}.{part(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"


@dataclass
class Hall:
    """What the cells are about: a bare recording, one that plays, one that streams, and a webhook; all the owner's."""

    stack: Stack
    cast: Cast
    http: httpx.Client
    bare: str = ""
    playing: str = ""
    live: str = ""
    over: str = ""
    """Another that streams, to be stopped as often as somebody may."""
    stream: str = ""
    key: str = ""
    webhook: str = ""
    delivery: str = "evt_none"
    session: str = ""
    ingest: str = ""
    shown: dict[tuple[str, Who], Shown] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    """Bodies of all answers that were errors, as they came."""
    _lives: list[str] = field(default_factory=list)

    def build(self, folder: Path) -> Hall:
        """Make everything, and wait until the one plays: a second of one small rung."""
        clip = folder / "tiny.mp4"
        source = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=24:d=1", "-pix_fmt", "yuv420p", "-preset", "ultrafast"]
        subprocess.run([FFMPEG, "-v", "error", "-nostdin", *source, "-y", str(clip)], check=True, timeout=60)
        self.playing = self.stack.upload(clip, user=self.cast.owner)["id"]
        self.bare = self.bare_recording()
        self.renew()
        deadline = time.monotonic() + 400
        while not settled(document := self.mine("GET", f"/recordings/{self.playing}/transcode/progress").json()):
            assert time.monotonic() < deadline, document
            time.sleep(0.5)
        assert document["recording_status"] == "ready", document
        return self

    def hook(self) -> str:
        """Make a webhook that nobody hears; returns its id. There is room for so many of one person's."""
        for old in self.mine("GET", "/webhooks").json()["webhooks"]:
            self.mine("DELETE", f"/webhooks/{old['id']}")
        hook = {"url": "http://127.0.0.1:9/nobody", "events": ["live.ended"]}
        return str(self.mine("POST", "/webhooks", hook).json()["webhook"]["id"])

    def renew(self, *, public: bool = False) -> None:
        """Make anew what the cells take away, or what ends by itself: a webhook, a stream, and one to be stopped.

        Whatever ran before: all are private afterwards, or public.
        """
        self.webhook = self.hook()
        self.over = str(self._go_live()["stream"]["recording_id"])
        started = self._go_live()
        self.live, self.stream = started["stream"]["recording_id"], started["stream"]["id"]
        self.key, self.ingest = started["ingest"]["key"], started["ingest"]["primary"]["url"]
        for one in (self.playing, self.bare, self.live):
            self.mine("PATCH", f"/recordings/{one}", {"visibility": "public" if public else "private"})
        self.shown.clear()

    def _go_live(self) -> dict[str, Any]:
        live = self.mine("POST", "/recordings", {"title": "Matrix", "live": True}).json()["recording"]["id"]
        self._lives.append(live)
        wishes = {"profiles": ["rescue"], "silence_s": 3600}
        return dict(self.mine("POST", f"/recordings/{live}/stream/start-live", wishes).json())

    def tidy(self) -> None:
        """Leave nothing that runs; what is listed is listed for people whom nobody else knows."""
        for live in self._lives:
            self.mine("DELETE", f"/recordings/{live}/stream/stop-live")
        for hook in self.mine("GET", "/webhooks").json()["webhooks"]:
            self.mine("DELETE", f"/webhooks/{hook['id']}")

    def bare_recording(self) -> str:
        """Make a recording without a byte; returns its id."""
        body = {"title": "Matrix", "filename": "a.mp4", "size_bytes": 3, "content_type": "video/mp4"}
        return str(self.mine("POST", "/recordings", body).json()["recording"]["id"])

    def mine(self, method: str, path: str, body: object = None, **query: str) -> httpx.Response:
        """Call as the owner; what fails is a fault of the test's own."""
        headers = {"Authorization": f"Bearer {self.cast.token(Who.OWNER)}"}
        content = None if body is None else json.dumps(body)
        answer = self.http.request(method, f"/api/v1{path}", headers=headers, content=content, params=query)
        assert answer.status_code < 400 or method == "DELETE", (method, path, answer.text)
        return answer

    def shows(self, who: Who, recording: str) -> Shown:
        """Return what a caller carries to a recording."""
        about = self.playing if who is Who.PLAYER else recording
        if (about, who) in self.shown:
            return self.shown[about, who]
        shown = Shown()
        token = self.cast.token(who)
        if token:
            shown.headers["Authorization"] = f"Bearer {token}"
        elif who is Who.LINK:
            link = self.mine("GET", f"/recordings/{recording}").json()["playback_url"]
            shown.query = dict(pair.split("=", 1) for pair in urlsplit(link).query.split("&") if pair)
        elif who is Who.PLAYER:
            ticket = self.mine("GET", f"/recordings/{self.playing}/quality/recommended").json()["session"]
            self.session = ticket["id"]
            shown.query = {"token": ticket["token"], "session": ticket["id"]}
        elif who is Who.ENCODER:
            shown.headers["X-Stream-Key"] = self.key
        self.shown[about, who] = shown
        return shown

    def ask(self, method: str, url: str, shown: Shown, body: object = None) -> tuple[Answer, str]:
        """Send a request; returns whether it was let through, and what was said."""
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        answer = self.http.request(method, url, headers=shown.headers, params=shown.query, content=content)
        said = f"{answer.status_code} {answer.text[:120]}"
        if answer.status_code >= 400:
            self.refusals.append(answer.text)
        assert answer.status_code < 500, (method, url, said)
        json_like = answer.headers.get("content-type", "").startswith("application/problem+json")
        code = str(answer.json()["code"]) if json_like else ""
        assert code not in {"no_such_route", "method_not_allowed"}, (method, url)
        return REFUSALS.get((answer.status_code, code), Answer.YES), said
