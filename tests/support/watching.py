"""Sessions as players tell them, with everything that can happen in one."""

from __future__ import annotations

import random
from typing import Any

from chalicelib.services.analytics_sweeps import AnalyticsSweeps
from support.viewing import REC, RUNGS, SES, Cinema, batch

VIEWER_ID = "a1b2c3d4e5f6a7b8c9d0"
MIDNIGHT_MS = 1_800_057_600_000
"""2027-01-16, 00:00 UTC."""


def told(seed: int, *, length: int = 40, begun_ms: int = MIDNIGHT_MS - 30_000, viewer: str = VIEWER_ID) -> list[Any]:
    """Return the events of one session, always the same for a seed: it begins before midnight and goes on after it."""
    dice, at, wt, place = random.Random(seed), begun_ms, 0, 0  # noqa: S311  no secret
    rung = dice.randrange(5)
    events: list[dict[str, Any]] = [_join(at, viewer)]
    events.append({"kind": "start", "at_ms": at + 900, "startup_ms": 900, "wt": 0})
    for number in range(length):
        step = dice.choice([2000, 2000, 4000, 11_000])
        at, wt = at + step, wt + min(step, 4000)
        kind = dice.choice(["segment"] * 6 + ["stall", "switch", "seek", "pause", "resume", "abandon", "error"])
        event: dict[str, Any] = {"kind": kind, "at_ms": at, "wt": wt, "seen": [[place, place + 2000]]}
        place += 2000
        if kind in {"segment", "abandon", "switch"}:
            rung = min(max(rung + dice.choice([-1, 0, 0, 1]), 0), 4)
            event |= _transfer(number, rung, dice)
        if kind == "seek":
            place = dice.randrange(0, 60_000, 500)
        event |= {"stall_ms": dice.randrange(100, 3000)} if kind == "stall" else {}
        event |= {"code": "fragLoadError", "fatal": False} if kind == "error" else {}
        events.append(event)
    ends = dice.choice(["ended", "left", "failed", None])
    events += [{"kind": "end", "at_ms": at + 10, "wt": wt, "reason": ends}] if ends else []
    return [{**event, "seq": number} for number, event in enumerate(events)]


def _join(at_ms: int, viewer: str) -> dict[str, Any]:
    return {"kind": "join", "at_ms": at_ms, "vid": viewer, "device": "phone", "width": 1280, "height": 720, "dpr": 2}


def _transfer(number: int, rung: int, dice: random.Random) -> dict[str, Any]:
    size = RUNGS[rung].bitrate_kbps * 250
    body = {"bytes": size, "ttfb_ms": dice.randrange(20, 90), "duration_ms": 100 + dice.randrange(4000)}
    return {"rendition": RUNGS[rung].id, "index": number, "d": 2000, **body}


def report(cinema: Cinema, events: list[dict[str, Any]], session: str = SES, **asking: Any) -> Any:
    """Report as the entry point does."""
    viewer = cinema.viewers.admit(REC, cinema.asking(session=session, **asking))
    return cinema.reports.take(viewer, session, batch(*events))


def sweeps(cinema: Cinema, settling: Any = None) -> AnalyticsSweeps:
    """Return the sweeps over a cinema's tables."""
    return AnalyticsSweeps(cinema.sessions, cinema.log, cinema.facts, settling, cinema.recordings, cinema.clock)
