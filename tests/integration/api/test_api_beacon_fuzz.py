"""Reports that no player of ours would send: each is taken, refused by name, or both; none breaks anything."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any

from support.fuzzing import RAW, messages

from chalicelib import container
from chalicelib.domain.keys import playlist_key
from chalicelib.domain.recording import RecordingStatus

if TYPE_CHECKING:
    from conftest import Api

SESSION = "ses_0123456789abcdefghij"
SEGMENT = {"kind": "segment", "seq": 1, "br": 500, "d": 2000, "mtp": 4000, "bl": 2000, "at_ms": 1e12, "ttfb_ms": 30}
OTHERS = ({"kind": "join", "seq": 2, "width": 320, "height": 180}, {"kind": "stall", "seq": 3, "stall_ms": 100})
SEED, BATCHES, EVENTS = 8, 60, 200


def test_no_report_breaks_a_session(api: Api) -> None:
    """Answers are 200, 400 or 413; numbers in them are finite, and an honest report goes through afterwards."""
    recording_id = api.uploaded()
    _put_on_show(recording_id)
    url = f"/v1/recordings/{recording_id}/sessions/{{session}}/events"
    statuses: dict[int, int] = {}
    batches = list(messages(SEED, BATCHES, [{"events": [SEGMENT, *OTHERS]}, {"events": [SEGMENT] * 51}]))
    events = list(messages(SEED + 1, EVENTS, [SEGMENT, *OTHERS]))
    bodies = (
        [text.encode("utf-8", "replace") for text in batches]
        + [raw.encode() for raw in RAW]
        + [b"\xff\xfe", b" " * 20_000]
    )
    bodies += [f'{{"events":[{",".join(events[n : n + 5])}]}}'.encode("utf-8", "replace") for n in range(0, EVENTS, 5)]
    for number, body in enumerate(bodies):
        # A session takes a report a second: each has one of its own for a while.
        answer = api.call("POST", url.format(session=f"{SESSION}{number // 20}"), body)
        statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
        assert answer.status_code in {200, 400, 413, 429}, (body[:200], answer.body)
        assert all(isfinite(found) for found in _numbers(json.loads(answer.body)))
    print(f"{len(bodies)} reports: {statuses}")  # noqa: T201  a figure for docs/security.md
    fine = api.call("POST", url.format(session=SESSION), {"events": [SEGMENT]})
    assert (fine.status_code, fine.json_body["accepted"]) == (200, 1)


def _put_on_show(recording_id: str) -> None:
    """Let the recording have the playlist that its job would give it."""
    recording = container.recordings().update(recording_id, status=RecordingStatus.READY)
    job = container.jobs().get(recording.job_id) if recording else None
    assert job is not None
    uris = [playlist_key(recording_id, job.plan.source_version, r.id, job.id) for r in job.plan.streams]
    body = "\n".join(["#EXTM3U", *(f"/{uri}" for uri in uris)]).encode()
    key = f"media/{recording_id}/master.m3u8"
    container.media_objects().put_bytes(key, body, content_type="a/b", cache_control="no-cache")


def _numbers(found: Any) -> list[float]:
    if isinstance(found, dict):
        return [number for value in found.values() for number in _numbers(value)]
    if isinstance(found, list):
        return [number for value in found for number in _numbers(value)]
    return [found] if isinstance(found, int | float) else []
