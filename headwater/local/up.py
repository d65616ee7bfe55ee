"""`headwater local up`: starts every part of the embedded cloud, says so, and stops all of it again."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import sys
import threading
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

import headwater
from headwater.local import scratch
from headwater.local.application import from_package, from_source
from headwater.local.banner import banner_lines, show_banner
from headwater.local.declarations import DeclarationsError
from headwater.local.listener import PortBusy, listen, url_of
from headwater.local.persistence import DataFolderError, claim
from headwater.local.provision import ProvisionError
from headwater.local.stack import Failed, Folders, start_stack

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from headwater.local.application import Application

ROOT = Path(headwater.__file__).resolve().parents[1]
LAYERS = ROOT / "build" / "layers"
RUNTIME = ROOT / "build" / "lambda"
STOP_WITHIN_S = 10
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SENTENCES = (PortBusy, DataFolderError, DeclarationsError, ProvisionError, Failed, ValueError, OSError)


def run(port: int, data_dir: Path | None, *, package: Path | None = None, verbose: bool = False) -> int:
    """Run the embedded cloud until a signal ends it; returns the exit code.

    With `package`, a folder that `make package` made, its functions run from there as Lambda would run them.
    Everything said on standard output is the banner and then one line `ready http://127.0.0.1:PORT`.
    """
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s %(message)s"
    )
    try:
        application = _application(package)
        with (
            listen(port) as listener,
            _folders(data_dir) as folders,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            return runner.run(_until_stopped(listener, folders, application, verbose=verbose))
    except _SENTENCES as error:
        sys.stderr.write(f"headwater: {error}\n")
        return 1


def check_layers(layers: Path) -> None:
    """Raise Failed, saying what to do, when the layers that the functions need are not built."""
    for part in ("ffmpeg/bin/ffmpeg", "probe/python"):
        if not (layers / part).exists():
            raise Failed(f"{layers / part} is missing: run `make layers` first.")


def _application(package: Path | None) -> Application:
    """Take the source tree, or a package, which is unpacked if it is new."""
    if package is not None:
        return from_package(package.expanduser().resolve(), RUNTIME)
    check_layers(LAYERS)
    return from_source(ROOT, LAYERS)


@contextmanager
def _folders(data_dir: Path | None) -> Iterator[Folders]:
    """Name where things are kept; without a data folder in a temporary one that goes away at the end."""
    if data_dir is not None:
        folder = data_dir.expanduser().resolve()
        # Before anything else is in it: an occupied folder that is not ours is refused.
        claim(folder)
        yield Folders(data=folder, keys=folder / "keys", logs=folder / "logs")
        return
    folder = scratch.make("up")
    try:
        yield Folders(data=None, keys=folder / "keys", logs=folder / "logs")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _until_stopped(listener: socket.socket, folders: Folders, application: Application, *, verbose: bool) -> int:
    stop = _Stop()
    try:
        async with AsyncExitStack() as exits:
            stack = await start_stack(exits, listener, folders, application, verbose=verbose)
            url = url_of(listener)
            show_banner(banner_lines(url, stack.buckets, folders.data, folders.logs))
            sys.stdout.write(f"ready {url}\n")
            sys.stdout.flush()
            await stack.emulator_ended()
            raise Failed("the emulator ended unexpectedly: see its words above, then start again.")
    except asyncio.CancelledError:
        if not stop.asked:
            raise
        return 0


@dataclass(slots=True)
class _Stop:
    """The first signal stops everything in order, a second one at once; so does a stop that takes too long."""

    asked: bool = False
    _task: asyncio.Task[int] | None = None

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self)

    def __call__(self) -> None:
        if self.asked:
            # Workers and emulator hold a pipe of this process: they end with it.
            os._exit(130)
        self.asked = True
        with suppress(OSError):
            sys.stderr.write("Stopping ...\n")
        overdue = threading.Timer(STOP_WITHIN_S - 0.5, os._exit, (1,))
        overdue.daemon = True
        overdue.start()
        if self._task is not None:
            self._task.cancel()
