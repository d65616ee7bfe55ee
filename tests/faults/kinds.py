"""The kinds of faults: where each strikes, with what, drawn from a trial's seed."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from faults import checks, deeds
from faults.strikes import Strike, cut_after, cut_before, cut_within, kill, meanwhile, refuse, withhold
from faults.trial import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.calls import Call
    from faults.cloud import FaultyCloud
    from faults.plan import Plan
    from faults.trial import Batch, Trial

MEMORY_MB = 512
DEADLINE_S = 16
"""FFmpeg gets ten seconds less than its function has."""
LEASE_S = 30
SLOW_DOWN = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_TABLES = "com.amazonaws.dynamodb.v20120810#"
CONFLICT = {
    "__type": f"{_TABLES}TransactionCanceledException",
    "message": "Transaction cancelled",
    "CancellationReasons": [{"Code": "TransactionConflict", "Message": "Ongoing"}, {"Code": "None"}],
}


def encoding(call: Call) -> bool:
    """FFmpeg reads its source."""
    return call.actor == "on_encode" and call.presigned and call.action == "s3.GET"


def committing(call: Call) -> bool:
    """A chunk's task is made done."""
    return call.actor == "on_encode" and call.action == "dynamodb.TransactWriteItems"


def storing(call: Call) -> bool:
    """A chunk is stored."""
    return call.actor == "on_encode" and call.of_chunk


def announcing(call: Call) -> bool:
    """A playlist is written."""
    return call.actor == "on_encode" and call.of_playlist


def completing(call: Call) -> bool:
    """The job's row gets its end."""
    return call.actor == "on_encode" and call.action == "dynamodb.UpdateItem" and b'"completed"' in call.body


def billing(call: Call) -> bool:
    """The last thing a worker does: write its bill, with what it has stored."""
    ours = call.actor == "on_encode" and call.action == "dynamodb.PutItem"
    return ours and b"stored_bytes" in call.body and b'"stored_bytes": {"N": "0"}' not in call.body


def acknowledging(call: Call) -> bool:
    """The router deletes a message that is done."""
    return call.actor == "on_encode" and call.action == "sqs.DeleteMessageBatch"


def by(actor: str, service: str = "") -> Callable[[Call], bool]:
    """Any call of a function, to one service when it is named."""
    return lambda call: call.actor == actor and call.action.startswith(service)


def to(service: str) -> Callable[[Call], bool]:
    """Any call of a function that works on a recording."""
    ours = {"on_upload", "on_encode", "api"}
    return lambda call: call.actor in ours and call.action.startswith(service)


def _encode_killed(trial: Trial) -> list[Strike]:
    at = trial.random.uniform(0, 0.5)
    deed = deeds.kill_it if trial.random.random() < 0.2 else deeds.kill_worker_in(at)
    return [Strike(encoding, meanwhile(deed), skip=trial.random.randrange(5))]


def _stored_killed(trial: Trial) -> list[Strike]:
    skip = trial.random.randrange(2)
    stored = Strike(storing, kill(after=True), skip=skip)
    return [trial.random.choice([stored, Strike(committing, kill(after=False), skip=skip)])]


def _committed_killed(trial: Trial) -> list[Strike]:
    after = trial.random.random() < 0.5
    places = [committing, announcing, completing, billing, acknowledging]
    where = trial.random.choice(places)
    if where is acknowledging:
        return [Strike(where, cut_after if after else cut_before, skip=trial.random.randrange(2))]
    return [Strike(where, kill(after=after or where is committing), skip=trial.random.randrange(2))]


def _planner_killed(trial: Trial) -> list[Strike]:
    act = kill(after=trial.random.random() < 0.5)
    return [Strike(by("on_upload"), act, skip=trial.random.randrange(14))]


def _api_killed(trial: Trial) -> list[Strike]:
    act = kill(after=trial.random.random() < 0.5)
    return [Strike(by("api"), act, skip=trial.random.choice([0, *range(8)]))]


def _deleter_killed(trial: Trial) -> list[Strike]:
    act = kill(after=trial.random.random() < 0.5)
    return [Strike(by("on_lifecycle"), act, skip=trial.random.randrange(10))]


def _disk_full(trial: Trial) -> list[Strike]:
    return [Strike(encoding, meanwhile(deeds.fill_disk(trial.random.uniform(0.5, 5))), skip=trial.random.randrange(3))]


def _memory(trial: Trial) -> list[Strike]:
    starved = trial.random.random() < 0.4
    deed = deeds.starve(trial.random.randrange(1, 40)) if starved else deeds.eat_memory
    return [Strike(encoding, meanwhile(deed), skip=trial.random.randrange(3))]


def _deadline(trial: Trial) -> list[Strike]:
    where = trial.random.choice([storing, committing, announcing, completing])
    # A worker that hears nothing from a table for five seconds asks again, and again hears nothing
    times = 4 if where in {committing, completing} else 1
    return [Strike(where, withhold(late=trial.random.random() < 0.5), skip=trial.random.randrange(2), times=times)]


def _s3_slow_down(trial: Trial) -> list[Strike]:
    act = refuse(503, SLOW_DOWN, "application/xml")
    return [Strike(to("s3."), act, skip=trial.random.randrange(20), times=trial.random.randrange(1, 7))]


def _s3_reset(trial: Trial) -> list[Strike]:
    act = trial.random.choice([cut_before, cut_after, cut_within])
    return [Strike(to("s3."), act, skip=trial.random.randrange(20), times=trial.random.randrange(1, 6))]


def _source_broken(trial: Trial) -> list[Strike]:
    act = trial.random.choice([cut_before, cut_within, refuse(503, SLOW_DOWN, "application/xml")])
    return [Strike(encoding, act, skip=trial.random.randrange(4), times=trial.random.randrange(1, 4))]


def _table_throttled(trial: Trial) -> list[Strike]:
    name = trial.random.choice(["ProvisionedThroughputExceededException", "ThrottlingException"])
    act = refuse(400, json.dumps({"__type": _TABLES + name, "message": "Rate exceeded"}))
    return [Strike(to("dynamodb."), act, skip=trial.random.randrange(60), times=trial.random.randrange(1, 12))]


def _table_conflict(trial: Trial) -> list[Strike]:
    act = trial.random.choice([refuse(400, json.dumps(CONFLICT)), cut_after])
    return [Strike(committing, act, skip=trial.random.randrange(2), times=trial.random.randrange(1, 12))]


def _queue_failing(trial: Trial) -> list[Strike]:
    refused = refuse(503, json.dumps({"__type": "com.amazonaws.sqs#ServiceUnavailable", "message": "Later"}))
    act = trial.random.choice([refused, cut_before, cut_after])
    skip = trial.random.randrange(6)
    return [Strike(to("sqs."), act, skip=skip, times=trial.random.randrange(1, 6))]


def _slow_disk(trial: Trial) -> list[Strike]:
    seconds, share = trial.random.uniform(2, 28), trial.random.choice([0.02, 0.1, 0.3])
    return [Strike(encoding, meanwhile(deeds.crawl(seconds, share)), skip=trial.random.randrange(3))]


def _frozen(trial: Trial) -> list[Strike]:
    where = trial.random.choice([encoding, storing, committing, announcing])
    seconds = LEASE_S + trial.random.uniform(3, 12)
    return [Strike(where, meanwhile(deeds.freeze(seconds)), skip=trial.random.randrange(2))]


def _clock_skew(trial: Trial) -> list[Strike]:
    """Clocks alone would break nothing: the same work has to come to two workers whose clocks disagree."""
    act = trial.random.choice([kill(after=True), kill(after=False), cut_before])
    where = acknowledging if act is cut_before else trial.random.choice([storing, committing, announcing])
    return [Strike(where, act, skip=trial.random.randrange(2))]


def _restarts(cloud: FaultyCloud, batch: Batch) -> None:
    """Kill the router, or tell it to stop, at moments of uploading and encoding; start it again each time."""
    dice = batch.trials[0].random
    for _ in range(dice.choice([1, 2])):
        time.sleep(dice.uniform(1, 8))
        for trial in batch.trials:
            if trial.recording_id and checks.status_of(cloud, trial.recording_id) not in checks.ENDS:
                trial.struck += 1
        if dice.random() < 0.7:
            cloud.kill()
        else:
            cloud.stop(signal.SIGTERM)
        cloud.start()


def _none(_trial: Trial) -> list[Strike]:
    return []


def _with_disks(plan: Plan) -> Plan:
    return replace(plan, scratch_mb=8)


def _with_memory(plan: Plan) -> Plan:
    return replace(plan, memory_mb={"on_encode": MEMORY_MB})


def _with_deadline(plan: Plan) -> Plan:
    return replace(plan, timeouts_s={"on_encode": DEADLINE_S}, encoders=6)


def _with_skew(plan: Plan) -> Plan:
    return replace(plan, skews_s=(300.0, -300.0, 0.0))


def _with_many(plan: Plan) -> Plan:
    return replace(plan, encoders=6)


GAVE_UP = frozenset({"encode_failed"})
KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "encode-killed",
            "kill -9 of a worker, or of its FFmpeg, within 0.5 s of a read of the source",
            _encode_killed,
        ),
        Kind("stored-killed", "kill -9 after a chunk was stored, before its commit", _stored_killed),
        Kind(
            "committed-killed",
            "kill -9 after a commit: before its answer, at a playlist, at the job's end, at the bill; or the queue"
            " never hears the acknowledgement",
            _committed_killed,
        ),
        Kind("planner-killed", "kill -9 of `on_upload` before or after any of its calls", _planner_killed),
        Kind("api-killed", "kill -9 of the API before or after any of its calls", _api_killed),
        Kind("deleter-killed", "kill -9 of `on_lifecycle` before or after any of its calls", _deleter_killed),
        Kind(
            "router-killed",
            "kill -9 (SIGTERM in 3 of 10) of router and gateway while uploads and encodes run; started again",
            _none,
            GAVE_UP,
            meanwhile=_restarts,
            batch=10,
        ),
        Kind(
            "disk-full",
            "the worker's 8 MB tmpfs is filled while FFmpeg runs, for 0.5 to 5 s",
            _disk_full,
            GAVE_UP,
            plan=_with_disks,
        ),
        Kind(
            "memory",
            f"a worker of {MEMORY_MB} MB takes more (6 of 10), or FFmpeg's own limit is lowered to 1 to 40 MB",
            _memory,
            GAVE_UP | {"source_too_demanding"},
            plan=_with_memory,
        ),
        Kind(
            "deadline",
            f"the function's {DEADLINE_S} s end within a call: AWS has done it, or does it when the worker is dead",
            _deadline,
            GAVE_UP,
            plan=_with_deadline,
        ),
        Kind("s3-slow-down", "one to six 503 SlowDown in a row, to any function, at any call", _s3_slow_down, GAVE_UP),
        Kind(
            "s3-reset", "one to five resets in a row: before, after, or in the middle of the answer", _s3_reset, GAVE_UP
        ),
        Kind(
            "source-broken", "one to three 503 or resets in FFmpeg's own reads of the source", _source_broken, GAVE_UP
        ),
        Kind("table-throttled", "one to eleven throttling errors in a row, at any call", _table_throttled, GAVE_UP),
        Kind(
            "table-conflict", "one to eleven conflicts, or lost answers, of commits in a row", _table_conflict, GAVE_UP
        ),
        Kind("queue-failing", "one to five 503, resets or lost answers of any queue in a row", _queue_failing, GAVE_UP),
        Kind(
            "slow-disk",
            "FFmpeg runs for 2, 10 or 30 % of the time, for 2 to 28 s",
            _slow_disk,
            GAVE_UP,
            plan=_with_many,
        ),
        Kind(
            "frozen",
            "a worker and its FFmpeg stand still for 33 to 42 s, longer than a lease, and go on",
            _frozen,
            GAVE_UP,
            plan=_with_many,
        ),
        Kind(
            "clock-skew",
            "workers' clocks 5 min ahead, 5 min behind and right, in turn; and each task's first worker is killed",
            _clock_skew,
            plan=_with_skew,
        ),
    )
}
