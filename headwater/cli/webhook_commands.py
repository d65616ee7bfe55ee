"""What `headwater webhooks` does: call the API, show the answer, return an exit code."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from headwater.cli.exits import Exit, complain, exit_coded
from headwater.cli.results import say
from headwater.cli.text import moment, print_json
from headwater.client.webhooks import WebhooksApi

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headwater.cli.options import Server

Json = dict[str, Any]
PATIENCE_S = 15.0
"""For a test to arrive or to fail once: an attempt takes ten seconds at most."""
_PAUSE_S = 0.5


@exit_coded
def listed(server: Server, *, as_json: bool) -> Exit:
    """List webhooks, two lines each or as {"webhooks": [...]}."""
    found = _api(server).all()
    if as_json:
        print_json({"webhooks": found})
        return Exit.OK
    for hook in found:
        say(f"{hook['id']}  {_health(hook):<12}  {hook['url']}")
        say(f"    {', '.join(hook['events'])}{'  ' + hook['description'] if hook['description'] else ''}")
    if not found:
        say("No webhooks.")
    return Exit.OK


@exit_coded
def add(server: Server, address: str, events: Sequence[str], description: str, *, as_json: bool) -> Exit:
    """Make one, and print its secret."""
    made = _api(server).add(address, events, description)
    if as_json:
        print_json(made)
        return Exit.OK
    say(f"Added {made['webhook']['id']}. Its secret, which is shown this once:")
    say(made["secret"])
    return Exit.OK


@exit_coded
def test(server: Server, webhook_id: str, *, as_json: bool) -> Exit:
    """Send a made-up event and wait for its first attempt."""
    api = _api(server)
    delivery = api.test(webhook_id)
    until = time.monotonic() + PATIENCE_S
    while not delivery["attempts"] and time.monotonic() < until:
        time.sleep(_PAUSE_S)
        delivery = next((one for one in api.deliveries(webhook_id, limit=25) if one["id"] == delivery["id"]), delivery)
    arrived = delivery["status"] == "delivered"
    if as_json:
        print_json(delivery)
    elif arrived:
        say(f"Arrived: {_outcome(delivery)}")
    else:
        complain(f"it has not arrived: {_outcome(delivery)}")
    return Exit.OK if arrived else Exit.FAILED


@exit_coded
def deliveries(server: Server, webhook_id: str, *, limit: int, as_json: bool) -> Exit:
    """List the log, a line each or as {"deliveries": [...]}."""
    found = list(_api(server).deliveries(webhook_id, limit=limit))
    if as_json:
        print_json({"deliveries": found})
        return Exit.OK
    for one in found:
        title = one["payload"]["data"]["recording"]["title"]
        say(f"{moment(one['created_at'])}  {one['status']:<9}  {one['type']:<18}  {_outcome(one)}  {title}")
    if not found:
        say("Nothing was sent in the last thirty days.")
    return Exit.OK


@exit_coded
def remove(server: Server, webhook_id: str) -> Exit:
    """Remove one."""
    _api(server).remove(webhook_id)
    say(f"Removed {webhook_id}.")
    return Exit.OK


def _api(server: Server) -> WebhooksApi:
    return WebhooksApi(server.api().transport)


def _health(hook: Json) -> str:
    if not hook["enabled"]:
        return f"off ({hook['disabled_reason']})" if hook["disabled_reason"] else "off"
    return "failing" if hook["failing_since"] else "delivering" if hook["last"] else "new"


def _outcome(delivery: Json) -> str:
    if not delivery["attempts"]:
        return "not tried yet"
    last, number = delivery["attempts"][-1], len(delivery["attempts"])
    said = " ".join(str(part) for part in (last["status"], last["error"]) if part is not None)
    return f"{said} after {last['duration_ms']} ms" + (f", attempt {number}" if number > 1 else "")
