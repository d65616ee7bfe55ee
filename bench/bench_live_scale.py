"""Live streams with more viewers than a laptop holds, by arithmetic and a fluid simulation: quotas, shards, price.

Run by `make bench`. Ten thousand, a hundred thousand and a million viewers of one stream of 2 s segments: how many are
told through their sockets, how soon the last of them knows, how many announcements API Gateway's quota swallows, what
a viewer-hour costs, and from where on the rest has to poll. Quotas and prices are AWS's published ones (eu-central-1);
what one pusher does is measured by bench_fanout, what a call takes in the cloud is assumed. Prints a table and writes
build/bench/live-scale.json.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET_S = 2.0
SHARD = 2000
"""Settings.live_shard_size."""
IN_FLIGHT = 100
CALL_S = 0.015
"""Round trip of @connections within a region: assumed."""
PUSHER_CPU_S = 85e-6
"""CPU of a message, measured by bench_fanout; TLS about doubles it."""
PUSHER_GB = 1769 / 1024
"""Memory of `on_broadcast`: a whole core."""
PUSHER_RATE = min(IN_FLIGHT / CALL_S, 1 / (2 * PUSHER_CPU_S))
RETRY_S = 0.11
STEP_S = 0.005
QUOTA, BURST_S = 10_000.0, 0.5
"""Requests a second of an account and region, shared by REST, sockets and @connections; depth of the bucket."""
RESERVE = 0.25
"""Share of the quota that is left to everything else."""
CONNECTS = 500.0
"""New connections a second."""
USD_MESSAGE, USD_MINUTE = 1.14e-6, 0.285e-6
USD_GB_S, USD_INVOCATION = 1.66667e-5, 2e-7
USD_READ, USD_WRITE, USD_SQS = 0.1525e-6, 0.7625e-6, 0.5e-6
USD_CDN_REQUEST, USD_CDN_GB = 1.2e-6, 0.085
PLAYLIST_BYTES, PLAYLISTS = 1800, 2
MEDIA_MBPS = 2.0
REPORT_S = 30.0


@dataclass
class Scale:
    """What one audience comes to. Money in USD an hour for each viewer, times in seconds."""

    viewers: int
    quota: float
    pushed: int
    polling: int
    shards: int
    pushers: int
    calls_a_second: float
    last_s: float
    p99_s: float
    lost_share: float
    connect_s: float
    usd_push: float
    usd_poll: float
    usd_media: float


def announce(pushed: int, shards: int, quota: float, rounds: int = 10) -> tuple[float, float, float]:
    """Return when the last viewer has an announcement, the 99th of a hundred, and the share that never got it.

    Shards share three quarters of the quota (Settings.live_push_rate). The bucket of tokens is API Gateway's; what it
    refuses is tried once more, then left: the player finds the hole.
    """
    depth = BURST_S * quota
    tokens, last, lost, reached = depth, 0.0, 0.0, [0.0]
    for _ in range(rounds):
        first, later, gone, now, told = float(pushed), [0.0] * int(RETRY_S / STEP_S), 0.0, 0.0, 0.0
        reached = []
        while first > 0.5 or sum(later) > 0.5:
            second = later.pop(0)
            begun = pushed - first
            paced = (1 - RESERVE) * quota * (BURST_S + now + STEP_S) - begun
            tried = min(first, max(0.0, min(paced, shards * PUSHER_RATE * STEP_S - second)))
            taken = min(tokens, tried + second)
            tokens = min(depth, tokens - taken + quota * STEP_S)
            share = taken / (tried + second) if tried + second else 1.0
            first -= tried
            later.append(tried * (1 - share))
            gone += second * (1 - share)
            told += taken
            now += STEP_S
            reached.append(told)
        last, lost = now + CALL_S, gone / pushed if pushed else 0.0
        tokens = min(depth, tokens + quota * max(0.0, TARGET_S - now))
    p99 = next((i for i, told in enumerate(reached) if told >= 0.99 * reached[-1]), 0) * STEP_S + CALL_S
    return last, p99, lost


def push_usd() -> float:
    """Return what telling one viewer for an hour costs: messages, minutes, reports, its part of the functions."""
    segments = 3600 / TARGET_S
    work = SHARD / PUSHER_RATE * PUSHER_GB * USD_GB_S + USD_INVOCATION + 3 * USD_SQS + 4 * USD_READ
    reports = 3600 / REPORT_S * (3 * USD_MESSAGE + 0.05 * 0.25 * USD_GB_S + USD_INVOCATION + 8 * USD_READ + USD_WRITE)
    return segments * (USD_MESSAGE + work / SHARD) + 60 * USD_MINUTE + reports


def poll_usd() -> float:
    """Return what polling both playlists for an hour costs."""
    requests = 3600 / TARGET_S * PLAYLISTS
    return requests * (USD_CDN_REQUEST + PLAYLIST_BYTES / 1e9 * USD_CDN_GB)


def scale(viewers: int, quota: float) -> Scale:
    """Look at one audience under one quota; who does not fit polls."""
    fitting = int(quota * (1 - RESERVE) * TARGET_S)
    pushed = min(viewers, fitting)
    shards = 1
    while pushed > shards * SHARD:
        shards *= 2
    pushers = -(-pushed // SHARD)
    last, p99, lost = announce(pushed, pushers, quota)
    media = MEDIA_MBPS * 3600 / 8 / 1000 * USD_CDN_GB
    return Scale(
        viewers, quota, pushed, viewers - pushed, shards, pushers, pushed / TARGET_S, last, p99, lost,
        pushed / CONNECTS, push_usd(), poll_usd(), media,
    )  # fmt: skip


def main() -> None:
    """Compute and tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench" / "live-scale.json")
    args = parser.parse_args()
    rows = [scale(viewers, QUOTA) for viewers in (1_000, 10_000, 100_000, 1_000_000)]
    rows += [scale(viewers, viewers / TARGET_S / (1 - RESERVE)) for viewers in (100_000, 1_000_000)]
    names = ("viewers", "quota/s", "pushed", "polling", "shards", "p99 s", "last s", "lost")
    print(" ".join(f"{name:>9}" for name in names))
    for row in rows:
        times = f"{row.p99_s:>9.2f} {row.last_s:>9.2f} {row.lost_share:>9.1%}"
        print(f"{row.viewers:>9} {row.quota:>9.0f} {row.pushed:>9} {row.polling:>9} {row.shards:>9} {times}")
    one = rows[0]
    print(f"a viewer-hour: push ${one.usd_push:.4f}, polling ${one.usd_poll:.4f}, media ${one.usd_media:.4f}")
    print(f"polling takes over at {int(QUOTA * (1 - RESERVE) * TARGET_S)} viewers under the default quota")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps([asdict(row) for row in rows], indent=1))


if __name__ == "__main__":
    main()
