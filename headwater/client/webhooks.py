"""The calls about webhooks, one method each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from headwater.client.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from headwater.client.transport import Transport

Json = dict[str, Any]
_PAGE = 100


class WebhooksApi:
    """One's webhooks at one origin. Every method raises ApiError or Unreachable."""

    def __init__(self, transport: Transport) -> None:
        """Use `transport`, which knows origin and tokens."""
        self._transport = transport

    def all(self) -> list[Json]:
        """Return them, oldest first."""
        found: list[Json] = self._object("GET", "")["webhooks"]
        return found

    def add(self, url: str, events: Sequence[str], description: str) -> Json:
        """Make one; returns `webhook` and `secret`."""
        return self._object("POST", "", {"url": url, "events": list(events), "description": description})

    def test(self, webhook_id: str) -> Json:
        """Send a made-up event; returns its delivery."""
        sent: Json = self._object("POST", f"/{_part(webhook_id)}/test")["delivery"]
        return sent

    def deliveries(self, webhook_id: str, *, limit: int) -> Iterator[Json]:
        """Yield the log, newest events first, at most `limit`."""
        cursor, given = "", 0
        while True:
            asked = {"limit": str(min(limit - given, _PAGE))} | ({"cursor": cursor} if cursor else {})
            page = self._object("GET", f"/{_part(webhook_id)}/deliveries", query=asked)
            yield from page["deliveries"]
            given += len(page["deliveries"])
            cursor = page["next_cursor"] or ""
            if not cursor or given >= limit:
                return

    def remove(self, webhook_id: str) -> None:
        """Remove one with its log."""
        self._transport.json("DELETE", f"/api/v1/webhooks/{_part(webhook_id)}")

    def _object(self, method: str, path: str, body: Json | None = None, query: dict[str, str] | None = None) -> Json:
        answer = self._transport.json(method, f"/api/v1/webhooks{path}", body=body, query=query)
        if not isinstance(answer, dict):
            raise Unreachable(f"What answers at {self._transport.base_url} is not Headwater's API.")
        return answer


def _part(text: str) -> str:
    return quote(text, safe="")
