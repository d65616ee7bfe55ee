"""Functions that run at a rate, as EventBridge rules would run them."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import uuid
from typing import TYPE_CHECKING, Any

from headwater.local.environment import Stack

if TYPE_CHECKING:
    from headwater.local.declarations import Schedule
    from headwater.local.functions import LambdaService

logger = logging.getLogger(__name__)


class Scheduler:
    """Invokes each scheduled function once `first_after_s` after the start and then every period, never overlapping."""

    def __init__(
        self,
        schedules: tuple[Schedule, ...],
        service: LambdaService,
        *,
        first_after_s: float = 5.0,
        stack: Stack | None = None,
    ) -> None:
        self._schedules = schedules
        self._service = service
        self._first_after_s = first_after_s
        self._stack = stack or Stack()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin; returns at once."""
        self._tasks = [asyncio.create_task(self._run(schedule)) for schedule in self._schedules]

    async def stop(self) -> None:
        """End; a run under way is abandoned."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _run(self, schedule: Schedule) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + self._first_after_s
        while True:
            await asyncio.sleep(due - loop.time())
            outcome = await self._service.invoke(schedule.function, self._event(schedule))
            if outcome.error is not None:
                logger.warning("scheduled %s failed: %s", schedule.function, outcome.error.get("errorType"))
            # A run that took longer than the period skips the beats it missed
            due += schedule.every_s * max(1, -int(-(loop.time() - due) // schedule.every_s))

    def _event(self, schedule: Schedule) -> dict[str, Any]:
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        rule = f"headwater-{self._stack.stage}-{schedule.function}-event"
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": self._stack.account,
            "time": now,
            "region": self._stack.region,
            "resources": [f"arn:aws:events:{self._stack.region}:{self._stack.account}:rule/{rule}"],
            "detail": {},
        }
