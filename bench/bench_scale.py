"""What an hour and three hours take and cost on AWS: a simulation of the real plan, queue order and rules.

Run by `make bench`; `--tasks` takes measured task times (see task_times.py, which is run when there are none). Prints
tables and writes build/bench/scale.json. Assumed, not measured: a vCPU of Lambda is as fast as a core of the machine
that measured; two of them are 90 % busy; a cold start takes 2.5 s; on_upload 4 s. See tests/support/simulation.py.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "bench")]

from support.media import audio, job, plan, source, video  # noqa: E402
from support.simulation import BEAT_S, LAMBDA_LIMIT_S, Cloud, Run, Site, seconds_of  # noqa: E402

from chalicelib.domain.cost import Bill, PriceTable, Receipt, Request, receipt  # noqa: E402
from chalicelib.domain.estimate import eta_s  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.job import JobPlan, Rendition

PRICES = PriceTable()
MEMORY_MB, VCPUS = 3538, 2
LAMBDA = Site(100, 0.9 * VCPUS, cold_s=2.5, ramp=True)
LAPTOP = Site(2, 1.0, order="local")
START_S = 4.0
SAME_SCENE = 0.85
"""Chance that a chunk is of the same kind as the one before it."""
MEDIACONVERT = {"SD": 0.0075, "HD": 0.015, "4K": 0.03}
"""USD per output minute up to 30 fps: aws.amazon.com/mediaconvert/pricing, us-east-1, on demand, Basic tier, AVC
single pass, before volume discounts; twice that up to 60 fps. Sound in the same output group is not charged."""


@dataclass(frozen=True)
class Content:
    """Measured CPU seconds and bytes per media second: by kind of scene and rung, and of sound."""

    scenes: list[dict[str, tuple[float, float]]]
    sound: tuple[float, float]

    @classmethod
    def read(cls, measured: dict[str, Any]) -> Content:
        """Take the full chunks of what task_times.py wrote."""
        full = [c for c in measured["chunks"] if c["media_s"] > 15] or measured["chunks"]
        scenes = [
            {k: (r["cpu_s"] / c["media_s"], r["bytes"] / c["media_s"]) for k, r in c["rungs"].items()} for c in full
        ]
        heard = measured["sound"]
        return cls(scenes, (heard["cpu_s"] / heard["media_s"], heard["bytes"] / heard["media_s"]))

    def recording(self, minutes: float, seed: int, **more: Any) -> tuple[Run, float]:
        """A recording of such scenes in turn, each a little easier or harder; returns it and the bytes it stores."""
        chance = _chance(seed)
        duration = int(minutes * 60)
        made: JobPlan = plan(source(duration, picture=video(duration_s=duration), sound=audio(duration_s=duration)))
        scene, scenes = chance.choice(self.scenes), []
        for _ in made.chunks:
            scene = scene if chance.random() < SAME_SCENE else chance.choice(self.scenes)
            scenes.append((scene, chance.lognormvariate(0, 0.1)))

        def spent(rendition: Rendition, chunk: int) -> tuple[float, float]:
            cpu_s, size = self.sound
            if rendition.kind == "video":
                kind, factor = scenes[chunk]
                cpu_s, size = kind[str(rendition.bitrate_kbps)]
                cpu_s *= factor
            return cpu_s * seconds_of(run, chunk), size * seconds_of(run, chunk)

        arrives = more.pop("arrives", 0.0) + START_S
        run = Run(job(made), lambda r, c: spent(r, c)[0], arrives=arrives, **more)
        return run, sum(spent(r, c.index)[1] for r in made.renditions for c in made.chunks)


def _chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  a simulation, no secret


def simulate(site: Site, *runs: Run, seed: int = 1) -> Run:
    """Run jobs together; returns the last one. No invocation may have met Lambda's limit unless it was made to hang."""
    Cloud(site, list(runs), _chance(seed)).run()
    for run in runs:
        healthy = [a for a in run.attempts if a.hangs_at is None and a.end is not None]
        if max((a.end or 0.0) - a.start for a in healthy) >= LAMBDA_LIMIT_S:
            raise AssertionError("a task would meet the 15-minute limit")
    return runs[-1]


def bills(run: Run, stored: float) -> list[Bill]:
    """What each invocation used, requests as the worker makes them."""
    made = [Bill("upload", run.job.id, "on_upload", 1024, int(START_S * 1000), requests=_fan_out(run))]
    per_chunk = len(run.job.plan.chunks)
    for number, attempt in enumerate(run.attempts):
        lasted = (attempt.end or run.ready or 0.0) - attempt.start
        rungs, beats, renewals = len(attempt.unit.parts), int(lasted / BEAT_S), int(lasted / 10)
        objects = per_chunk if attempt.unit.sound else rungs
        requests = Counter({Request.S3_GET: 4 + 2 * objects, Request.S3_PUT: 2 * objects, Request.SQS: 2 + renewals})
        # A lease and a report each; a commit is a transaction over task and job, a playlist needs its rendition's rows.
        requests[Request.DYNAMODB_WRITE] = rungs + beats + rungs * renewals + 4 * objects
        requests[Request.DYNAMODB_READ] = (
            2 * (beats + rungs) + objects * (2 + per_chunk // 8) + renewals * per_chunk // 8
        )
        ms, share = int(lasted * 1000), int(stored / len(run.attempts))
        bill = Bill(str(number), run.job.id, "on_encode", MEMORY_MB, ms, requests=dict(requests), stored_bytes=share)
        made.append(bill)
    return made


def _fan_out(run: Run) -> dict[Request, int]:
    return {Request.SQS: 2 + len(run.units) // 10, Request.S3_GET: 3, Request.DYNAMODB_WRITE: 8}


def mediaconvert(made: JobPlan) -> float:
    """USD for the same video renditions."""
    total = 0.0
    for rung in made.video:
        lines = min(rung.width, rung.height)
        price = MEDIACONVERT["SD" if lines < 720 else "HD" if lines <= 1080 else "4K"]
        total += price * (2 if rung.frame_rate > 30 else 1)
    return total * float(made.media.duration_s) / 60


def scale(content: Content, seeds: int) -> list[dict[str, float]]:
    """Ready and playable time and cost by length and concurrency; medians over seeds."""
    print("| recording | Lambdas | tasks | playable after, s | ready after, s | longest task, s |", end="")
    print(" CPU h | USD | of it Lambda | stored, USD a month | MediaConvert, USD | ratio |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    rows = []
    for hours in (1, 3):
        for workers in (100, 1000):
            found = [_scaled(content, hours, workers, seed) for seed in range(seeds)]
            row = {name: statistics.median(each[name] for each in found) for name in found[0]}
            rows.append(row)
            print(
                f"| {hours} h | {workers} | {row['tasks']:.0f} | {row['playable']:.0f} | {row['ready']:.0f} |", end=""
            )
            print(f" {row['longest']:.0f} | {row['cpu_h']:.1f} | {row['usd']:.2f} | {row['lambda']:.2f} |", end="")
            print(f" {row['month']:.2f} | {row['mediaconvert']:.2f} | {row['usd'] / row['mediaconvert']:.2f} |")
    return rows


def _scaled(content: Content, hours: int, workers: int, seed: int) -> dict[str, float]:
    run, stored = content.recording(60 * hours, seed)
    simulate(replace(LAMBDA, workers=workers), run, seed=seed)
    paid: Receipt = receipt(bills(run, stored), PRICES)
    if paid.total != sum(bill.total(PRICES) for bill in bills(run, stored)):
        raise AssertionError("the receipt is not the sum of its bills")
    lasted = [(a.end or 0.0) - a.start for a in run.attempts]
    plan_ = run.job.plan
    return {
        "hours": hours,
        "workers": workers,
        "tasks": len(run.units),
        "playable": run.playable or 0.0,
        "ready": run.ready or 0.0,
        "longest": max(lasted),
        "cpu_h": sum(run.cpu(r, c.index) for r in plan_.renditions for c in plan_.chunks) / 3600,
        "usd": paid.total / 1e12,
        "lambda": sum(line.pico for line in paid.functions) / 1e12,
        "month": paid.storage_month / 1e12,
        "mediaconvert": mediaconvert(plan_),
    }


def hangs(content: Content, seeds: int) -> list[dict[str, object]]:
    """How much longer a job takes when one task hangs, also its last, and what second attempts cost when none does."""
    print(
        "\n| job | ready, s | a task hangs: adds, median / worst | nobody looks: adds, median | asked in vain | costs |"
    )
    print("|---|---|---|---|---|---|")
    rows: list[dict[str, object]] = []
    for name, site, minutes in (
        ("10 min, two shared cores", LAPTOP, 10),
        ("10 min, 100 Lambdas", LAMBDA, 10),
        ("1 h, 100 Lambdas", LAMBDA, 60),
        ("1 h, 1,000 Lambdas", replace(LAMBDA, workers=1000), 60),
    ):
        blind = replace(site, hedge=False, stall_s=None)
        added, alone, vain, wasted, ready = [], [], [], [], []
        for seed in range(seeds):
            plain = simulate(site, content.recording(minutes, seed)[0], seed=seed)
            none = simulate(blind, content.recording(minutes, seed)[0], seed=seed)
            ready.append(_took(plain))
            vain.append(sum(a.hedge for a in plain.attempts) / len(plain.units))
            wasted.append(_billed(plain) / _billed(none) - 1)
            for fraction in (0.0, 0.5, 0.9):
                last = len(plain.units) - 1
                unit = last if fraction == 0.9 else _chance(seed * 10 + int(10 * fraction)).randrange(last)
                stuck = [content.recording(minutes, seed, hang=(unit, fraction))[0] for _ in range(2)]
                added.append(_took(simulate(site, stuck[0], seed=seed)) / _took(plain) - 1)
                alone.append(_took(simulate(blind, stuck[1], seed=seed)) / _took(none) - 1)
        middle = statistics.median
        row: dict[str, object] = {"job": name, "ready": middle(ready), "adds": added, "blind": alone}
        row |= {"vain": middle(vain), "wasted": middle(wasted)}
        rows.append(row)
        print(f"| {name} | {middle(ready):.0f} | {middle(added):+.0%} / {max(added):+.0%} |", end="")
        print(f" {middle(alone):+.0%} | {middle(vain):.1%} | {middle(wasted):+.1%} |")
    return rows


def _took(run: Run) -> float:
    return (run.ready or 0.0) - run.arrives


def _billed(run: Run) -> float:
    return sum((a.end or run.ready or 0.0) - a.start for a in run.attempts)


def fairness(content: Content) -> list[dict[str, object]]:
    """A minute uploaded a minute after three hours, on 100 Lambdas that they share."""
    alone = simulate(LAMBDA, content.recording(1, 1)[0])
    print("\n| order of the queue | the minute ready after, s | alone, s | the three hours ready after, s | alone, s |")
    print("|---|---|---|---|---|")
    three = _took(simulate(LAMBDA, content.recording(180, 2)[0]))
    rows: list[dict[str, object]] = []
    orders = {"fifo": "first come, first served", "aws": "SQS fair queue", "local": "embedded cloud"}
    for order, name in orders.items():
        long, short = content.recording(180, 2)[0], content.recording(1, 1, arrives=60.0)[0]
        Cloud(replace(LAMBDA, order=order), [long, short], _chance(1)).run()
        rows.append({"order": order, "short": _took(short), "alone": _took(alone), "long": _took(long)})
        print(f"| {name} | {_took(short):.0f} | {_took(alone):.0f} | {_took(long):.0f} | {three:.0f} |")
    return rows


def estimates(content: Content, seeds: int) -> list[dict[str, object]]:
    """Error of the ETA over what was left, every twentieth of a job from half-way on."""
    print("\n| job | jobs | estimates | error, median | 95th percentile | within 20 % |\n|---|---|---|---|---|---|")
    rows: list[dict[str, object]] = []
    for name, site, lengths in (
        ("1 to 30 min, two shared cores", LAPTOP, (1, 3, 10, 30)),
        ("1 to 60 min, 100 Lambdas", LAMBDA, (1, 10, 60)),
        ("10 min to 3 h, 1,000 Lambdas", replace(LAMBDA, workers=1000), (10, 60, 180)),
    ):
        errors = [e for minutes in lengths for seed in range(seeds) for e in _errors(content, site, minutes, seed)]
        ordered, within = sorted(errors), sum(e <= 0.2 for e in errors) / len(errors)
        p95 = ordered[int(0.95 * (len(ordered) - 1))]
        row = {"jobs": name, "n": len(errors), "median": statistics.median(errors), "p95": p95, "within": within}
        rows.append(row)
        print(f"| {name} | {len(lengths) * seeds} | {len(errors)} | {row['median']:.0%} | {p95:.0%} | {within:.0%} |")
    return rows


def _errors(content: Content, site: Site, minutes: float, seed: int) -> list[float]:
    total = _took(simulate(site, content.recording(minutes, seed)[0], seed=seed))
    seen: list[tuple[float, float]] = []

    def look(run: Run, now: float) -> None:
        guess = eta_s(run.job, run.tasks(now), now) if now - run.arrives >= total / 2 else None
        if now - run.arrives >= total / 2:
            seen.append((now, guess if guess is not None else float("inf")))

    run = content.recording(minutes, seed)[0]
    Cloud(site, [run], _chance(seed), watch=look).run(total / 20)
    return [abs(guess - left) / left for now, guess in seen if (left := (run.ready or 0.0) - now) > total / 40]


def main() -> None:
    """Simulate, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=Path, default=ROOT / "build/bench/tasks.json", help="measured task times")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", choices=["scale", "hangs", "fairness", "estimates"])
    options = parser.parse_args()
    if not options.tasks.exists():
        from task_times import main as measure  # noqa: PLC0415  brings FFmpeg and the probe with it

        measure()
    content = Content.read(json.loads(options.tasks.read_text()))
    parts: dict[str, Callable[[], Any]] = {
        "scale": lambda: scale(content, options.seeds),
        "hangs": lambda: hangs(content, options.seeds),
        "fairness": lambda: fairness(content),
        "estimates": lambda: estimates(content, options.seeds),
    }
    report = {name: part() for name, part in parts.items() if options.only in {None, name}}
    (ROOT / "build/bench/scale.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
