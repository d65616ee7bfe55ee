"""What a thousand hours of recordings and an hour on the air cost on AWS, from the product's own price table.

Run by `make bench`; pure arithmetic. What an hour takes was measured: bench_scale (CPU and tasks of an hour of VOD),
ADR 8 (CPU of a live segment), bench_live_scale (a viewer's socket). Work is priced as jobs are, delivery by
CloudFront's and API Gateway's published prices. Prints the tables of docs/operations.md, writes build/bench/cost.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from bench_live_scale import MEDIA_MBPS, USD_CDN_GB, push_usd  # noqa: E402

from chalicelib.domain.cost import PICO, Bill, PriceTable, Request  # noqa: E402

MEMORY_MB, VCPUS, BUSY = 3538, 2, 0.9
"""Of the encoding functions; the share of both cores that FFmpeg keeps busy."""
VOD_CPU_S, VOD_TASKS = 3.0 * 3600, 378
"""An hour of 1080p30, half film and half slides, five rungs and thumbnails: bench_scale."""
VOD_GB, SOURCE_GB = 2.1, 2.7
"""What an hour leaves in S3: the rungs, and a source of 6 Mbit/s."""
LIVE_CPU_S = 1.89
"""For each second of media, five rungs in one process: ADR 8."""
TARGET_S, RUNGS = 2, 6
"""Length of a segment; five rungs and the sound."""
HOURS, VIEWERS = 1000, 500
_GIB = 1024**3
_LAMBDA = f"/ ({VCPUS} cores x {BUSY:.0%}) x {MEMORY_MB} MB x price of a GB-second"
_CDN = f"x {MEDIA_MBPS:g} Mbit/s x price of a GB from CloudFront"


@dataclass(frozen=True, slots=True)
class Line:
    """One item: what it is, how it comes about, and USD."""

    name: str
    formula: str
    usd: float


def seconds(cpu_s: float) -> float:
    """Return the seconds that both cores of an encoder take."""
    return cpu_s / (VCPUS * BUSY)


def vod() -> list[Line]:
    """A thousand hours: made, kept for a month, and watched once each."""
    prices = PriceTable()
    requests = {
        Request.S3_PUT: 3 * VOD_TASKS,
        Request.S3_GET: 4 * VOD_TASKS,
        Request.SQS: 3 * VOD_TASKS,
        Request.DYNAMODB_WRITE: 40 * VOD_TASKS,
        Request.DYNAMODB_READ: 20 * VOD_TASKS,
    }
    made = Bill("b", "j", "on_encode", MEMORY_MB, int(seconds(VOD_CPU_S) * 1000), VOD_TASKS, requests)
    kept = Bill("b", "j", "on_encode", 0, 0, stored_bytes=int((VOD_GB + SOURCE_GB) * _GIB))
    compute, asked = dollars(made.compute(prices)), dollars(made.total(prices) - made.compute(prices))
    kept_usd = HOURS * dollars(kept.keeping(prices))
    return [
        Line("encoding, Lambda", f"hours x {VOD_CPU_S / 3600:g} CPU h {_LAMBDA}", HOURS * compute),
        Line("encoding, requests", f"hours x {VOD_TASKS} tasks x what each asks of S3, SQS, DynamoDB", HOURS * asked),
        Line("keeping, a month", f"hours x ({VOD_GB} GB made + {SOURCE_GB} GB source) x price of a GB-month", kept_usd),
        Line("one view of each", f"hours {_CDN}", HOURS * media_usd()),
    ]


def live() -> list[Line]:
    """An hour on the air with five rungs and five hundred viewers."""
    prices, segments = PriceTable(), 3600 // TARGET_S
    requests = {
        Request.S3_PUT: (2 * RUNGS + 1) * segments,
        Request.S3_GET: 3 * segments,
        Request.SQS: 6 * segments,
        Request.DYNAMODB_WRITE: 4 * segments,
        Request.DYNAMODB_READ: 6 * segments,
    }
    ms = int(seconds(LIVE_CPU_S * TARGET_S) * 1000) * segments
    made = Bill("b", "j", "on_live_segment", MEMORY_MB, ms, segments, requests)
    compute, asked = dollars(made.compute(prices)), dollars(made.total(prices) - made.compute(prices))
    objects = 2 * RUNGS + 1
    return [
        Line("packaging, Lambda", f"3600 s x {LIVE_CPU_S} CPU s {_LAMBDA}", compute),
        Line("packaging, requests", f"{segments} segments x {objects} objects, and SQS and DynamoDB", asked),
        Line("viewers' sockets", "viewers x an hour of a socket (bench_live_scale)", VIEWERS * push_usd()),
        Line("media", f"viewers {_CDN}", VIEWERS * media_usd()),
    ]


def media_usd() -> float:
    """Return what an hour of media to one viewer costs."""
    return MEDIA_MBPS * 3600 / 8 / 1000 * USD_CDN_GB


def dollars(pico: int) -> float:
    """Return pico-dollars as USD."""
    return float(Fraction(pico, PICO))


def tables() -> dict[str, list[Line]]:
    """Return both, by their headings."""
    return {f"{HOURS:,} h of recordings": vod(), f"an hour on the air, {VIEWERS} viewers": live()}


def table(name: str, lines: list[Line]) -> list[str]:
    """Return a Markdown table, the sum last."""
    rows = [f"| {line.name} | {line.formula} | {line.usd:,.2f} |" for line in lines]
    head = [f"| {name} | how | USD |", "|---|---|---|"]
    return [*head, *rows, f"| **together** | | **{sum(line.usd for line in lines):,.2f}** |"]


def main() -> None:
    """Compute and tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench" / "cost.json")
    args = parser.parse_args()
    found = tables()
    for name, lines in found.items():
        print("\n".join(table(name, lines)), end="\n\n")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps({name: [asdict(line) for line in lines] for name, lines in found.items()}, indent=1))


if __name__ == "__main__":
    main()
