"""Priority, cost limits and receipts over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import container
from chalicelib.domain.cost import Bill, PriceTable, receipt
from chalicelib.domain.job import COST_LIMIT_REACHED, JobStatus

if TYPE_CHECKING:
    from conftest import Api

LOW = {"profiles": ["low"], "priority": "high", "max_cost_usd": 0.5}


def test_wishes_are_kept_and_the_ladder_is_the_job(api: Api) -> None:
    """202 into the urgent queue; the same request, and one with other wishes, find the same job as it was."""
    path = f"/v1/recordings/{api.uploaded()}/transcode"
    made = api.call("POST", f"{path}/quality", LOW)
    assert (made.status_code, made.json_body["priority"], made.json_body["max_cost_usd"]) == (202, "high", 0.5)
    assert len(api.messages("encode-high")) > 0
    for body in (LOW, {"profiles": ["low"], "max_cost_usd": 9}):
        again = api.call("POST", f"{path}/quality", body)
        assert (again.status_code, again.json_body) == (200, made.json_body | {"status": "in-progress"})


@pytest.mark.parametrize(
    ("what", "body", "field"),
    [
        ("quality", {"priority": "urgent"}, "priority"),
        ("quality", {"max_cost_usd": 0}, "max_cost_usd"),
        ("quality", {"profiles": []}, "profiles"),
        ("retry", {"max_cost_usd": "1"}, "max_cost_usd"),
        ("retry", {"limit": 1}, "limit"),
    ],
)
def test_what_cannot_be_meant_is_refused(api: Api, what: str, body: dict[str, Any], field: str) -> None:
    """400, with the field and a sentence."""
    answer = api.call("POST", f"/v1/recordings/{api.uploaded()}/transcode/{what}", body)
    assert (answer.status_code, [error["field"] for error in answer.json_body["errors"]]) == (400, [field])


def test_a_limit_that_was_reached_is_raised(api: Api) -> None:
    """409 as long as it is not; then the job goes on with the new one, and without one."""
    path = f"/v1/recordings/{api.uploaded()}/transcode"
    job_id = api.call("POST", f"{path}/quality", LOW).json_body["id"]

    def stop() -> None:
        container.jobs().update(job_id, status=JobStatus.CANCELLED, error_code=COST_LIMIT_REACHED)

    stop()
    for body in (None, {"max_cost_usd": 0.5}):
        answer = api.call("POST", f"{path}/retry", body)
        assert (answer.status_code, answer.json_body["code"]) == (409, COST_LIMIT_REACHED)
    assert api.call("POST", f"{path}/retry", {"max_cost_usd": 0.75}).json_body["max_cost_usd"] == 0.75
    stop()
    assert api.call("POST", f"{path}/retry", {"max_cost_usd": None}).json_body["max_cost_usd"] is None


def test_money_is_its_owners(api: Api) -> None:
    """The receipt is the sum of the job's bills; whoever else may watch sees nothing of it."""
    recording_id = api.uploaded(visibility="public")
    path = f"/v1/recordings/{recording_id}/transcode"
    job_id = api.call("POST", f"{path}/quality", LOW).json_body["id"]
    bill = Bill("b1", job_id, "on_encode", memory_mb=3538, ms=12_345)
    container.ledger().record(bill)
    expected = (0.5, receipt([bill], PriceTable()).to_dict())

    def money(**who: Any) -> tuple[object, object]:
        document = api.call("GET", f"{path}/progress", **who).json_body
        assert document["priority"] == "high"
        return document["max_cost_usd"], document["cost"]

    assert money() == expected
    assert money(role="viewer") == expected
    assert money(user="root", role="admin") == expected
    assert money(user="berta") == (None, None)
    assert money(user=None) == (None, None)
