"""Made-up days, sessions and people, in the shapes of the analytics routes; the same whenever they are asked for."""

from __future__ import annotations

import math
import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date, datetime

DAY = timedelta(days=1)
RECORDING = {
    "id": "rec_rivers",
    "title": "Rivers and how they begin",
    "duration_s": 2730.0,
    "live": False,
    "created_at": "2026-10-02T09:30:00Z",
}
FEW_DAYS = 2
"""A range as short as this has its slots."""


def measures(watch_s: int, luck: float) -> dict[str, Any]:
    """Return sums of so much watching; luck from 0 to 1 says how well it went."""
    sessions = round(watch_s / 520)
    views = round(0.96 * sessions)
    known = sessions > 0
    told: dict[str, Any] = {
        "average_viewers": watch_s / 86400,
        "peak_viewers": 3 + watch_s / 5000,
        "startup_ms": 1300 - 700 * luck,
        "startup_p50_ms": 900 - 400 * luck,
        "startup_p95_ms": 5200 - 3400 * luck,
        "rebuffer_ratio": 0.012 - 0.009 * luck,
        "stalls_per_hour": 4.1 - 3 * luck,
        "mean_kbps": 1500 + 900 * luck,
        "failure_rate": 0.011 - 0.01 * luck,
        "exit_rate": 0.04 - 0.03 * luck,
        "latency_ms": None,
        "good_share": 0.82 + 0.16 * luck,
        "qoe": 1.6 + 1.5 * luck,
    }
    return {name: value if known else None for name, value in told.items()} | {
        "sessions": sessions,
        "views": views,
        "viewers": round(0.8 * views),
        "watch_s": watch_s,
        "stalls": round(watch_s / 1400),
        "switches": round(watch_s / 300),
        "failures": round(sessions / 150),
        "exits_before_start": sessions - views,
    }


def a_day(day: date, scale: float) -> dict[str, Any]:
    """Return a day's sums: more on weekdays, and the same whenever it is asked for."""
    chance = random.Random(day.toordinal())  # noqa: S311 - data for a picture
    busy = (1.0, 1.15, 1.25, 1.1, 0.8, 0.35, 0.3)[day.weekday()]
    return {
        "day": day.isoformat(),
        **measures(round(scale * busy * chance.uniform(24_000, 36_000)), chance.uniform(0.3, 1)),
    }


def report(first: date, last: date, scale: float) -> dict[str, Any]:
    """Return what both reports have in common."""
    count = (last - first).days + 1
    days, before = (
        [a_day(one + number * DAY, scale) for number in range(count)] for one in (first, first - count * DAY)
    )
    return {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "days_count": count,
        "totals": summed(days),
        "before": summed(before),
        "days": days,
    }


def summed(days: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a period's sums; viewers of several days cannot be added up."""
    watch = sum(day["watch_s"] for day in days)
    good = [day["good_share"] for day in days if day["good_share"] is not None]
    luck = (sum(good) / len(good) - 0.82) / 0.16 if good else 0
    total = measures(watch, luck)
    total["views"] = sum(day["views"] for day in days)
    total["peak_viewers"] = max((day["peak_viewers"] for day in days if day["peak_viewers"] is not None), default=None)
    return total if len(days) == 1 else total | {"viewers": None}


def group(name: str, part: float, luck: float) -> dict[str, Any]:
    """Return one value of a dimension."""
    all_of_it = measures(round(190_000 * part), luck)
    names = ("sessions", "views", "watch_s", "rebuffer_ratio", "good_share", "qoe")
    return {"name": name} | {key: all_of_it[key] for key in names}


def a_session(number: int, now: datetime) -> dict[str, Any]:
    """Return one line of a recording's sessions."""
    chance = random.Random(number)  # noqa: S311 - data for a picture
    user = ("mara", None, "theo", "ines", None)[number % 5]
    began = now - timedelta(minutes=37 * (number + 1))
    watched, stalls = chance.uniform(60, 2700), max(0, round(chance.gauss(0.4, 1.2)))
    good = stalls < FEW_DAYS and number % 9 != 0
    return {
        "session": f"session-{number:016d}",
        "recording_id": RECORDING["id"],
        "user": user,
        "anonymous": user is None,
        "started_at": began.isoformat(),
        "ended_at": None if number == 0 else (began + timedelta(seconds=watched)).isoformat(),
        "watch_s": watched,
        "completion": min(1.0, watched / 2730),
        "startup_ms": chance.randrange(380, 1900),
        "stalls": stalls,
        "stall_s": 2.4 * stalls,
        "switches": chance.randrange(1, 9),
        "mean_kbps": chance.uniform(600, 2600),
        "network": ("4g", "broadband", "3g")[number % 3],
        "device": ("phone", "desktop", "tablet", "desktop")[number % 4],
        "country": ("DE", "PT", "", "IN")[number % 4],
        "live": False,
        "failure": "fragLoadError" if number == FEW_DAYS else None,
        "good": good,
        "qoe": chance.uniform(1.2, 3.6),
        "latency_ms": None,
    }


def timeline() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what happened in a session whose link broke down for a while, and why it stood still."""
    chance = random.Random(7)  # noqa: S311 - data for a picture
    events: list[dict[str, Any]] = [{"at_ms": 0, "kind": "join"}, {"at_ms": 740, "kind": "start"}]
    why: list[dict[str, Any]] = []
    at, buffer_s, rungs, rung = 400.0, 2.0, ("360p 250k", "720p 1000k", "1080p 2000k", "1080p 4000k"), 1
    kbps = (250, 1000, 2000, 4000)
    for number in range(120):
        slow = 44 <= number <= 54
        got = max(60.0, (190 if slow else 5200 + 1800 * math.sin(number / 9)) * chance.lognormvariate(0, 0.25))
        took = 2000 * kbps[rung] / got
        elapsed = max(took, 2000 if buffer_s > 14 else 300)
        at += elapsed
        buffer_s += 2 - elapsed / 1000
        if buffer_s < 0:
            stalled = round(-1000 * buffer_s) + 600
            why.append(
                {
                    "at_ms": round(at),
                    "stall_ms": stalled,
                    "code": "throughput_fell",
                    "text": f"The link fell to {got:.0f} kbit/s while a segment of {kbps[rung]} kbit/s was on its way.",
                }
            )
            events.append({"at_ms": round(at), "kind": "stall", "stall_ms": stalled, "buffer_s": 0.0})
            buffer_s = 0.6
        events.append(
            {
                "at_ms": round(at) + 1,
                "kind": "segment",
                "throughput_kbps": round(got),
                "buffer_s": round(buffer_s, 1),
                "kbps": kbps[rung],
                "rung": rungs[rung],
            }
        )
        better = max((index for index in range(4) if kbps[index] < 0.7 * got), default=0)
        if better != rung and number % 3 == 0:
            rung = better
            events.append({"at_ms": round(at) + 40, "kind": "switch", "kbps": kbps[rung], "rung": rungs[rung]})
    events += [
        {"at_ms": 92_000, "kind": "pause"},
        {"at_ms": 104_000, "kind": "resume"},
        {"at_ms": 131_000, "kind": "seek", "pt_s": 310.0},
    ]
    events.append({"at_ms": round(at) + 900, "kind": "end", "reason": "ended"})
    return sorted(events, key=lambda event: event["at_ms"]), why


def person(number: int, now: datetime) -> dict[str, Any]:
    """Return one line of an attendance."""
    chance = random.Random(100 + number)  # noqa: S311 - data for a picture
    user = ("mara", "theo", "ines", "noor", "anders", "yuki", None, None)[number % 8]
    return {
        "user": f"{user}{number // 8 or ''}" if user else None,
        "viewer": f"{chance.randrange(16**6):06x}",
        "first_at": (now - timedelta(days=6, minutes=31 * number)).isoformat(),
        "last_at": (now - timedelta(hours=number)).isoformat(),
        "sessions": 1 + number % 5,
        "watch_s": chance.uniform(90, 5200),
        "completion": chance.uniform(0.05, 1),
        "recordings": 1 + number % 3,
    }


def retention() -> list[float]:
    """Return a curve that falls fast, has a part that people come back to, and a cliff near its end."""
    falls = (max(0.0, 0.98 - 0.32 * (1 - math.exp(-part / 9)) - 0.0022 * part) for part in range(100))
    return [
        round(value + 0.11 * math.exp(-((part - 46) ** 2) / 30) - (0.17 if part > 86 else 0), 4)
        for part, value in enumerate(falls)
    ]
