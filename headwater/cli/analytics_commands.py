"""What `headwater analytics` does: call the API, show the answer, return an exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from chalicelib.domain.analytics.spreadsheet import table as spreadsheet
from headwater.cli.commands import wide_console
from headwater.cli.exits import Exit, complain, exit_coded
from headwater.cli.results import say
from headwater.cli.text import clean, length, moment, print_json
from headwater.client.analytics import AnalyticsApi

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from headwater.cli.options import Server

Json = dict[str, Any]
MANY_KBPS = 1000
PEOPLE = ("user", "viewer", "first_at", "last_at", "sessions", "watch_s", "completion", "recordings")
DAY = ("DAY", "SESSIONS", "VIEWERS", "WATCHED", "PEAK", "START", "STALLED", "GOOD", "QOE")


@exit_coded
def overview(server: Server, asked: dict[str, str], *, as_json: bool) -> Exit:
    """Show the sums of one's recordings."""
    report = _api(server, asked).overview(asked)
    if as_json:
        print_json(report)
        return Exit.OK
    _print_report(report)
    live = report["live_now"]
    if live["streams"]:
        say(f"on now: {live['streams']} streams, {live['viewers']} viewers")
    for place, item in enumerate(report["most_watched"], 1):
        say(f"{place:>2}. {length(item['watch_s']):>10}  {item['views']:>6} views  {item['title']}")
    return Exit.OK


@exit_coded
def recording(server: Server, recording_id: str, asked: dict[str, str], *, as_json: bool) -> Exit:
    """Show one recording's sums."""
    report = _api(server).recording(recording_id, asked)
    if as_json:
        print_json(report)
        return Exit.OK
    ever = report["all_time"]
    say(report["recording"]["title"])
    _print_report(report)
    say(f"ever: {ever['views']} views by {ever['viewers']} viewers, {length(ever['watch_s'])} watched")
    for rung in report["rungs"]:
        say(f"  {rung['rung']:<14} {percent(rung['share']):>6}")
    for name in ("networks", "devices", "countries"):
        for group in report[name]:
            good = percent(group["good_share"])
            say(f"  {group['name']:<14} {group['sessions']:>6} sessions  {length(group['watch_s']):>9}  {good} good")
    return Exit.OK


@exit_coded
def sessions(server: Server, recording_id: str, *, limit: int, as_json: bool) -> Exit:
    """List a recording's sessions."""
    found = list(_api(server).sessions(recording_id, limit=limit))
    if as_json:
        print_json({"sessions": found})
        return Exit.OK
    rows = (
        (
            item["session"],
            moment(item["started_at"]),
            item["user"] or "-",
            length(item["watch_s"]),
            milliseconds(item["startup_ms"]),
            item["stalls"],
            bitrate(item["mean_kbps"]),
            item["failure"] or {True: "good", False: "bad", None: "short"}[item["good"]],
        )
        for item in found
    )
    _print_table(("SESSION", "BEGAN", "USER", "WATCHED", "START", "STALLS", "BITRATE", "WAS"), rows)
    return Exit.OK


@exit_coded
def session(server: Server, recording_id: str, name: str, *, as_json: bool) -> Exit:
    """Show one session and why it stalled."""
    found = _api(server).session(recording_id, name)
    if as_json:
        print_json(found)
        return Exit.OK
    who = found["user"] or "somebody"
    say(f"{who} watched {length(found['watch_s'])} from {moment(found['started_at'])}")
    said = [f"began after {milliseconds(found['startup_ms'])}", f"{found['stalls']} stalls of {found['stall_s']:.1f} s"]
    said += [f"{found['switches']} switches", bitrate(found["mean_kbps"])]
    say(", ".join(said))
    for reason in found["why"]:
        say(f"  {length(reason['at_ms'] / 1000):>8}  {reason['stall_ms'] / 1000:.1f} s  {reason['text']}")
    return Exit.OK


@exit_coded
def attendance(
    server: Server, what: str, asked: dict[str, str], *, room: bool, csv: Path | None, as_json: bool
) -> Exit:
    """Show who was there, or write it to a spreadsheet."""
    api = _api(server, asked)
    found = api.room_attendance(what, asked) if room else api.attendance(what)
    if csv is not None:
        _write(csv, spreadsheet(PEOPLE, ([person[name] for name in PEOPLE] for person in found["people"])))
        return Exit.OK
    if as_json:
        print_json(found)
        return Exit.OK
    rows = (
        (
            person["user"] or person["viewer"][:12],
            moment(person["first_at"]),
            moment(person["last_at"]),
            person["sessions"],
            length(person["watch_s"]),
            percent(person["completion"]),
        )
        for person in found["people"]
    )
    _print_table(("WHO", "FIRST", "LAST", "SESSIONS", "WATCHED", "COMPLETED"), rows)
    if found["anonymous_sessions"]:
        say(f"and {found['anonymous_sessions']} sessions of people unknown")
    return Exit.OK


@exit_coded
def live(server: Server, asked: dict[str, str], *, as_json: bool) -> Exit:
    """List what is on."""
    items = _api(server, asked).live(asked)
    if as_json:
        print_json({"items": items})
        return Exit.OK
    for item in items:
        rate, behind = bitrate(item["ingest"]["bitrate_kbps"]), milliseconds(item["latency_ms"])
        viewers = f"{item['viewers']} viewers (peak {item['peak']})"
        state = item["ingest"]["status"]
        say(f"{item['recording_id']}  {state:<7} {viewers}  {rate} in  {behind} behind  {item['title']}")
    if not items:
        say("Nothing is on.")
    return Exit.OK


@exit_coded
def erase(server: Server, who: str, *, yes: bool, as_json: bool) -> Exit:
    """Forget what somebody watched, once it is sure that this is meant."""
    if not yes:
        if not sys.stdin.isatty():
            complain("forgetting needs --yes when nobody can be asked.")
            return Exit.USAGE
        if input(f"Forget all that {clean(who)} watched? [y/N] ").strip().lower() not in {"y", "yes"}:
            say("Kept.")
            return Exit.OK
    # One's own, too: a development token can be an administrator's.
    erased = AnalyticsApi(server.api(role="admin").transport).erase(who)
    if as_json:
        print_json({"erased_sessions": erased})
    else:
        say(f"Forgot {erased} sessions of {who}.")
    return Exit.OK


def percent(part: float | None) -> str:
    """Return a share as `41 %`; a dash when unknown."""
    return "-" if part is None else f"{100 * part:.0f} %"


def milliseconds(value: float | None) -> str:
    """Return milliseconds as `0.9 s`; a dash when unknown."""
    return "-" if value is None else f"{value / 1000:.1f} s"


def bitrate(kbps: float | None) -> str:
    """Return a bitrate as `1.2 Mbit/s`; a dash when unknown."""
    if kbps is None:
        return "-"
    return f"{kbps / 1000:.1f} Mbit/s" if kbps >= MANY_KBPS else f"{kbps:.0f} kbit/s"


def _api(server: Server, asked: dict[str, str] | None = None) -> AnalyticsApi:
    """Make a client; who asks for somebody else's needs an administrator's token."""
    return AnalyticsApi(server.api(role="admin" if asked and "owner" in asked else "publisher").transport)


def _print_report(report: Json) -> None:
    rows = [_row(day["day"], day) for day in report["days"]]
    _print_table(DAY, [*rows, _row("all", report["totals"]), _row("before", report["before"])])


def _row(name: str, of: Json) -> tuple[object, ...]:
    qoe = "-" if of["qoe"] is None else f"{of['qoe']:.2f}"
    viewers = "-" if of["viewers"] is None else of["viewers"]
    peak = "-" if of["peak_viewers"] is None else f"{of['peak_viewers']:.1f}"
    stalled = "-" if of["rebuffer_ratio"] is None else f"{100 * of['rebuffer_ratio']:.2f} %"
    start = milliseconds(of["startup_p50_ms"])
    return name, of["sessions"], viewers, length(of["watch_s"]), peak, start, stalled, percent(of["good_share"]), qoe


def _print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    shown = Table(box=None, pad_edge=False)
    for heading in headings:
        shown.add_column(heading, no_wrap=True)
    for row in rows:
        shown.add_row(*(Text(clean(cell)) for cell in row))
    wide_console(sys.stdout).print(shown if shown.row_count else "Nobody has watched yet.", highlight=False)


def _write(target: Path, text: str) -> None:
    if str(target) == "-":
        sys.stdout.write(text)
        return
    # With a byte order mark spreadsheets read it as UTF-8.
    target.write_text(text, encoding="utf-8-sig", newline="")
