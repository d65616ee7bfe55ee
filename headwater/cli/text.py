"""Values as a person reads them; nothing from outside may steer the terminal."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

KIB = 1024
MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86400
SLOWEST = 0.05
CENT = Decimal("0.01")
LEAST = Decimal("0.0001")


def clean(text: object) -> str:
    """Return one line of printable characters: titles come from anybody, and may hold escape sequences."""
    return "".join(letter if letter.isprintable() else " " for letter in str(text))


def print_json(value: object) -> None:
    """Print one JSON value on one line of stdout."""
    print(json.dumps(value, ensure_ascii=False), flush=True)  # noqa: T201  a command


def size(count: float) -> str:
    """Return bytes as `4.5 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < KIB or unit == "GiB":
            break
        count /= KIB
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"


def length(seconds: float | None) -> str:
    """Return seconds as `1:02:03` or `2:03`; a dash when unknown."""
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def left(seconds: float) -> str:
    """Return how long it still takes, as exact as it is known: `about 3 min left`."""
    if seconds < 10:  # noqa: PLR2004
        return "a few seconds left"
    if seconds < MINUTE_S - 5:
        return f"about {round(seconds / 10) * 10} s left"
    minutes = max(1, round(seconds / MINUTE_S))
    hours, rest = divmod(minutes, 60)
    return f"about {hours} h {rest} min left" if hours else f"about {minutes} min left"


def age(seconds: float | None) -> str:
    """Return an age in its largest whole unit: `3 h`; a dash when unknown."""
    if seconds is None:
        return "-"
    for unit, size_s in (("d", DAY_S), ("h", HOUR_S), ("min", MINUTE_S)):
        if seconds >= size_s:
            return f"{seconds // size_s:.0f} {unit}"
    return f"{seconds:.0f} s"


def money(usd: str | float) -> str:
    """Return USD as people read it: cents, and two digits of what is less than that: `$0.50`, `$0.0031`."""
    amount = Decimal(str(usd))
    if not amount or amount >= CENT:
        return f"${amount:.2f}"
    if amount < LEAST:
        return f"less than ${LEAST}"
    return f"${amount:.{1 - amount.adjusted()}f}"


def outlook(progress: dict[str, Any]) -> list[str]:
    """Return what a progress document says of time and money, as far as it does."""
    parts = []
    if progress.get("eta_s") is not None:
        parts.append(left(progress["eta_s"]))
    cost, limit = progress.get("cost"), progress.get("max_cost_usd")
    if cost:
        ended = progress["status"] not in {"pending", "in-progress"}
        parts.append(money(cost["usd"]) + ("" if ended else " so far"))
    if limit is not None:
        parts.append(f"limit {money(limit)}")
    return parts


def pace(item: dict[str, Any]) -> str:
    """Return how fast a rendition is being encoded: `1.3x  32 fps`; nothing when nobody is at it."""
    if item["status"] == "completed" or item.get("speed", 0) < SLOWEST:
        return ""
    return f"{item['speed']:.1f}x" + (f"  {item['fps']:.0f} fps" if item.get("fps") else "")


def moment(text: str) -> str:
    """Return the API's UTC time as this machine's clock shows it, to the minute."""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")


def rendition(item: dict[str, Any]) -> str:
    """Return a rendition's name as the ladder gives it."""
    return clean(item.get("name") or item["id"])


def trouble(holder: dict[str, Any]) -> str:
    """Return the sentence of a recording's or a job's `error` member, with its code."""
    error = holder.get("error") or {}
    return clean(f"{error.get('detail') or 'It failed without a reason.'} ({error.get('code') or 'unknown'})")
