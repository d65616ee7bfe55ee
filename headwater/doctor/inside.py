"""What the API says of itself to an administrator, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwater.client.errors import ApiError, Unreachable
from headwater.doctor.findings import bad, good, left_out, odd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headwater.client.api import Api
    from headwater.doctor.findings import Finding

LATE_S = 180.0
STANDS_S = 600.0
"""When the alarm `schedule-stands` rings."""
BACKLOG = {"encode": 50_000, "prepare": 5000}
"""Messages that a queue may hold before it is worth a word: encoding may wait, the others hardly."""
_BACKLOG = 500
_DENIED = {"AccessDenied", "AccessDeniedException", "Forbidden", "403", "UnauthorizedOperation"}
_GONE = {
    "ResourceNotFoundException",
    "NoSuchBucket",
    "NonExistentQueue",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
}


def inside(admin: Api) -> Iterator[Finding]:
    """Ask for the diagnosis and word it."""
    try:
        report = admin.diagnosis()
    except ApiError as error:
        if error.status in {401, 403}:
            do = "Pass an administrator's --token (on a local stack it makes its own) to have them looked at."
            yield left_out("inside", "Queues, tables and keys are for administrators to see.", do)
            return
        do = "Deploy this version, which has GET /diagnosis, or look with --aws."
        yield bad("inside", f"The API does not say how it is: {error} ({error.code})", do)
        return
    except Unreachable as error:
        yield bad("inside", str(error), "Read the log of the function `api`.")
        return
    yield from _schedule(report["schedule"])
    for queue in report["queues"]:
        yield from _queue(queue)
    yield from _parts(report["parts"])


def _schedule(schedule: dict[str, Any]) -> Iterator[Finding]:
    do = "See whether the rule of `on_schedule` is enabled, and read its log: until it runs, nothing lost is found."
    age_s = schedule["age_s"]
    if schedule["code"]:
        yield bad(
            "schedule", f"When the schedule last ran cannot be read ({schedule['code']}).", reason(schedule["code"])
        )
    elif age_s is None:
        says = "The schedule has not run yet."
        yield odd("schedule", says, "It does every minute: look again in two. " + do)
    elif age_s >= LATE_S:
        says = f"The schedule last ran to its end {age_s / 60:.0f} minutes ago; it should every minute."
        yield bad("schedule", says, do) if age_s >= STANDS_S else odd("schedule", says, do)
    else:
        yield good("schedule", f"The schedule ran {age_s:.0f} s ago.")


def _queue(queue: dict[str, Any]) -> Iterator[Finding]:
    name, check = queue["queue"], f"queue {queue['queue']}"
    if queue["code"]:
        yield bad(
            check, f"The queue {name} or its dead letters cannot be used ({queue['code']}).", reason(queue["code"])
        )
        return
    dead, waiting = queue["dead_letters"], queue["waiting"]
    if dead:
        says = f"{_messages(dead)} of the queue {name} failed too often and {'was' if dead == 1 else 'were'} put aside."
        do = f"Find out why in the log of its function, mend it, then `headwater dead-letters --requeue {name}`."
        yield odd(check, says, do)
    if waiting >= BACKLOG.get(name, _BACKLOG):
        do = "See whether its function runs and is not throttled; more work than workers only takes time."
        yield odd(check, f"{_messages(waiting)} wait in the queue {name}.", do)
    if not dead and waiting < BACKLOG.get(name, _BACKLOG):
        yield good(check, f"The queue {name}: {waiting} waiting, no dead letters.")


def _parts(parts: list[dict[str, Any]]) -> Iterator[Finding]:
    for part in parts:
        if not part["ok"]:
            yield bad(part["part"], f"The API cannot use its {part['part']} ({part['code']}).", reason(part["code"]))
    fine = [part["part"] for part in parts if part["ok"]]
    if fine:
        yield good("parts", f"The API can use {len(fine)} of {len(parts)} tables, buckets and keys.")


def reason(code: str) -> str:
    """Say what to do about an AWS code."""
    if code in _DENIED:
        return "Its role lacks the right: `make deploy` puts the policy of .chalice/policies back."
    if code in _GONE:
        return "It is gone: `make deploy` makes it anew, empty; docs/operations.md says how to restore what was in it."
    if code == "LookupError":
        return "The function is not told of it: `make deploy` sets HEADWATER_CDN_KEY_PAIR_ID."
    if code == "ValueError":
        return 'What is stored there is no key: see docs/operations.md, "Keys".'
    return "Look the code up in AWS's documentation of that service, and read the log of the function `api`."


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"
