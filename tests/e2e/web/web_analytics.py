"""A stand-in for the analytics routes, in the shapes of the API."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from web_figures import FEW_DAYS, RECORDING, a_session, group, measures, person, report, retention, timeline
from web_origin import Handler, Origin

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Analytics:
    """What the stand-in tells: `scale` of the watching (0 for none), what is on the air, and how much of each list."""

    scale: float = 1.0
    streams: list[dict[str, Any]] = field(default_factory=list)
    sessions: int = 63
    people: int = 40
    status: int = 200
    asked: list[str] = field(default_factory=list)
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def overview(self, first: date, last: date) -> dict[str, Any]:
        """GET /analytics/overview."""
        titles = (
            "Rivers and how they begin",
            "Ice, and what it leaves behind",
            "Deltas",
            "A flood in numbers, from its first hour to the last",
        )
        watched = [
            {
                "recording_id": f"rec_{number}",
                "title": title,
                "watch_s": 612_000 / (number + 1) ** 0.8,
                "views": 1204 // (number + 1),
            }
            for number, title in enumerate(titles)
        ]
        viewers = sum(stream["viewers"] for stream in self.streams)
        return report(first, last, self.scale) | {
            "live_now": {"streams": len(self.streams), "viewers": viewers, "items": self.streams},
            "most_watched": watched if self.scale else [],
        }

    def recording(self, first: date, last: date) -> dict[str, Any]:
        """GET /recordings/{id}/analytics."""
        found = report(first, last, self.scale / 4)
        if (last - first).days < FEW_DAYS:
            begin = datetime(first.year, first.month, first.day, 6, tzinfo=UTC)
            hump = [
                (begin + timedelta(minutes=5 * slot), 14 * math.exp(-((slot - 96) ** 2) / 800)) for slot in range(192)
            ]
            found["slots"] = [{"at": at.isoformat(), "viewers": round(viewers, 1)} for at, viewers in hump]
        none = not self.scale
        return found | {
            "recording": RECORDING,
            "all_time": measures(round(self.scale * 640_000), 0.8),
            "retention": None if none else retention(),
            "rungs": []
            if none
            else [
                {"rung": rung, "share": share, "watch_s": 190_000 * share}
                for rung, share in (
                    ("360p 250k", 0.04),
                    ("720p 500k", 0.07),
                    ("720p 1000k", 0.22),
                    ("1080p 2000k", 0.41),
                    ("1080p 4000k", 0.26),
                )
            ],
            "networks": []
            if none
            else [group("broadband", 0.58, 0.95), group("4g", 0.34, 0.7), group("3g", 0.08, -0.4)],
            "devices": []
            if none
            else [group("desktop", 0.5, 0.9), group("phone", 0.41, 0.6), group("tablet", 0.09, 0.8)],
            "countries": [],
        }


class AnalyticsHandler(Handler):
    """Routes of the analytics beside the usual ones."""

    server: AnalyticsOrigin

    def api(self, parts: list[str], query: dict[str, str]) -> None:
        """Answer what the dashboards ask."""
        facts = self.server.analytics
        if parts[:2] == ["recordings", RECORDING["id"]] and parts[2:] in ([], ["transcode", "progress"]):
            self.reply_json(RECORDING | {"room_id": "geology", "renditions": [], "storyboard_url": None})
            return
        ours = parts[0] in {"analytics", "rooms"} or parts[2:3] == ["analytics"]
        if not ours:
            super().api(parts, query)
            return
        facts.asked.append(self.path)
        if not self.headers.get("Authorization", "").startswith("Bearer t-"):
            self.problem(401, "unauthorized", "A token is required.")
        elif facts.status != 200:
            self.problem(
                facts.status,
                "recording_not_found" if facts.status == 404 else "internal_error",
                "Something broke on our side.",
            )
        elif parts[-1] == "attendance" and query.get("format") == "csv":
            self.sheet(query.get("cursor"))
        else:
            self.reply_json(self.answer(parts, query))

    def sheet(self, cursor: str | None) -> None:
        """Answer with one of two sheets."""
        line, more = (b"theo,9", {}) if cursor else (b"mara,12", {"X-Next-Cursor": "second"})
        headers = {"Content-Disposition": "attachment", **more}
        self.reply(200, b"user,watch_s\r\n" + line + b"\r\n", "text/csv", headers)

    def answer(self, parts: list[str], query: dict[str, str]) -> dict[str, Any]:
        """Return the document of a route."""
        facts = self.server.analytics
        first, last = (date.fromisoformat(query.get(name, "2026-11-28")) for name in ("from", "to"))
        if parts == ["analytics", "overview"]:
            return facts.overview(first, last)
        if parts == ["analytics", "live"]:
            return {"items": facts.streams}
        if parts[-1] == "attendance":
            return self.page_of("people", [person(number, facts.now) for number in range(facts.people)], query, 30) | {
                "anonymous_sessions": 12 if facts.people else 0
            }
        if parts[3:] == ["sessions"]:
            return self.page_of(
                "sessions", [a_session(number, facts.now) for number in range(facts.sessions)], query, 50
            )
        if parts[3:4] == ["sessions"]:
            events, why = timeline()
            own = a_session(6, facts.now) | {
                "session": parts[4],
                "stalls": len(why),
                "stall_s": sum(w["stall_ms"] for w in why) / 1000,
            }
            return own | {"recording": RECORDING, "timeline": events, "why": why, "truncated": False}
        return facts.recording(first, last)

    def page_of(self, name: str, items: list[dict[str, Any]], query: dict[str, str], size: int) -> dict[str, Any]:
        """Return one page of a list."""
        begin = int(query.get("cursor", "0"))
        more = begin + size < len(items)
        return {name: items[begin : begin + size], "next_cursor": str(begin + size) if more else None}


class AnalyticsOrigin(Origin):
    """The origin with analytics."""

    def __init__(self, web: Path) -> None:
        """Bind; serve_forever is the caller's."""
        super().__init__(web)
        self.RequestHandlerClass = AnalyticsHandler
        self.analytics = Analytics()
