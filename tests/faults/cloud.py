"""The real stack behind the proxy: started, killed and started again on the same folder and port."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import sys
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.processes import encoders
from support.stack import ROOT, Stack
from support.waiting import eventually

from faults.connections import function_of, scratch_of, worker_above
from faults.plan import PLAN, PROXY, Plan
from faults.proxy import Proxy
from headwater.local import worker
from headwater.local.application import from_source
from headwater.local.environment import Stack as Names
from headwater.local.keys import load_keys
from headwater.local.persistence import claim
from headwater.local.roles import roles_of
from headwater.local.up import LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).with_name("router.py")
TIDY = '%"kind":"tidy"%'
"""Waits for a quarter of an hour, looks whether anything is left, and does nothing where nobody knows the recording."""


@dataclass
class FaultyCloud(Stack):
    """A stack of its own in `data`."""

    plan: Plan = field(default_factory=Plan)
    proxy: Proxy = field(default_factory=Proxy)
    port: int = 0

    def start(self) -> None:
        """Start it, always on the same port; the proxy with it the first time."""
        if not self.proxy.port:
            self.proxy.start()
            self.port = _free_port()
            self.proxy.learned.functions = self._functions()
        self.change(self.plan)
        super().start()

    def command(self) -> list[str]:
        """Return what starts it."""
        return [sys.executable, str(PROGRAM), "--port", str(self.port), "--data", str(self.data)]

    def environment(self) -> dict[str, str]:
        """Return the variables that it is started with."""
        return {**os.environ, PLAN: str(self._plan_file), PROXY: self.proxy.url}

    @property
    def _plan_file(self) -> Path:
        return self.data.with_name(f"{self.data.name}-plan.json")

    def change(self, plan: Plan) -> None:
        """Let workers that start from now on have other clocks and disks."""
        self.plan = plan
        self._plan_file.parent.mkdir(parents=True, exist_ok=True)
        plan.write(self._plan_file)

    def _functions(self) -> dict[str, str]:
        """Names of functions by the keys that they will sign with."""
        claim(self.data)
        keys = load_keys(self.data / "keys")
        roles = roles_of(from_source(ROOT, LAYERS).policies, Names(), keys.aws)
        return {
            role.credentials.access_key_id: name for name, role in (*roles.functions.items(), *roles.control.items())
        }

    def below(self) -> list[int]:
        """All processes of the stack but the router."""
        assert self.process is not None
        return [pid for pid in worker.tree(self.process.pid) if pid != self.process.pid]

    def workers(self, function: str = "") -> list[int]:
        """Process ids of workers, of one function when it is named."""
        found = [pid for pid in self.below() if worker_above(pid) == pid and worker.is_alive(pid)]
        return [pid for pid in found if function_of(pid).startswith(function)]

    def kill(self) -> None:
        """Kill -9 the router; everything below it has to end by itself."""
        assert self.process is not None
        below = self.below()
        self.process.kill()
        self.process.wait()
        eventually(lambda: not any(worker.is_alive(pid) for pid in below), within_s=30)

    def replace_workers(self) -> None:
        """Kill every worker, whatever it is doing: new ones read the plan anew."""
        for pid in self.workers():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def litter(self) -> list[str]:
        """What lies in scratch folders of workers, and encoders that run: nothing, when nothing is done."""
        found = [f"FFmpeg {pid}" for pid in encoders(self)]
        for pid in self.workers("on_"):
            with suppress(OSError):
                found += [str(path) for path in scratch_of(pid).rglob("*") if path.name != ".filler"]
        return found

    def rows(self, mark: str) -> list[str]:
        """Names of all objects, items and messages that have a mark anywhere in them."""
        with self._store() as store:
            like = f"%{mark}%"
            objects = store.execute("SELECT bucket || '/' || key FROM objects WHERE key LIKE ?", (like,))
            found = [str(row[0]) for row in objects]
            items = "SELECT tbl || ' ' || key FROM items WHERE key LIKE ? OR item LIKE ?"
            found += [str(row[0]) for row in store.execute(items, (like, like))]
            messages = "SELECT queue || ' ' || body FROM messages WHERE body LIKE ? AND body NOT LIKE ?"
            return found + [str(row[0]) for row in store.execute(messages, (like, TIDY))]

    def item(self, table: str, key: str) -> dict[str, Any]:
        """One row as DynamoDB stores it; empty when it is not there."""
        with self._store() as store:
            sql = "SELECT item FROM items WHERE tbl LIKE ? AND key LIKE ?"
            for (text,) in store.execute(sql, (f"%{table}", f"%{key}%")):
                return dict(json.loads(text))
        return {}

    def items(self, table: str, key: str) -> list[dict[str, Any]]:
        """All rows of a partition."""
        with self._store() as store:
            sql = "SELECT item FROM items WHERE tbl LIKE ? AND key LIKE ?"
            return [dict(json.loads(text)) for (text,) in store.execute(sql, (f"%{table}", f"%{key}%"))]

    def objects(self, mark: str) -> dict[str, int]:
        """Sizes of stored objects by key."""
        with self._store() as store:
            sql = "SELECT key, size FROM objects WHERE key LIKE ?"
            return dict(store.execute(sql, (f"%{mark}%",)).fetchall())

    def messages(self, *, dead: bool) -> list[tuple[str, str]]:
        """Queue and body of what waits, or of what failed too often."""
        with self._store() as store:
            found = store.execute("SELECT queue, body FROM messages WHERE body NOT LIKE ?", (TIDY,)).fetchall()
        return [(queue, body) for queue, body in found if ("-dead" in queue) == dead]

    def _store(self) -> closing[sqlite3.Connection]:
        """The data folder's database, read beside the emulator that writes it."""
        path = self.data / "cloud" / "state.db"
        return closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30))

    def logs(self) -> Iterator[tuple[str, str]]:
        """Name and text of every function's log."""
        for path in sorted((self.data / "logs").glob("*.log")):
            yield path.stem, path.read_text(errors="replace")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
