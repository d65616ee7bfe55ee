"""Bring a table's rows back to how they were: `python -m infra.restore --stage S --table recordings --at TIME [--yes]`.

DynamoDB restores into a new table only. This makes one beside the table, compares, and writes the difference back: rows
that are missing or differ; with `--remove-newer` also takes away those that were not there then. Without `--yes` it
only says what it would do. Safe to repeat: a copy that was made before is used again.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from boto3.session import Session
from botocore.exceptions import BotoCoreError, ClientError

from infra import stages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """What tells a table from its copy: rows to write, and keys of rows that the copy does not have."""

    write: list[Item] = field(default_factory=list)
    newer: list[Item] = field(default_factory=list)


def copy_of(dynamodb: Any, table: str, at: datetime) -> str:
    """Restore `table` as it was at `at` beside itself, unless that was done before; returns the copy's name."""
    name = f"{table}-{at.astimezone(UTC):%Y%m%dT%H%M%S}"
    with suppress(dynamodb.exceptions.TableAlreadyExistsException):
        dynamodb.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=name, RestoreDateTime=at)
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 15, "MaxAttempts": 480})
    return name


def difference(dynamodb: Any, table: str, copy: str) -> Difference:
    """Compare both, row by row; keeps keys and changed rows in memory only."""
    names = [key["AttributeName"] for key in dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]]
    there = {_key(item, names): item for item in _rows(dynamodb, table)}
    found = Difference()
    for item in _rows(dynamodb, copy):
        if there.pop(_key(item, names), None) != item:
            found.write.append(item)
    found.newer.extend({name: item[name] for name in names} for item in there.values())
    return found


def put_back(dynamodb: Any, table: str, found: Difference, *, remove_newer: bool) -> None:
    """Write the difference into the table, one row after the other."""
    for item in found.write:
        dynamodb.put_item(TableName=table, Item=item)
    for key in found.newer if remove_newer else ():
        dynamodb.delete_item(TableName=table, Key=key)


def _rows(dynamodb: Any, table: str) -> Iterator[Item]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def _key(item: Item, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(item[name]) for name in names)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.restore", description=__doc__.partition("\n")[0])
    parser.add_argument("--stage", required=True)
    parser.add_argument("--region", default="eu-central-1")
    parser.add_argument("--table", required=True, help="without the stage: recordings")
    parser.add_argument("--at", required=True, help="ISO 8601 with its zone: 2026-11-29T08:30:00+01:00")
    parser.add_argument("--remove-newer", action="store_true", help="take away rows that were not there then")
    parser.add_argument("--yes", action="store_true", help="write; otherwise only say what would be written")
    chosen = parser.parse_args(arguments)
    at = datetime.fromisoformat(chosen.at)
    if at.tzinfo is None:
        parser.error("--at needs its zone, such as +00:00.")
    table = f"headwater-{stages.check(chosen.stage)}-{chosen.table}"
    dynamodb = Session(region_name=chosen.region).client("dynamodb")
    try:
        copy = copy_of(dynamodb, table, at)
        found = difference(dynamodb, table, copy)
        if chosen.yes:
            put_back(dynamodb, table, found, remove_newer=chosen.remove_newer)
    except (ClientError, BotoCoreError) as error:
        sys.stderr.write(f"restore: {error}\n")
        return 1
    done = "written" if chosen.yes else "would be written"
    gone = "removed" if chosen.yes and chosen.remove_newer else "newer, left as they are"
    sys.stdout.write(f"{table}: {len(found.write)} rows {done}, {len(found.newer)} {gone}.\n")
    sys.stdout.write(f"The copy stays: aws dynamodb delete-table --table-name {copy}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
