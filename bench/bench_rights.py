"""What it costs that the embedded cloud checks rights: processor time of a request, and of the check alone.

Usage: `.venv/bin/python bench/bench_rights.py`
"""

from __future__ import annotations

import http.client
import io
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from headwater.local.aws import ACCOUNT, REGION, AwsEmulator  # noqa: E402
from headwater.local.environment import Stack  # noqa: E402
from headwater.local.iam_gate import IamGate  # noqa: E402
from headwater.local.needs import Place  # noqa: E402
from headwater.local.presign import Credentials, unsigned  # noqa: E402
from headwater.local.provision import provision  # noqa: E402
from headwater.local.roles import OPERATOR, load_roles  # noqa: E402

ROUNDS, REQUESTS, CHECKS = 4, 100, 2000
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
SECRET = Credentials("AKIAHEADWATERLOCAL00", "a secret of this bench", REGION)
TABLE, ROW = "headwater-local-recordings", {"id": {"S": "rec_1"}, "title": {"S": "x" * 900}}
QUEUE = "http://127.0.0.1/123456789012/headwater-local-lifecycle"


@dataclass(frozen=True)
class Ask:
    """One kind of request."""

    name: str
    service: str
    method: str
    path: str
    target: str = ""
    body: str = ""

    def headers(self, credentials: Credentials) -> dict[str, str]:
        """Return the headers that say who asks for what."""
        return unsigned(credentials, self.service) | ({"X-Amz-Target": self.target} if self.target else {})


ASKS = [
    Ask(
        "PutItem, 1 KB",
        "dynamodb",
        "POST",
        "/",
        "DynamoDB_20120810.PutItem",
        json.dumps({"TableName": TABLE, "Item": ROW}),
    ),
    Ask(
        "GetItem, 1 KB",
        "dynamodb",
        "POST",
        "/",
        "DynamoDB_20120810.GetItem",
        json.dumps({"TableName": TABLE, "Key": {"id": ROW["id"]}}),
    ),
    Ask(
        "SendMessage",
        "sqs",
        "POST",
        "/",
        "AmazonSQS.SendMessage",
        json.dumps({"QueueUrl": QUEUE, "MessageBody": "x" * 300}),
    ),
    Ask("PutObject, 64 KB", "s3", "PUT", f"/{Stack().source_bucket}/sources/rec_1/source", body="x" * 65536),
    Ask("GetObject, 64 KB", "s3", "GET", f"/{Stack().source_bucket}/sources/rec_1/source"),
]


class Caller:
    """Somebody with a role, on one connection to the emulator."""

    def __init__(self, emulator: AwsEmulator, endpoint: str, credentials: Credentials) -> None:
        self._pid = emulator.pid
        self._connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=60)
        self._credentials = credentials

    def cost_ms(self, ask: Ask) -> float:
        """Return the emulator's processor time for one request, in ms."""
        headers = ask.headers(self._credentials)
        before = self._used_ms()
        for _ in range(REQUESTS):
            self._connection.request(ask.method, ask.path, ask.body, headers)
            answer = self._connection.getresponse()
            if answer.status != 200:
                sys.exit(f"{ask.name}: {answer.status} {answer.read()!r}")
            answer.read()
        return (self._used_ms() - before) / REQUESTS

    def _used_ms(self) -> float:
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK_MS


def gate_ms(gate: IamGate, ask: Ask, credentials: Credentials) -> float:
    """Return the processor time of the check alone, in ms."""
    sent = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in ask.headers(credentials).items()}
    environ: dict[str, Any] = {"REQUEST_METHOD": ask.method, "PATH_INFO": ask.path, "QUERY_STRING": "", **sent}
    body = ask.body.encode()
    before = time.process_time()
    for _ in range(CHECKS):
        environ["wsgi.input"] = io.BytesIO(body)
        list(gate.respond(environ, lambda *_: lambda _: None, lambda *_: [b""]))
    return (time.process_time() - before) * 1000 / CHECKS


def main() -> None:
    """Measure and print the table."""
    roles = load_roles(ROOT, Stack(), SECRET)
    credentials = roles.functions["api"].credentials
    gate = IamGate(Place(ACCOUNT, REGION))
    gate.enforce(role.as_json() for role in roles)
    rows = []
    with AwsEmulator() as emulator:
        endpoint = emulator.start()
        emulator.enforce(roles)
        provision(endpoint, Stack(), {}, roles.control[OPERATOR].credentials)
        caller = Caller(emulator, endpoint, credentials)
        for ask in ASKS:
            whole = min(caller.cost_ms(ask) for _ in range(ROUNDS))
            checked = min(gate_ms(gate, ask, credentials) for _ in range(ROUNDS))
            rows.append((ask.name, whole, checked))
    print("| Request | Emulator, CPU ms | of it the check | Share |\n|---|---|---|---|")
    for name, whole, checked in rows:
        print(f"| {name} | {whole:.2f} | {checked:.3f} | {checked / whole:.1%} |")


if __name__ == "__main__":
    main()
