"""Dashboards over a million sessions: how long their calls take, and how often each asks the database.

Run by `make bench`. The sums of 1,000,000 sessions of 12 recordings over 400 days are written as rows, beside a few
thousand single sessions; before that it is shown that such rows are what the product's own code makes of sessions that
are reported one by one. Then the embedded cloud is started on them and asked over HTTP, as the pages do. Prints a table
and writes build/bench/dashboards.json; the goal is 300 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "bench")]

from dashboard_sessions import KINDS, LENGTH_S, PEOPLE, Crowd, crowd, events_of, facts_of, readings_of  # noqa: E402
from measuring import cpu_s  # noqa: E402
from moto import mock_aws  # noqa: E402
from pynamodb.exceptions import PynamoDBException  # noqa: E402
from support.stack import Stack as Running  # noqa: E402

from chalicelib import analytics_container, config, container  # noqa: E402
from chalicelib.adapters import clients  # noqa: E402
from chalicelib.adapters.tables import create_all  # noqa: E402
from chalicelib.adapters.tables.rollup_rows import RollupItem, expiry_of, settled_key  # noqa: E402
from chalicelib.adapters.tables.viewer_analytics import SessionItem, session_item  # noqa: E402
from chalicelib.domain.access import Caller, Role  # noqa: E402
from chalicelib.domain.analytics.measures import Measures, total  # noqa: E402
from chalicelib.domain.analytics.record import SessionRecord  # noqa: E402
from chalicelib.domain.recording import Recording, RecordingStatus  # noqa: E402
from chalicelib.domain.sessions import PlayerSession  # noqa: E402
from chalicelib.services.session_facts import viewer_session  # noqa: E402
from headwater.local.aws import AwsEmulator  # noqa: E402
from headwater.local.environment import Site, Stack, stack_environment  # noqa: E402
from headwater.local.keys import load_keys  # noqa: E402
from headwater.local.provision import provision  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import httpx

    from chalicelib.adapters.tables.base import Table

GOAL_MS = 300
OWNER, OTHER = "ann", "sam"
RECORDINGS = [f"rec_{place:020d}" for place in range(12)]
SAMPLE = "rec_sample00000000000000"
SAMPLED = KINDS + 6
"""Sessions that are reported one by one: every kind, and some twice."""
DAYS, SESSIONS = 400, 1_000_000
TODAY = datetime.now(UTC).date()
ANALYTICS = f"/recordings/{RECORDINGS[0]}/analytics"


@dataclass
class Asked:
    """One question, asked some times; CPU beside the database's, of the whole embedded cloud, and times over HTTP."""

    question: str
    calls: int
    own_ms: float
    kilobytes: float
    cpu_ms: float
    best_ms: float
    median_ms: float
    worst_ms: float


def day(ago: int) -> str:
    """Return a UTC day."""
    return (TODAY - timedelta(ago)).isoformat()


def recording(recording_id: str, owner: str) -> Recording:
    """Return one that can be played."""
    began = time.time() - DAYS * 86_400
    made = Recording(
        recording_id,
        owner,
        f"Lecture {recording_id[-2:]}",
        "a.mp4",
        "video/mp4",
        1,
        RecordingStatus.READY,
        began,
        began,
    )
    return replace(made, duration_s=LENGTH_S, room_id="hall")


def prove(crowd_: Crowd) -> int:
    """Report sessions one by one, and compare what the tables then say with the rows that would be written."""
    sampled = recording(SAMPLE, OTHER)
    container.recordings().create(sampled)
    for number in range(SAMPLED):
        kind, name = number % KINDS, f"{number // KINDS}-{number % KINDS % PEOPLE}"
        readings = readings_of(events_of(kind, day(1)), name)
        record = SessionRecord(opened_at=time.time()).after(readings)
        session = PlayerSession(SAMPLE, f"ses_sample{number:014d}", expires_at=time.time() + 86_400)
        if not analytics_container.facts().fold(session, record, sampled):
            raise RuntimeError("a session was not written")
    rollups, expected = analytics_container.rollups(), crowd_.on_day(SAMPLED)
    found = {
        "recording's day": (rollups.recording_days(SAMPLE, day(9), day(0)), {day(1): expected}),
        "recording, all time": (rollups.recording_total(SAMPLE), crowd_.over_all(SAMPLED)),
        "owner's day": (rollups.owner_days(OTHER, day(9), day(0)), {day(1): replace(expected, rungs={})}),
        "everybody's day": (rollups.owner_days("*", day(9), day(0)), {day(1): replace(expected, rungs={})}),
    }
    for what, (told, generated) in found.items():
        if told != generated:
            raise RuntimeError(f"{what}: what was reported is not what would be written")
    return SAMPLED


def prove_apart(crowd_: Crowd) -> int:
    """Prove it in tables of this process, which are gone afterwards."""
    os.environ.update(AWS_REGION=Stack().region, AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x")  # noqa: S106
    with mock_aws():
        create_all()
        proved = prove(crowd_)
    config.settings.cache_clear()
    for part in (clients, container, analytics_container):
        part.reset()
    return proved


def plan() -> dict[tuple[str, int], int]:
    """Return how many sessions each recording had on each day, SESSIONS in all: newer days and the first have more."""
    weights = {
        (name, ago): 1 / (1 + place) / (1 + ago / 60) for place, name in enumerate(RECORDINGS) for ago in range(DAYS)
    }
    whole = sum(weights.values())
    counts = {key: int(SESSIONS * weight / whole) for key, weight in weights.items()}
    counts[RECORDINGS[0], 0] += SESSIONS - sum(counts.values())
    return counts


def write(crowd_: Crowd) -> int:
    """Write the sums of a million sessions; returns how many rows that are."""
    counts = plan()
    rows: dict[tuple[str, str], Measures] = {}
    for ago in range(DAYS):
        sums = {name: crowd_.on_day(counts[name, ago]) for name in RECORDINGS}
        rows |= {(f"r#{name}", day(ago)): measures for name, measures in sums.items()}
        rows[f"o#{OWNER}", day(ago)] = replace(total(sums.values()), rungs={})
    everybody = {("*", key[1]): sums for key, sums in rows.items() if key[0] == f"o#{OWNER}"}
    save_all(
        RollupItem,
        [
            RollupItem(settled_key(scope), of, packed=measures.to_dict(), expires_at=expiry_of(of))
            for (scope, of), measures in (rows | everybody).items()
        ],
    )
    for name in RECORDINGS:
        ever = total(crowd_.over_all(counts[name, ago]) for ago in range(DAYS))
        analytics_container.rollups().write_total(name, OWNER, ever)
        container.recordings().create(recording(name, OWNER))
    told = sum(measures.sessions for (scope, _), measures in rows.items() if scope == f"o#{OWNER}")
    if told != SESSIONS:
        raise RuntimeError(f"the rows hold {told} sessions")
    return len(rows) + len(everybody) + 3 * len(RECORDINGS)


def save_all(model: type[Table], items: Sequence[Table]) -> None:
    """Write items, again where a busy machine's database answers too late."""
    for first in range(0, len(items), 25):
        for tried in range(10):
            try:
                with model.batch_write() as batch:
                    for item in items[first : first + 25]:
                        batch.save(item)
                break
            except PynamoDBException:
                if tried == 9:
                    raise


def write_sessions(count: int) -> None:
    """Write single sessions of one recording, one of them with a long timeline."""
    of = recording(RECORDINGS[0], OWNER)
    items = []
    for number in range(count):
        facts = facts_of(number % KINDS, day(number % 30), f"v{number % 700:06d}")
        session = PlayerSession(of.id, f"ses_{number:020d}", viewer=f"user{number % 500}" if number % 3 else "")
        items.append(session_item(viewer_session(session, SessionRecord(facts), of)))
    save_all(SessionItem, items)
    events = readings_of(events_of(7, day(0), 1500), "v")
    for first in range(0, len(events), 40):
        analytics_container.timelines().add(of.id, f"ses_{7:020d}", events[first : first + 40], now=time.time())


def questions() -> dict[str, tuple[str, Callable[[], Any]]]:
    """Return what is asked: over HTTP, and of the service itself to count its calls."""
    ann, analytics = Caller(OWNER, Role.PUBLISHER), analytics_container.analytics()
    root = Caller("root", Role.ADMIN)
    asked: dict[str, tuple[str, Callable[[], Any]]] = {}
    for count in (1, 7, 90, 400):
        first, last = TODAY - timedelta(count - 1), TODAY
        query = f"?from={first}&to={last}"
        asked[f"overview, {count} days"] = (
            f"/analytics/overview{query}",
            partial(analytics.overview, ann, first, last, None),
        )
        asked[f"recording, {count} days"] = (
            f"{ANALYTICS}{query}",
            partial(analytics.recording, ann, RECORDINGS[0], first, last),
        )
    asked["overview of everybody, 28 days"] = (
        f"/analytics/overview?from={TODAY - timedelta(27)}",
        lambda: analytics.overview(root, TODAY - timedelta(27), TODAY, None),
    )
    asked["sessions, a page of 50"] = (
        f"{ANALYTICS}/sessions?limit=50",
        lambda: analytics.sessions_of(ann, RECORDINGS[0], 50, None),
    )
    asked["a session with 1,500 events"] = (
        f"{ANALYTICS}/sessions/ses_{7:020d}",
        lambda: analytics.session(ann, RECORDINGS[0], f"ses_{7:020d}"),
    )
    asked["live now"] = ("/analytics/live", lambda: analytics.live_now(ann, None))
    return asked


def asking(ask: Callable[[], Any]) -> tuple[int, float]:
    """Return the calls of DynamoDB that a question takes, and milliseconds of CPU beside the database's."""
    seen: list[str] = []

    def note(model: Any, **_: object) -> None:
        seen.append(model.name)

    events = clients.client("dynamodb").meta.events
    spent = []
    for _ in range(3):
        seen.clear()
        events.register("before-call.dynamodb", note)
        began = time.process_time()
        ask()
        spent.append(1000 * (time.process_time() - began))
        events.unregister("before-call.dynamodb", note)
    return len(seen), min(spent)


def fill(folder: Path, sessions: int) -> tuple[dict[str, tuple[int, float]], int, int]:
    """Write everything into a data folder; returns calls by question, sessions compared, and rows written."""
    made = crowd(day(1))
    proved, stack = prove_apart(made), Stack()
    with AwsEmulator() as emulator:
        endpoint, keys = emulator.start(folder), load_keys(folder / "keys")
        provision(endpoint, stack, {stack.cdn_key_secret: keys.cdn_pem(), stack.grant_key_secret: keys.grant})
        site = Site(endpoint, "http://127.0.0.1:1", "K1", keys.aws.access_key_id, keys.aws.secret_access_key)
        os.environ.update(stack_environment(stack, site) | {"HEADWATER_LOG_LEVEL": "WARNING"})
        config.settings.cache_clear()
        rows = write(made)
        write_sessions(sessions)
        return {name: asking(ask) for name, (_, ask) in questions().items()}, proved, rows


def measure(
    pid: int, client: httpx.Client, admin: httpx.Client, calls: dict[str, tuple[int, float]], rounds: int
) -> list[Asked]:
    """Ask each question some times, warm; `pid` is the embedded cloud's."""
    found = []
    for name, (path, _) in questions().items():
        times, size, before = [], 0, 0.0
        for turn in range(rounds + 2):
            if turn == 2:
                before = cpu_s(pid)
            began = time.perf_counter()
            answer = (admin if "everybody" in name else client).get(path).raise_for_status()
            took, size = time.perf_counter() - began, len(answer.content)
            if turn >= 2:  # the first find a cold function
                times.append(1000 * took)
        cpu_ms = 1000 * (cpu_s(pid) - before) / rounds
        found.append(Asked(name, *calls[name], size / 1000, cpu_ms, min(times), statistics.median(times), max(times)))
    return found


def main() -> None:
    """Write, ask, and tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--sessions", type=int, default=500)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench" / "dashboards.json")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dashboards-"))
    try:
        calls, proved, rows = fill(folder / "data", args.sessions)
        print(f"{proved} sessions reported one by one come to the same rows; {SESSIONS:,} sessions are {rows:,} rows")
        running = Running(folder / "data")
        running.start()
        try:
            with running.api(OWNER) as client, running.api("root", "admin") as admin:
                found = measure(running.process.pid if running.process else 0, client, admin, calls, args.rounds)
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("| question | calls of DynamoDB | own CPU, ms | answer, kB | all CPU, ms | ms: best | median | worst |")
    print("|---|---|---|---|---|---|---|---|")
    for one in found:
        times = f"{one.best_ms:.0f} | {one.median_ms:.0f} | {one.worst_ms:.0f}"
        print(f"| {one.question} | {one.calls} | {one.own_ms:.0f} | {one.kilobytes:.0f} | {one.cpu_ms:.0f} | {times} |")
    late = [one.question for one in found if one.cpu_ms > GOAL_MS]
    print(f"goal: {GOAL_MS} ms; more CPU than that: {', '.join(late) or 'none'}")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps([asdict(one) for one in found], indent=1))


if __name__ == "__main__":
    main()
