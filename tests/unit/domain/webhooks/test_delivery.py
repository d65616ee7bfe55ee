"""Deliveries: when the next attempt is due, and when there is none."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.webhooks.delivery import (
    KEPT_ATTEMPTS,
    LATE_S,
    QUEUE_DELAY_S,
    WAITS_S,
    Answer,
    Delivery,
    DeliveryStatus,
    delivery_of,
)
from chalicelib.domain.webhooks.events import made_up_event

NOW = 1_800_000_000.0
EVENT = made_up_event("evt_1", "ada", NOW - 5)
FIRST = delivery_of(EVENT, "wh_1", NOW)
BROKEN = Answer(500, duration_ms=3)


def failed_through(delivery: Delivery, answer: Answer = BROKEN) -> tuple[Delivery, list[float]]:
    """Fail at each due moment until the end; returns the last state and the moments, from the first on."""
    now, moments = NOW, []
    while delivery.status is DeliveryStatus.PENDING:
        moments.append(now - NOW)
        delivery = delivery.after(answer, now)
        now = delivery.next_attempt_at or now
    return delivery, moments


def test_a_delivery_is_tried_for_a_day() -> None:
    """Soon at first, then ever more rarely, eight times in all; each wait within a tenth of what is documented."""
    last, moments = failed_through(FIRST)
    waits = [after - before for before, after in pairwise(moments)]
    assert last.status is DeliveryStatus.FAILED
    assert len(waits) == len(WAITS_S)
    assert all(0.9 * planned <= wait <= 1.1 * planned for planned, wait in zip(WAITS_S, waits, strict=True))
    assert 0.9 * 84905 <= moments[-1] <= 1.1 * 84905
    assert (last.next_attempt_at, last.due_at, last.tries) == (None, None, 8)


def test_waits_are_spread() -> None:
    """What failed together does not come back together, and the same delivery always waits the same."""
    ids = [replace(FIRST, id=f"dlv_{number}") for number in range(50)]
    waits = {one.after(BROKEN, NOW).next_attempt_at for one in ids}
    assert len(waits) > 25
    assert FIRST.after(BROKEN, NOW) == FIRST.after(BROKEN, NOW)


def test_success_ends_it() -> None:
    """Whatever failed before."""
    done = FIRST.after(BROKEN, NOW).after(Answer(204), NOW + 5)
    assert (done.status, done.due_at, [a.status for a in done.attempts]) == (DeliveryStatus.DELIVERED, None, [500, 204])


def test_gone_ends_it_at_once() -> None:
    """410: the receiver wants no more."""
    assert FIRST.after(Answer(410), NOW).status is DeliveryStatus.FAILED


@pytest.mark.parametrize(
    ("asked", "least", "most"), [(None, 4.5, 5.5), (60, 60, 60), (10**6, 3600, 3600), (1, 4.5, 5.5)]
)
def test_receivers_may_ask_for_time(asked: int | None, least: float, most: float) -> None:
    """Up to an hour; asking for less changes nothing."""
    after = FIRST.after(Answer(429, retry_after_s=asked), NOW)
    assert after.next_attempt_at is not None
    assert least <= after.next_attempt_at - NOW <= most


def test_the_schedule_looks_after_every_wait() -> None:
    """Long ones when they are due, short ones, which SQS brings, a minute later."""
    delivery = FIRST
    for _ in WAITS_S:
        delivery = delivery.after(BROKEN, NOW)
        assert delivery.next_attempt_at is not None
        assert delivery.due_at is not None
        short = delivery.next_attempt_at - NOW <= QUEUE_DELAY_S
        assert delivery.due_at - delivery.next_attempt_at == pytest.approx(LATE_S if short else 0)


def test_sending_it_off_anew_gives_it_all_its_tries() -> None:
    """Under the same ids, with the log going on."""
    failed, _ = failed_through(FIRST)
    again, moments = failed_through(failed.sent_off(NOW))
    assert (again.id, again.event_id, again.tries, len(moments)) == (FIRST.id, FIRST.event_id, 16, 8)


@given(st.lists(st.sampled_from([BROKEN, Answer(None, "timed_out"), Answer(302, "redirected")]), max_size=60))
def test_the_log_is_bounded(answers: list[Answer]) -> None:
    """Counts go on, the last attempts are kept, a delivery is due as long as it is pending."""
    delivery = FIRST
    for answer in answers:
        delivery = delivery.after(answer, NOW)
        assert (delivery.due_at is not None) == (delivery.status is DeliveryStatus.PENDING)
        if delivery.status is not DeliveryStatus.PENDING:
            delivery = delivery.sent_off(NOW)
    assert delivery.tries == len(answers)
    assert len(delivery.attempts) == min(len(answers), KEPT_ATTEMPTS)


def test_ids_sort_by_time_and_are_the_same_for_the_same_event() -> None:
    """Whoever makes the delivery again finds it there."""
    later = delivery_of(replace(EVENT, id="evt_0", at=EVENT.at + 1), "wh_1", NOW)
    assert delivery_of(EVENT, "wh_1", NOW + 99).id == FIRST.id
    assert delivery_of(EVENT, "wh_2", NOW).id != FIRST.id
    assert later.id > FIRST.id
