"""Webhooks and their deliveries as stored."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.adapters import clients
from chalicelib.adapters.tables.webhook_deliveries import WebhookDeliveriesTable
from chalicelib.adapters.tables.webhooks import WebhooksTable
from chalicelib.domain.webhooks.delivery import KEPT_S, Answer, Delivery, delivery_of
from chalicelib.domain.webhooks.endpoint import SecretRef, Webhook
from chalicelib.domain.webhooks.events import made_up_event
from chalicelib.errors import BadRequest

pytestmark = pytest.mark.usefixtures("tables")
HOOK = Webhook("wh_1", "ada", "https://a.test/", ("recording.ready", "live.ended"), 100.5, "For the wiki")
FULL = replace(
    HOOK,
    enabled=False,
    disabled_reason="gone",
    secrets=(SecretRef("s2", "whsec_…bbbb"), SecretRef("s1", "whsec_…aaaa", 200.0)),
    failing_since=110.0,
    last_status="failed",
    last_at=120.25,
    version=1,
)


def make(number: int, webhook: str = "wh_1") -> Delivery:
    """Make a delivery of an event that happened at that second."""
    return delivery_of(made_up_event(f"evt_{number}", "ada", float(number)), webhook, 1000.0)


def test_webhooks_come_back_as_they_were() -> None:
    """Created once, replaced by whoever knows the latest version, and nobody else's business."""
    table = WebhooksTable()
    assert table.create(HOOK)
    assert not table.create(HOOK)
    assert table.get("ada", "wh_1") == HOOK
    assert table.get("bob", "wh_1") is None
    assert table.replace(FULL)
    assert not table.replace(FULL)
    assert table.by_owner("ada") == [FULL]
    table.delete("ada", "wh_1")
    table.delete("ada", "wh_1")
    assert table.by_owner("ada") == []
    assert not table.replace(replace(FULL, version=2))


def test_deliveries_come_back_as_they_were() -> None:
    """With their attempts and payload, until thirty days have passed."""
    table, first = WebhookDeliveriesTable(), make(1)
    assert table.create(first)
    assert not table.create(first)
    tried = first.after(Answer(None, "timed_out", 10_001), 1000.0)
    assert table.replace(tried)
    assert not table.replace(tried)
    assert table.get("wh_1", first.id) == tried
    done = tried.after(Answer(200, "", 5), 1005.0)
    assert table.replace(done)
    assert table.get("wh_1", first.id) == done
    key = {"webhook_id": {"S": "wh_1"}, "id": {"S": first.id}}
    item = clients.client("dynamodb").get_item(TableName="headwater-local-webhook_deliveries", Key=key)["Item"]
    assert int(item["expires_at"]["N"]) == 1000 + KEPT_S


def test_the_log_is_paged() -> None:
    """Newest events first; a cursor from elsewhere is refused."""
    table = WebhookDeliveriesTable()
    for number in range(5):
        table.create(make(number))
    table.create(make(9, "wh_2"))
    first, cursor = table.page("wh_1", limit=2, cursor=None)
    second, more = table.page("wh_1", limit=3, cursor=cursor)
    assert [one.event_id for one in (*first, *second)] == ["evt_4", "evt_3", "evt_2", "evt_1", "evt_0"]
    assert more is None
    with pytest.raises(BadRequest, match="bad_cursor"):
        table.page("wh_1", limit=2, cursor="dlv_x")


def test_the_schedule_finds_what_is_due() -> None:
    """Earliest first, and nothing that has ended."""
    table, first, second, third = WebhookDeliveriesTable(), make(1), make(2), make(3)
    for delivery in (first, second, third):
        table.create(delivery)
    table.replace(second.after(Answer(200), 1000.0))
    table.replace(third.claimed(900.0))
    assert [one.id for one in table.due(1060.0, limit=10)] == [third.id, first.id]
    assert [one.id for one in table.due(1059.0, limit=10)] == [third.id]
    assert len(table.due(2000.0, limit=1)) == 1


def test_a_log_can_be_forgotten() -> None:
    """One webhook's alone."""
    table = WebhookDeliveriesTable()
    for number in range(30):
        table.create(make(number))
    table.create(make(1, "wh_2"))
    table.forget("wh_1")
    assert table.page("wh_1", limit=50, cursor=None) == ([], None)
    assert len(table.page("wh_2", limit=50, cursor=None)[0]) == 1
