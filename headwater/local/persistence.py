"""The data folder of the embedded cloud: what is in it, and how it is written so that a crash loses nothing.

DIR/
├── headwater-data.json   {"format": 1}: makes the folder ours; a newer format is refused
├── cloud/lock            held (flock) by the one emulator that uses the folder
├── cloud/state.db        SQLite: table items, queue messages, secrets, the index of objects and multipart uploads
└── cloud/objects/ab/…    one file per S3 object or uploaded part, written before the index names it

Every change is committed before AWS's answer goes out, so even `kill -9` of the whole stack keeps what was
acknowledged. Only data is kept: buckets, queues and tables are declared anew at each start and filled from here.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

FORMAT = 1
MARKER = "headwater-data.json"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (bucket TEXT, key TEXT, body TEXT, size INTEGER, etag TEXT, modified REAL,
    headers TEXT, PRIMARY KEY (bucket, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS objects_body ON objects (body);
CREATE TABLE IF NOT EXISTS uploads (id TEXT PRIMARY KEY, bucket TEXT, key TEXT, headers TEXT);
CREATE TABLE IF NOT EXISTS parts (upload TEXT, number INTEGER, body TEXT, size INTEGER, etag TEXT,
    PRIMARY KEY (upload, number));
CREATE INDEX IF NOT EXISTS parts_body ON parts (body);
CREATE TABLE IF NOT EXISTS items (tbl TEXT, key TEXT, item TEXT, PRIMARY KEY (tbl, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages (id TEXT PRIMARY KEY, queue TEXT, body TEXT, group_id TEXT, attributes TEXT,
    sent REAL, delayed_until REAL, received INTEGER, first_received INTEGER);
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value TEXT);
"""


class DataFolderError(Exception):
    """The data folder cannot be used; the message is a sentence for the person who named it."""


def claim(folder: Path) -> None:
    """Make `folder` a Headwater data folder, or check that it is one.

    Raises DataFolderError when it holds something else or was written by a newer version.
    """
    marker = folder / MARKER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not marker.exists():
            if any(folder.iterdir()):
                msg = f"{folder} is not empty and not a Headwater data folder: choose another, or an empty one"
                raise DataFolderError(msg)
            marker.write_text(json.dumps({"format": FORMAT}) + "\n", encoding="utf-8")
        found = json.loads(marker.read_text(encoding="utf-8"))["format"]
    except OSError as error:
        msg = f"the data folder {folder} cannot be used: {error.strerror}"
        raise DataFolderError(msg) from error
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{marker} is damaged: the data folder cannot be read"
        raise DataFolderError(msg) from error
    if found != FORMAT:
        msg = f"{folder} has data format {found}; this version of Headwater reads format {FORMAT}"
        raise DataFolderError(msg)


class Store:
    """The SQLite mirror of what the emulator holds in memory. Safe to use from all of its threads."""

    def __init__(self, folder: Path) -> None:
        """Open or create `folder`/cloud/state.db; raises DataFolderError when it is in use or damaged."""
        claim(folder)
        self.objects = folder / "cloud" / "objects"
        self.objects.mkdir(parents=True, exist_ok=True)
        self._guard = (folder / "cloud" / "lock").open("w")
        try:
            fcntl.flock(self._guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._guard.close()
            msg = f"the data folder {folder} is in use by another Headwater"
            raise DataFolderError(msg) from error
        self._lock = threading.Lock()
        self._db = _open(folder / "cloud" / "state.db")

    def read(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def write(self, *statements: tuple[str, Sequence[object]]) -> None:
        """Run (sql, values) pairs as one transaction."""
        with self._lock, self._transaction():
            for sql, values in statements:
                self._db.execute(sql, values)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Fold the write-ahead log into the database and give the folder back."""
        with self._lock:
            self._db.close()
            self._guard.close()


def _open(path: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode=WAL")
        # A killed process loses nothing either way; NORMAL syncs at checkpoints and spares one fsync per request.
        db.execute("PRAGMA synchronous=NORMAL")
        if db.execute("PRAGMA quick_check").fetchone() != ("ok",):
            msg = f"{path} is damaged: restore it from a copy, or start with an empty data folder"
            raise DataFolderError(msg)
        db.executescript(_SCHEMA)
    except sqlite3.DatabaseError as error:
        msg = f"{path} is damaged ({error}): restore it from a copy, or start with an empty data folder"
        raise DataFolderError(msg) from error
    return db
