"""Viewers of a live stream: how many sockets the gateway holds, and how fast an announcement reaches all of them.

Run by `make bench`. Three parts, each with the product's own code in processes of their own: the embedded gateway holds
connections (memory and CPU of each); one pusher posts to a thousand of them (CPU of a message, without any database);
and an announcement goes the whole way, from the packager's call through SQS FIFO, the function `on_broadcast`, DynamoDB
and @connections to the last of a thousand viewers. Prints a table and writes build/bench/fanout.json.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

from botocore.credentials import ReadOnlyCredentials  # noqa: E402

from chalicelib import config, live_container  # noqa: E402
from chalicelib.adapters.clock import SystemClock  # noqa: E402
from chalicelib.adapters.push import SocketPush  # noqa: E402
from chalicelib.adapters.tables.live_connection_rows import ConnectionItem  # noqa: E402
from chalicelib.domain.live.calls import Call, Ordered  # noqa: E402
from chalicelib.domain.live.messages import AnnounceMessage  # noqa: E402
from chalicelib.domain.live.protocol import Segment  # noqa: E402
from headwater.local.aws import AwsEmulator  # noqa: E402
from headwater.local.environment import Site, Stack, stack_environment  # noqa: E402
from headwater.local.keys import LocalKeys, load_keys  # noqa: E402
from headwater.local.provision import provision  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

ROLES = Path(__file__).with_name("fanout_roles.py")
STREAM, RECORDING = "live_00000000000000000001", "rec_00000000000000000001"
TICK = os.sysconf("SC_CLK_TCK")
EVERY_S = 2.0


class Child:
    """A process that speaks lines of JSON."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, str(ROLES), *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)

    def hear(self, key: str) -> Any:
        """Wait for a line that holds `key`."""
        for line in self.process.stdout or ():
            words = json.loads(line)
            if key in words:
                return words[key]
        raise RuntimeError("a process ended")

    def say(self, words: str) -> None:
        """Send a line."""
        if self.process.stdin is not None:
            self.process.stdin.write(words + "\n")
            self.process.stdin.flush()

    def cpu_s(self) -> float:
        """CPU seconds so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def rss_kib(self) -> float:
        """Resident memory."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return float(text.partition("VmRSS:")[2].split()[0])

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


@dataclass
class Found:
    """One line of the table."""

    part: str
    figure: str
    value: float
    unit: str


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which that share lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def holding(gateway: Child, port: int, size: int) -> list[Found]:
    """Open connections and look at the gateway before and after."""
    memory, cpu, began = gateway.rss_kib(), gateway.cpu_s(), time.monotonic()
    crowd = Child("viewers", str(port), str(size))
    crowd.hear("open")
    took = time.monotonic() - began
    part = f"{size} connections held"
    each_kib, each_us = (gateway.rss_kib() - memory) / size, (gateway.cpu_s() - cpu) / size * 1e6
    idle = gateway.cpu_s()
    time.sleep(5)
    quiet = (gateway.cpu_s() - idle) / 5 * 100
    crowd.stop()
    return [
        Found(part, "gateway memory of each", each_kib, "KiB"),
        Found(part, "gateway CPU of each connect", each_us, "µs"),
        Found(part, "gateway CPU while they are quiet", quiet, "% of a core"),
        Found(part, "time to connect all", took, "s"),
    ]


def entry(msn: int) -> dict[str, Any]:
    """Return an entry as it is pushed."""
    name = f"000-{msn:08d}-abcdef"
    pdt = "2026-01-01T00:00:00.000Z"
    return {"msn": msn, "name": f"{name}-0.m4s", "init": "000-00000000-abcdef-init.mp4"} | {
        "d": 2.0, "a": 1.99002, "pdt": pdt, "disc": False, "gap": False,
    }  # fmt: skip


def pushing(gateway: Child, crowd: Child, push: SocketPush, names: Sequence[str], rounds: int) -> list[Found]:
    """Post one announcement after the other to everybody."""
    last, all_s, pusher = [], [], time.process_time()
    before = gateway.cpu_s()
    for turn in range(rounds):
        text = Segment(STREAM, 0, 0, "auto", None, (entry(turn),), time.time()).dumps().encode()
        began = time.time()
        delivery = push.deliver([Call(name, (text,)) for name in names], within_s=30)
        if delivery.sent < len(names):
            raise RuntimeError(f"only {delivery.sent} of {len(names)} were reached")
        times = [at - began for at in crowd.hear("times")]
        last.append(max(times))
        all_s += times
    count = rounds * len(names)
    part = f"posting to {len(names)} viewers"
    return [
        Found(part, "pusher CPU of a message", (time.process_time() - pusher) / count * 1e6, "µs"),
        Found(part, "gateway CPU of a message", (gateway.cpu_s() - before) / count * 1e6, "µs"),
        Found(part, "messages a second", count / sum(last), "1/s"),
        Found(part, "the last viewer has it, median", statistics.median(last), "s"),
        Found(part, "any viewer has it, p99", percentile(all_s, 0.99), "s"),
    ]


def seated(names: Sequence[str]) -> None:
    """Write the rows of joined and subscribed viewers."""
    now = time.time()
    with ConnectionItem.batch_write() as batch:
        for name in names:
            place = {"stream_id": STREAM, "recording_id": RECORDING, "shard": 0, "slot": 0, "quality": "auto"}
            batch.save(ConnectionItem(f"{STREAM}#0", name, **place, connected_at=now, seen_at=now))  # type: ignore[arg-type]
        batch.save(ConnectionItem(STREAM, "shard#0#0", viewers=len(names), joined=len(names)))


def announcing(crowd: Child, size: int, rounds: int) -> list[Found]:
    """Announce as the packager does, one segment every two seconds."""
    last, all_s = [], []
    for turn in range(rounds + 2):
        began = time.time()
        counts = live_container.connections().counts(STREAM)
        message = AnnounceMessage(STREAM, RECORDING, 0, entries=(entry(turn),))
        name = f"{STREAM}-0-{turn}-{turn}"
        live_container.announcer()._queue.send(  # noqa: SLF001  what announce_entries does, without a state
            [Ordered(f"{STREAM}#{shard}", name, message.dumps()) for shard in counts.occupied]
        )
        times = [at - began for at in crowd.hear("times")]
        if turn >= 2:  # the first two find a cold function
            last.append(max(times))
            all_s += times
        time.sleep(max(0.0, EVERY_S - (time.time() - began)))
    part = f"from announcing to {size} viewers, whole way"
    return [
        Found(part, "the last viewer has it, median", statistics.median(last), "s"),
        Found(part, "the last viewer has it, worst", max(last), "s"),
        Found(part, "any viewer has it, p50", percentile(all_s, 0.5), "s"),
        Found(part, "any viewer has it, p99", percentile(all_s, 0.99), "s"),
    ]


def measure(keys: LocalKeys, folder: Path, args: argparse.Namespace) -> list[Found]:
    """Run every part."""
    stack, found = Stack(), list[Found]()
    with AwsEmulator() as emulator:
        endpoint = emulator.start()
        provision(endpoint, stack, {stack.cdn_key_secret: keys.cdn_pem(), stack.grant_key_secret: keys.grant})
        gateway = Child("gateway", str(folder))
        url = str(gateway.hear("url"))
        port = int(url.rpartition(":")[2])
        site = Site(endpoint, url, "K1", keys.aws.access_key_id, keys.aws.secret_access_key)
        environment = stack_environment(stack, site) | {"HEADWATER_LOG_LEVEL": "WARNING"}
        os.environ.update(environment)
        config.settings.cache_clear()
        found += holding(gateway, port, args.held)
        gateway.say("names")
        gateway.hear("names")
        crowd = Child("viewers", str(port), str(args.viewers))
        crowd.hear("open")
        gateway.say("names")
        names = gateway.hear("names")
        held = ReadOnlyCredentials(keys.aws.access_key_id, keys.aws.secret_access_key, None)
        push = SocketPush(f"{url}/ws", lambda: held, stack.region, SystemClock())
        found += pushing(gateway, crowd, push, names, args.rounds)
        push.close()
        seated(names)
        gateway.say(json.dumps(environment))
        gateway.hear("functions")
        found += announcing(crowd, args.viewers, args.rounds)
        for child in (crowd, gateway):
            child.stop()
    return found


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--held", type=int, default=5000)
    parser.add_argument("--viewers", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench" / "fanout.json")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fanout-"))
    try:
        found = measure(load_keys(folder), folder, args)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for line in found:
        print(f"{line.part:<48} {line.figure:<36} {line.value:>10.3f} {line.unit}")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps([asdict(line) for line in found], indent=1))


if __name__ == "__main__":
    main()
