"""Three pictures: quality by class, the distribution of sessions, and one session."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .measure import OPTIMUM, OURS, Outcome
from .svg import COLOURS, GRID, INK, Panel, Sheet
from .tables import NAMES, kinds, linear

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .simulator import Config, Session
    from .traces import Trace

LEFT, ROW = 130, 24
STALL = "#e5534b"


def drawn(names: Sequence[str]) -> list[str]:
    """Who is drawn: no adaptation at all would set every scale."""
    return [name for name in names if not name.startswith("fixed")]


def colour(names: Sequence[str], name: str) -> str:
    """Ours is blue, the optimum grey, the others as they come."""
    if name in {OURS, OPTIMUM}:
        return COLOURS[0] if name == OURS else INK
    return COLOURS[1 + [n for n in drawn(names) if n not in {OURS, OPTIMUM}].index(name) % (len(COLOURS) - 1)]


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round numbers within a range, about so many."""
    step = 10 ** math.floor(math.log10((high - low) / count))
    step *= next(m for m in (1, 2, 5, 10) if (high - low) / (step * m) <= count + 1.5)
    return [round(n * step, 6) for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def by_class(config: Config, outcomes: Sequence[Outcome]) -> str:
    """A panel for each class: a dot for everyone, the optimum as a line."""
    everyone = list(outcomes[0].scores)
    names = [name for name in drawn(everyone) if name != OPTIMUM]
    groups = [*kinds(outcomes), ""]
    width = 175
    sheet = Sheet(LEFT + width * len(groups) + 20, 60 + ROW * len(names) + 30)
    for row, name in enumerate(names):
        sheet.text(LEFT - 12, 50 + ROW * row + 16, name, anchor="end", colour=colour(everyone, name), bold=name == OURS)
    for place, kind in enumerate(groups):
        values = {name: linear(outcomes, name, kind) for name in [*names, OPTIMUM]}
        low, high = min(values.values()), max(values.values())
        pad = max((high - low) * 0.12, 0.05)
        left = LEFT + width * place
        box = (left + 8, 50, left + width - 12, 50 + ROW * len(names))
        panel = Panel(sheet, box, (low - pad, high + pad), (len(names), 0))
        panel.across(ticks(low - pad, high + pad, 3))
        sheet.text(left + width / 2, 28, NAMES.get(kind, kind) or "all", anchor="middle", bold=True)
        sheet.line([(panel.x(values[OPTIMUM]), 42), (panel.x(values[OPTIMUM]), box[3])], dash="4 3", width=1.5)
        for row, name in enumerate(names):
            sheet.dot(panel.x(values[name]), 50 + ROW * (row + 0.5), colour=colour(everyone, name), radius=6)
    return sheet.render(f"{config.name}: mean linear quality by class; the dashed line is the offline optimum")


def distribution(config: Config, outcomes: Sequence[Outcome]) -> str:
    """The share of sessions below a quality, one line each."""
    everyone = list(outcomes[0].scores)
    names = drawn(everyone)
    sheet = Sheet(850, 430)
    panel = Panel(sheet, (60, 40, 690, 370), (-3, 4), (0, 100))
    panel.across(range(-3, 5), label="linear quality of a session (below -3 at the edge)")
    panel.up(range(0, 101, 20), label="% of sessions below")
    for row, name in enumerate(names):
        values = sorted(o.scores[name].linear for o in outcomes)
        steps = [(value, 100 * (n + end) / len(values)) for n, value in enumerate(values) for end in (0, 1)]
        look = {"dash": "5 4" if name == OPTIMUM else "", "width": 3 if name == OURS else 1.8}
        sheet.line(panel.place(steps), colour=colour(everyone, name), **look)  # type: ignore[arg-type]
        sheet.line([(705, 60 + 22 * row), (730, 60 + 22 * row)], colour=colour(everyone, name), **look)  # type: ignore[arg-type]
        sheet.text(737, 64 + 22 * row, name, bold=name == OURS)
    return sheet.render(f"{config.name}: distribution of the sessions' linear quality")


def one_session(trace: Trace, config: Config, sessions: dict[str, Session]) -> str:
    """What the link gave, which rungs were fetched, how full the buffers were, where playing stood still."""
    sheet, end = Sheet(900, 560), max(s.records[-1]["t_ms"] for s in sessions.values()) / 1000
    high = max(config.ladder_kbps) * 1.25
    top = Panel(sheet, (60, 60, 880, 300), (0, end), (0, high))
    low = Panel(sheet, (60, 350, 880, 510), (0, end), (0, config.max_buffer_s))
    top.across(ticks(0, end, 8))
    top.up([0, *config.ladder_kbps], label="kbit/s: the link (grey) and the rungs fetched")
    low.across(ticks(0, end, 8), label="seconds of the session")
    low.up(ticks(0, config.max_buffer_s), label="seconds in the buffer; red: standing still")
    link = [(t, (trace.carried(t + 1) - trace.carried(t)) / 1000) for t in range(math.floor(end))]
    sheet.area(top.place([(0, 0), *((x, y) for t, y in link for x, y in ((t, y), (t + 1, y))), (len(link), 0)]), GRID)
    names = list(sessions)
    for place, (name, session) in enumerate(sessions.items()):
        ink = COLOURS[0] if name == OURS else COLOURS[1 + place]
        rungs, buffer, before = [], [], 0.0
        for record in session.records:
            at, kbps = record["t_ms"] / 1000, config.ladder_kbps[record["level"]] * (1 - 0.015 * place)
            rungs += [(before, kbps), (at, kbps)]
            stall = [(at - record["stall_s"], record["buffer_after_s"] - config.segment_s)]
            buffer += [*stall, (at, stall[0][1]), (at, record["buffer_after_s"])]
            if record["stall_s"] > 0:
                stall += [(at, 0.0)]
                sheet.line([(x, y - 4 * place) for x, y in low.place(stall)], colour=STALL, width=4)
            before = at
        sheet.line(top.place(rungs), colour=ink, width=2)
        sheet.line(low.place(buffer), colour=ink, width=1.2)
        sheet.text(60 + 180 * place, 24, name, colour=ink, bold=True)
    return sheet.render(f"{trace.id} in {config.name}: {' and '.join(names)}")
