"""Somebody's server hears of a recording: added on the page, verified by its signature, looked into and sent again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.pages import kept_session
from support.receiver import Receiver
from support.stack import someone

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page
    from support.stack import Stack

pytestmark = pytest.mark.e2e
WITHIN_MS = 60_000


def test_a_server_hears_of_a_recording(stack: Stack, short_clip: Path, page: Page, complaints: list[str]) -> None:
    """Playable, ready and deleted, each once and signed; the first answer was an error, so that one came again."""
    user = someone("wanda")
    session = kept_session(stack.token(user), user)
    page.add_init_script(f"sessionStorage.setItem('headwater.session', {session!r})")
    with Receiver() as receiver:
        receiver.answers.append((503, {}))
        page.goto(f"{stack.url}/webhooks")
        page.get_by_role("button", name="Add a webhook").click()
        page.get_by_label("Address").fill(receiver.url)
        page.get_by_role("button", name="Add", exact=True).click()
        secret = page.get_by_label("Secret", exact=True).inner_text()
        recording = stack.upload(short_clip, "--title", "Heard of", "--wait", user=user)
        assert stack.cli("delete", recording["id"], "--yes", user=user).returncode == 0
        received = receiver.wait(4, timeout_s=120)
        assert all(one.verified(secret) for one in received)
        by_id = {one.headers["webhook-id"]: one.json for one in received}
        assert sorted(event["type"] for event in by_id.values()) == [
            "recording.deleted",
            "recording.playable",
            "recording.ready",
        ]
        assert {event["data"]["recording"]["id"] for event in by_id.values()} == {recording["id"]}
        page.reload()
        expect(page.locator(".hook[data-hook]")).to_contain_text("Delivering", timeout=WITHIN_MS)
        page.get_by_role("button", name="Log").click()
        expect(page.locator("[data-delivery]")).to_have_count(3, timeout=WITHIN_MS)
        expect(page.locator("[data-status=delivered]")).to_have_count(3, timeout=WITHIN_MS)
        page.get_by_role("button", name="Delivered recording.ready").click()
        page.get_by_role("button", name="Send again").first.click()
        again = receiver.wait(5, timeout_s=60)[4]
        assert by_id[again.headers["webhook-id"]]["type"] == "recording.ready"
        page.get_by_role("button", name="Send a test").click()
        assert receiver.wait(6, timeout_s=60)[5].json["type"] == "webhook.test"
        expect(page.locator("[data-status=delivered]")).to_have_count(4, timeout=WITHIN_MS)
        hooks = json.loads(stack.cli("webhooks", "list", "--json", user=user).stdout)["webhooks"]
        assert [hook["url"] for hook in hooks] == [receiver.url]
        tested = stack.cli("webhooks", "test", hooks[0]["id"], user=user)
        assert (tested.returncode, tested.stdout.startswith("Arrived: 204")) == (0, True), tested.stderr
        assert stack.cli("webhooks", "remove", hooks[0]["id"], user=user).returncode == 0
        page.reload()
        expect(page.get_by_text("Nobody is told yet")).to_be_visible(timeout=WITHIN_MS)
        assert len(receiver.received) == 7
    assert complaints == []


def test_nothing_private_is_reached_from_a_name(stack: Stack) -> None:
    """Addresses of networks are refused when they are named; of a local stack's machine they are not."""
    with stack.api(someone("wanda")) as api:
        for url in (
            "http://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://[fd00::1]/",
            "ftp://a.test/",
        ):
            refused = api.post("/webhooks", json={"url": url, "events": ["*"]})
            assert (refused.status_code, refused.json()["code"]) == (400, "webhook_url_refused"), url
