"""What requests about webhooks look like."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictBool

from chalicelib.domain.text import one_line
from chalicelib.domain.webhooks.changes import SUBSCRIBABLE
from chalicelib.domain.webhooks.endpoint import ALL
from chalicelib.domain.webhooks.targets import MAX_URL_CHARS
from chalicelib.entrypoints.schemas import Body, Query
from chalicelib.services.webhooks import Wish

MAX_EVENTS = 20
DESCRIPTION_CHARS = 200
CURSOR_CHARS = 64
_KNOWN = (ALL, *(event.value for event in SUBSCRIBABLE))


def _known(name: str) -> str:
    if name not in _KNOWN:
        raise ValueError(f"must be one of {', '.join(_KNOWN)}")
    return name


def _settled(names: list[str]) -> list[str]:
    return [ALL] if ALL in names else list(dict.fromkeys(names))


def _short(text: str) -> str:
    line = one_line(text)
    if len(line) > DESCRIPTION_CHARS:
        raise ValueError(f"must have at most {DESCRIPTION_CHARS} characters")
    return line


Url = Annotated[str, Field(strict=True, min_length=1, max_length=MAX_URL_CHARS)]
EventName = Annotated[str, Field(strict=True), AfterValidator(_known)]
EventNames = Annotated[list[EventName], Field(min_length=1, max_length=MAX_EVENTS), AfterValidator(_settled)]
Description = Annotated[str, Field(strict=True, max_length=1000), AfterValidator(_short)]


class CreateWebhook(Body):
    """POST /v1/webhooks."""

    url: Url
    events: EventNames
    description: Description = ""

    def wish(self) -> Wish:
        """Return the webhook that is wanted."""
        return Wish(self.url, tuple(self.events), self.description)


class ChangeWebhook(Body):
    """PATCH /v1/webhooks/{id}; what is left out stays as it is."""

    url: Url | None = None
    events: EventNames | None = None
    description: Description | None = None
    enabled: StrictBool | None = None

    def changes(self) -> dict[str, Any]:
        """Return only what is to change."""
        found = self.model_dump(exclude_none=True)
        return found | ({"events": tuple(found["events"])} if "events" in found else {})


class DeliveriesQuery(Query):
    """GET /v1/webhooks/{id}/deliveries."""

    limit: Annotated[int, Field(ge=1, le=100)] = 25
    cursor: Annotated[str, Field(min_length=1, max_length=CURSOR_CHARS)] | None = None
