"""Rows of the analytics_rollups table, as they are stored: sums in parts that many writers add to, and settled ones.

| `sum` | `part` | holds |
|---|---|---|
| `{shard}#{scope}` | a day, or `all` | what was added lately: a part, one attribute for each number |
| `s#{scope}` | a day, or `all` | what was settled: the same, packed |
| `u#{viewer}` | `{scope}#{day or all}` | how many of this viewer's views are in that sum |
| `p#{recording}` | an owner, or `*` | the recording's place among that owner's, or everybody's |

A sum is its settled row and its parts together, whatever was settled when. Scopes are `r#{recording}`, `o#{owner}` and
`*`, everybody's.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pynamodb.attributes import JSONAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.adapters.tables.base import BILLING, Count, PackedJson, Table
from chalicelib.domain.analytics.measures import Measures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pynamodb.expressions.update import Action

SHARDS = 8
"""Rows that one sum is spread over while sessions add to it: DynamoDB takes one change of a row at a time."""
ALL = "all"
"""The part that is over all time."""
EVERYBODY = "*"
KEEP_S = 400 * 24 * 3600
"""Thirteen months, so that a month can be compared with the same month a year before."""
_SCALARS = tuple(f.name for f in fields(Measures) if f.type == "int")
_MAPS = tuple(f.name for f in fields(Measures) if f.type != "int")


class Untidy(GlobalSecondaryIndex["RollupItem"]):
    """Parts that can be settled, by their day, or `all`."""

    class Meta:
        """Index settings. Keys alone: adding to a part does not touch the index."""

        index_name = "untidy"
        projection = KeysOnlyProjection()

    unsettled = UnicodeAttribute(hash_key=True)
    sum = UnicodeAttribute(range_key=True)


class ByWatch(GlobalSecondaryIndex["RollupItem"]):
    """Recordings of an owner, or of everybody, by watch time."""

    class Meta:
        """Index settings."""

        index_name = "by_watch"
        projection = AllProjection()

    board = UnicodeAttribute(hash_key=True)
    watched_ms = Count(range_key=True)


class RollupItem(Table):
    """One row. The numbers of a part are attributes of their own, beside these."""

    class Meta:
        """Table settings."""

        kind = "analytics_rollups"
        billing_mode = BILLING

    sum = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True)
    owner = UnicodeAttribute(null=True)
    """Of a recording's part over all time: whose it is."""
    unsettled = UnicodeAttribute(null=True)
    changes = Count(null=True)
    """How often it was added to, so that settling can tell whether it read all."""
    born = UnicodeAttribute(null=True)
    """A part's own name: it is settled whole, and what comes later begins another."""
    took = JSONAttribute(null=True)
    """Of a settled row: the parts it took last, so that a reader who saw one of them before does not add it twice."""
    packed = PackedJson(null=True)
    views_n = Count(null=True)
    """Of a viewer's row: views of theirs in that sum."""
    board = UnicodeAttribute(null=True)
    watched_ms = Count(null=True)
    views = Count(null=True)
    expires_at = TTLAttribute(null=True)

    untidy = Untidy()
    by_watch = ByWatch()


def recording_scope(recording_id: str) -> str:
    """Return what a recording's sums are kept under."""
    return f"r#{recording_id}"


def owner_scope(owner: str) -> str:
    """Return what an owner's sums are kept under, or everybody's for `*`."""
    return EVERYBODY if owner == EVERYBODY else f"o#{owner}"


def shard_of(session: str) -> int:
    """Return the part of every sum that a session adds to."""
    return hashlib.sha256(session.encode()).digest()[0] % SHARDS


def shard_key(scope: str, shard: int) -> str:
    """Return the first key of a part."""
    return f"{shard}#{scope}"


def settled_key(scope: str) -> str:
    """Return the first key of what was settled."""
    return f"s#{scope}"


def scope_of(key: str) -> str:
    """Return the scope of a part's or a settled row's first key."""
    return key.partition("#")[2]


def flat(measures: Measures) -> dict[str, int]:
    """Return every number under a name of its own, `watch_ms` or `slots/12`; without those that are 0."""
    plain: dict[str, int] = {}
    for name, value in measures.to_dict().items():
        if isinstance(value, int):
            plain[name] = value
        else:
            plain |= {f"{name}/{key}": number for key, number in value.items() if number}
    return plain


def unflat(numbers: Mapping[str, int]) -> Measures:
    """Read what `flat` returned, and leave names out that are none of ours."""
    values: dict[str, Any] = {name: numbers[name] for name in _SCALARS if name in numbers}
    maps: dict[str, Any] = {}
    for name, number in numbers.items():
        group, slash, key = name.partition("/")
        if slash and group in _MAPS and number:
            maps.setdefault(group, {})[key] = number
    return Measures(**values, **maps)


def read_measures(raw: Mapping[str, Mapping[str, Any]]) -> Measures:
    """Read a row, part or settled, as the database returned it."""
    if "packed" in raw:
        data = raw["packed"]["B"]
        return Measures.from_dict(json.loads(zlib.decompress(data)))
    return unflat({name.removeprefix("m/"): int(value["N"]) for name, value in raw.items() if name.startswith("m/")})


def adding(measures: Measures, part: str, *, born: str, owner: str = "") -> list[Action]:
    """Return what adds to a part's row, whether it is there already or not; `born` names it if it is not."""
    actions: list[Action] = [Count(attr_name=f"m/{name}").add(number) for name, number in flat(measures).items()]
    actions += [RollupItem.changes.add(1), RollupItem.unsettled.set(part), RollupItem.v.set(1)]
    actions.append(RollupItem.born.set(RollupItem.born | born))
    if part != ALL:
        actions.append(RollupItem.expires_at.set(expiry_of(part)))
    return [*actions, RollupItem.owner.set(owner)] if owner else actions


def expiry_of(day: str) -> datetime:
    """Return when the sums of a day go."""
    return datetime.fromisoformat(f"{day}T00:00:00+00:00") + timedelta(seconds=KEEP_S)
