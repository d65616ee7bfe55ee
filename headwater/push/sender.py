"""Delivers what lies in the spool: in order, several at a time, again and again until the server has it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from headwater.client.errors import ApiError, ClientError, Unreachable
from headwater.client.retry import Backoff
from headwater.push.backlog import Claim, Segment, Send
from headwater.push.link import Expired

if TYPE_CHECKING:
    from headwater.push.link import Link
    from headwater.push.progress import Progress
    from headwater.push.spool import Spool

PARALLEL = 3
AHEAD = 10
"""Segments whose URLs are fetched at a time, most of them before they are recorded."""
IDLE_S = 0.5
CONFLICT = 409
SUPERSEDED, STOPPED = "epoch_superseded", "stream_stopped"


class Over(ClientError):
    """Nothing more can be delivered: `error` says why."""

    def __init__(self, error: ApiError, sentence: str) -> None:
        """Keep the server's refusal."""
        super().__init__(sentence)
        self.error = error


class Sender(threading.Thread):
    """The thread that sends. `failure` is why it ended by itself, when it did."""

    def __init__(self, spool: Spool, link: Link, progress: Progress, *, backoff: Backoff | None = None) -> None:
        """Take segments from `spool`, deliver them over `link`, and tell `progress`."""
        super().__init__(name="sender", daemon=True)
        self._spool = spool
        self._link = link
        self._progress = progress
        self._backoff = backoff or Backoff(first_s=0.5, longest_s=8.0)
        self._stopped = threading.Event()
        self._failed = 0
        self._next: tuple[int, int] | None = None
        self.failure: ClientError | None = None

    def stop(self) -> None:
        """End after what is being sent now."""
        self._stopped.set()

    def hear(self, server: dict[str, Any]) -> None:
        """Take what the stream's status says: it may be over, or another encoder on our input."""
        if server.get("status") == "stopped":
            self.failure = _over(ApiError(CONFLICT, STOPPED, "The stream is over."))
            self._stopped.set()
        on_air = server.get("on_air") or {}
        mine = self._progress.epoch
        if mine and on_air.get("input") == self._link.input_name and on_air.get("epoch", 0) > mine:
            self._link.forget_all()

    def run(self) -> None:
        """Work until stopped, or until the server says that the stream is over or ours no more."""
        try:
            with ThreadPoolExecutor(PARALLEL, "put") as pool:
                while not self._stopped.is_set():
                    self._step(pool)
        except ClientError as error:
            self.failure = error
        except (OSError, LookupError, TypeError, ValueError) as error:
            self.failure = ClientError(f"Sending failed: {error!r}.")

    def _step(self, pool: ThreadPoolExecutor) -> None:
        # After a failure one at a time: what is behind a missing segment would have the server give up on it.
        work = self._spool.next(1 if self._failed else PARALLEL, IDLE_S)
        try:
            match work:
                case Claim():
                    self._claim(work)
                case Send():
                    self._send(work, pool)
                case None:
                    self._sign_ahead()
                    return
        except Unreachable as error:
            self._failed += 1
            if self._failed > 1 or not isinstance(error.__cause__, Expired):
                self._progress.offline(str(error))
            self._stopped.wait(self._backoff.wait_s(self._failed))
            return
        if self._failed:
            self._failed = 0
            self._progress.online()

    def _claim(self, work: Claim) -> None:
        try:
            answer = self._link.claim(work.first_pdt)
        except ApiError as error:
            raise _over(error) from error
        self._spool.claimed(work.run, int(answer["epoch"]))
        self._progress.claimed(int(answer["epoch"]), on_air=bool(answer.get("on_air", True)))

    def _send(self, work: Send, pool: ThreadPoolExecutor) -> None:
        """Send some segments at once, all of one epoch."""
        try:
            if any(self._link.signed_until(work.epoch, segment.name) <= 0 for segment in work.segments):
                self._sign(work.epoch, [segment.n for segment in work.segments])
            self._send_signed(work, pool)
            self._next = (work.epoch, work.segments[-1].n + 1)
        except Expired as error:
            raise Unreachable("Storage refused a URL; another one is fetched.") from error
        except ApiError as error:
            if error.code != SUPERSEDED:
                raise _over(error) from error
            self._superseded(work.segments[0].run, error)
        finally:
            self._spool.landed()

    def _send_signed(self, work: Send, pool: ThreadPoolExecutor) -> None:
        """Acknowledge what arrives; raises the failure of the first that did not."""
        failure: Exception | None = None
        sent = [(segment, pool.submit(self._put, work.epoch, segment)) for segment in work.segments]
        for segment, future in sent:
            try:
                future.result()
                self._spool.acknowledged(segment)
            except (ClientError, Expired) as error:
                failure = failure or error
        if failure:
            raise failure

    def _put(self, epoch: int, segment: Segment) -> None:
        path = self._spool.path(segment)
        try:
            self._link.put(epoch, segment.name, path)
        except FileNotFoundError:
            return  # it went to make room
        except ApiError as error:
            self._progress.refused(segment, error)
            return
        finally:
            self._link.forget(epoch, segment.name)
        self._progress.delivered(segment, time.time())

    def _sign(self, epoch: int, wanted: list[int]) -> None:
        """Get URLs for these numbers, and for those that come after them."""
        ahead = range(wanted[-1] + 1, wanted[-1] + 1 + AHEAD - len(wanted))
        self._link.sign(epoch, [f"{n}.ts" for n in (*wanted, *ahead)])

    def _sign_ahead(self) -> None:
        """Use a quiet moment, so that the next segment need not wait for its URL."""
        if self._next is None or self._failed:
            return
        epoch, n = self._next
        if self._link.signed_until(epoch, f"{n + 1}.ts") <= 0:
            try:
                self._sign(epoch, [n])
            except ClientError:
                self._next = None  # asked again, and heard, when there is something to send

    def _superseded(self, run: int, error: ApiError) -> None:
        lost = self._spool.give_up(run)
        self._progress.superseded(lost)
        if self._spool.is_recording(run):
            raise Over(error, "Another encoder has taken over this input: this one stops.")


def _over(error: ApiError) -> Over:
    """Say what a refusal of everything means."""
    match error.code:
        case _ if error.code == STOPPED:
            return Over(error, "The stream was stopped: nothing more is taken.")
        case "stream_not_found":
            return Over(error, "There is no such stream, or the key is not its key.")
        case _:
            return Over(error, str(error))
