"""Pages of a filtered index in order of time, with opaque cursors and a bound on what one call reads."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.tables.base import run
from chalicelib.domain.keys import address
from chalicelib.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynamodb.expressions.condition import Condition
    from pynamodb.indexes import GlobalSecondaryIndex

    from chalicelib.adapters.tables.base import Table

SELECTIVE_PAGE = 250
"""Rows read at once when a filter will drop most of them: about 16 read units."""
MOST_READS = 12


@dataclass(frozen=True, slots=True)
class Listing:
    """One partition of an index that is ordered by `created_at` over a table whose key is `id`."""

    model: type[Table]
    index: GlobalSecondaryIndex[Any]
    key_name: str
    key: str
    wanted: Condition
    selective: bool
    keep: Callable[[Any], bool] | None = None
    """A filter that DynamoDB cannot evaluate."""
    oldest_first: bool = False


def read_page(listing: Listing, *, scope: str, limit: int, cursor: str | None) -> tuple[list[Any], str | None]:
    """Return at most `limit` items and the cursor after them, None at the end.

    `scope` ties cursors to who asked. Raises BadRequest("bad_cursor") for a cursor made elsewhere.
    """
    after = None if cursor is None else _start_key(listing, scope, cursor)
    found: list[Any] = []
    pages = listing.index.query(
        listing.key,
        filter_condition=listing.wanted,
        scan_index_forward=listing.oldest_first,
        page_size=SELECTIVE_PAGE if listing.selective else limit + 1,
        last_evaluated_key=after,
    ).page_iter
    for _ in range(MOST_READS):
        page = run(lambda: next(pages, None))
        if page is None:
            break
        items = (listing.model.from_raw_data(raw) for raw in page["Items"])
        found.extend(item for item in items if listing.keep is None or listing.keep(item))
        if len(found) > limit:
            last = found[limit - 1]
            return found[:limit], _cursor(listing, scope, last.created_at, last.id)
    key = pages.last_evaluated_key
    return found, _cursor(listing, scope, float(key["created_at"]["N"]), key["id"]["S"]) if key else None


def _cursor(listing: Listing, scope: str, created_at: float, item_id: str) -> str:
    text = json.dumps([created_at, item_id, _check(listing, scope, created_at, item_id)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _start_key(listing: Listing, scope: str, cursor: str) -> dict[str, dict[str, Any]]:
    refusal = BadRequest("bad_cursor", "This cursor was not made for this list.")
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        created_at, item_id, check = json.loads(text)
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise refusal from None
    if check != _check(listing, scope, created_at, item_id):
        raise refusal
    return {
        listing.key_name: {"S": listing.key},
        "created_at": {"N": json.dumps(created_at)},
        "id": {"S": item_id},
    }


def _check(listing: Listing, scope: str, created_at: float, item_id: str) -> str:
    """Return a checksum; it needs no secret, since a forged cursor could only start elsewhere in one's own list."""
    return address({"list": listing.key_name, "key": listing.key, "scope": scope, "at": created_at, "id": item_id}, 10)
