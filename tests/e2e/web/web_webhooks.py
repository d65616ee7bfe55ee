"""A stand-in for the routes of webhooks: kept in memory, answering as the API does."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from web_origin import Handler, Origin

if TYPE_CHECKING:
    from pathlib import Path

AT = "2026-11-28T10:05:00.000Z"
SECRET = "whsec_dGhpcyBpcyBhIHNlY3JldCBmb3IgdGVzdHMgb25seSE="


def webhook(number: int = 1, **fields: Any) -> dict[str, Any]:
    """Make a webhook that does well."""
    return {
        "id": f"wh_{number}",
        "url": "https://wiki.example.org/hooks/headwater",
        "events": ["*"],
        "description": "",
        "enabled": True,
        "disabled_reason": None,
        "created_at": AT,
        "secrets": [{"hint": "whsec_…kSE=", "expires_at": None}],
        "failing_since": None,
        "last": {"status": "delivered", "at": AT},
    } | fields


def attempt(status: int | None, error: str | None = None, ms: int = 84) -> dict[str, Any]:
    """Make an attempt."""
    return {"at": AT, "status": status, "error": error, "duration_ms": ms}


def delivery(number: int, type_: str, status: str, *attempts: dict[str, Any]) -> dict[str, Any]:
    """Make a delivery with these attempts behind it."""
    about = {
        "id": "rec_5f2k8",
        "title": "Rivers and how they begin",
        "room_id": "geology",
        "status": "ready",
        "duration_s": 2730.5,
        "playback_url": "https://video.example.org/watch/rec_5f2k8",
    }
    error = {"code": "no_video", "detail": "It holds no picture."} if type_ == "recording.errored" else None
    return {
        "id": f"dlv_{number}",
        "event_id": f"evt_{number:024d}",
        "type": type_,
        "created_at": AT,
        "status": status,
        "attempts": list(attempts),
        "next_attempt_at": "2100-01-01T00:00:00.000Z" if status == "pending" and attempts else None,
        "payload": {"type": type_, "timestamp": AT, "data": {"recording": about, "stream": None, "error": error}},
    }


@dataclass
class Hooks:
    """What there is, and what was asked."""

    hooks: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    down: bool = False
    page: int = 3

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Answer a call below /api/v1/webhooks."""
        self.asked.append((method, path, body))
        address = urlsplit(path)
        parts = address.path.strip("/").split("/")[3:]
        if self.down:
            return 503, {"code": "aws_unavailable", "detail": "The database cannot be reached right now."}
        if not parts:
            return self._all(method, body)
        hook = next((one for one in self.hooks if one["id"] == parts[0]), None)
        if hook is None:
            return 404, {"code": "webhook_not_found", "detail": "There is no such webhook."}
        if parts[1:] == ["deliveries"]:
            start = int(parse_qs(address.query).get("cursor", ["0"])[0])
            more = str(start + self.page) if start + self.page < len(self.log) else None
            return 200, {"deliveries": self.log[start : start + self.page], "next_cursor": more}
        return self._one(method, parts, hook, body)

    def _all(self, method: str, body: Any) -> tuple[int, Any]:
        if method == "GET":
            return 200, {"webhooks": self.hooks}
        if "10.0.0" in body["url"]:
            detail = "This URL cannot be a webhook's. Its address is not a public one."
            return 400, {"code": "webhook_url_refused", "detail": detail}
        self.hooks.append(webhook(len(self.hooks) + 1, **body, last=None))
        return 201, {"webhook": self.hooks[-1], "secret": SECRET}

    def _one(self, method: str, parts: list[str], hook: dict[str, Any], body: Any) -> tuple[int, Any]:
        if method == "DELETE":
            self.hooks.remove(hook)
            return 204, None
        if method == "PATCH":
            hook.update(body)
            return 200, hook
        if parts[1:] == ["rotate"]:
            hook["secrets"] = [{"hint": "whsec_…new=", "expires_at": None}, hook["secrets"][0] | {"expires_at": AT}]
            return 200, {"webhook": hook, "secret": SECRET}
        if parts[1:] == ["test"]:
            self.log.insert(0, delivery(len(self.log) + 1, "webhook.test", "pending"))
            return 202, {"delivery": json.loads(json.dumps(self.log[0]))}
        again = next(one for one in self.log if one["id"] == parts[2])
        again["status"] = "delivered"
        again["attempts"].append(attempt(200))
        return 202, {"delivery": again}


class HooksHandler(Handler):
    """The stand-in with webhooks."""

    server: HooksOrigin

    def do_GET(self) -> None:  # noqa: N802  http.server names it
        """Answer what is about webhooks, and leave the rest."""
        if not self._hooks("GET"):
            super().do_GET()

    def do_POST(self) -> None:  # noqa: N802  http.server names it
        """As above."""
        if not self._hooks("POST"):
            super().do_POST()

    def do_DELETE(self) -> None:  # noqa: N802  http.server names it
        """As above."""
        if not self._hooks("DELETE"):
            super().do_DELETE()

    def do_PATCH(self) -> None:  # noqa: N802  http.server names it
        """As above."""
        assert self._hooks("PATCH")

    def _hooks(self, method: str) -> bool:
        if not self.path.startswith("/api/v1/webhooks"):
            return False
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, document = self.server.hooks.answer(method, self.path, json.loads(raw) if raw else None)
        if document is None:
            self.reply(status, b"", "text/plain", {})
        else:
            self.reply_json(document, status)
        return True


class HooksOrigin(Origin):
    """Serves pages and webhooks."""

    def __init__(self, web: Path) -> None:
        super().__init__(web)
        self.RequestHandlerClass = HooksHandler
        self.hooks = Hooks()
