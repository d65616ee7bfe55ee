"""Webhooks: what they want, their secrets, and when they are given up."""

from __future__ import annotations

from dataclasses import replace

from chalicelib.domain.webhooks.changes import SUBSCRIBABLE, EventType
from chalicelib.domain.webhooks.endpoint import GIVEN_UP_AFTER_S, OVERLAP_S, SecretRef, Webhook

HOOK = Webhook("wh_1", "ada", "https://a.test/", ("recording.ready",), 100.0, secrets=(SecretRef("s1", "h1"),))


def test_subscriptions() -> None:
    """What was asked for, everything for `*`, nothing while disabled."""
    everything = replace(HOOK, events=("*",))
    assert [event.value for event in SUBSCRIBABLE if HOOK.wants(event)] == ["recording.ready"]
    assert all(everything.wants(event) for event in EventType)
    assert not replace(everything, enabled=False).wants(EventType.RECORDING_READY)


def test_rotating_keeps_the_old_secret_for_a_day() -> None:
    """Then the new one signs alone; of many rotations the last three sign."""
    rotated = HOOK.rotated(SecretRef("s2", "h2"), 1000.0)
    assert [ref.salt for ref in rotated.signing(1000.0 + OVERLAP_S - 1)] == ["s2", "s1"]
    assert [ref.salt for ref in rotated.signing(1000.0 + OVERLAP_S)] == ["s2"]
    often = HOOK
    for number in range(5):
        often = often.rotated(SecretRef(f"n{number}", "h"), 1000.0 + number)
    assert [ref.salt for ref in often.signing(1010.0)] == ["n4", "n3", "n2"]


def test_a_second_rotation_does_not_prolong_the_first_secret() -> None:
    """It ends when it was said to end."""
    twice = HOOK.rotated(SecretRef("s2", "h"), 1000.0).rotated(SecretRef("s3", "h"), 2000.0)
    ends = {ref.salt: ref.expires_at for ref in twice.secrets}
    assert ends == {"s3": None, "s2": 2000.0 + OVERLAP_S, "s1": 1000.0 + OVERLAP_S}


def test_five_days_of_failure_disable_it() -> None:
    """Not a moment sooner, and one success in between begins the count anew."""
    failed = HOOK.failed(1000.0, gone=False)
    nearly = failed.failed(1000.0 + GIVEN_UP_AFTER_S - 1, gone=False)
    over = nearly.failed(1000.0 + GIVEN_UP_AFTER_S, gone=False)
    better = nearly.succeeded(5000.0).failed(1000.0 + GIVEN_UP_AFTER_S, gone=False)
    assert (nearly.enabled, nearly.failing_since) == (True, 1000.0)
    assert (over.enabled, over.disabled_reason, over.last_status) == (False, "failing", "failed")
    assert (better.enabled, better.failing_since) == (True, 1000.0 + GIVEN_UP_AFTER_S)


def test_a_receiver_that_is_gone_disables_it_at_once() -> None:
    """It asked for no more."""
    gone = HOOK.failed(1000.0, gone=True)
    assert (gone.enabled, gone.disabled_reason) == (False, "gone")


def test_enabling_forgets_how_it_failed() -> None:
    """The five days begin anew; disabling by hand has no reason of ours."""
    gone = HOOK.failed(1000.0, gone=True)
    again = gone.changed({"enabled": True})
    assert (again.enabled, again.disabled_reason, again.failing_since) == (True, "", None)
    assert gone.changed({"enabled": False}).disabled_reason == ""
    assert HOOK.changed({"description": "x"}).version == HOOK.version + 1
