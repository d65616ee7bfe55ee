"""A table brought back with AWS's point-in-time recovery, rehearsed on moto."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.adapters import clients
from chalicelib.adapters.tables.recordings import RecordingItem
from chalicelib.config import settings
from infra import restore

if TYPE_CHECKING:
    from collections.abc import Iterator

STAGE, REGION = "proof", "eu-central-1"
TABLE = f"headwater-{STAGE}-recordings"
AT = datetime(2026, 11, 29, 8, 30, tzinfo=UTC)
COPY = f"{TABLE}-20261129T083000"
ARGUMENTS = ["--stage", STAGE, "--region", REGION, "--table", "recordings", "--at", "2026-11-29T09:30:00+01:00"]


def row(name: str, title: str = "Lecture") -> dict[str, Any]:
    """Return a recording's row."""
    text = {"id": name, "owner": "ada", "status": "ready", "title": title}
    return {key: {"S": value} for key, value in text.items()} | {"created_at": {"N": "1"}, "v": {"N": "1"}}


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A stage's tables: two rows at the time to go back to, then one lost, one spoilt, one new."""
    for service in ("", "_DYNAMODB"):
        monkeypatch.delenv(f"AWS_ENDPOINT_URL{service}", raising=False)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("HEADWATER_TABLE_PREFIX", f"headwater-{STAGE}-")
    settings.cache_clear()
    clients.reset()
    with mock_aws():
        RecordingItem.create_table(wait=True)
        client: Any = boto3.client("dynamodb", region_name=REGION)
        client.update_continuous_backups(
            TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        for name in ("rec_lost", "rec_spoilt", "rec_same"):
            client.put_item(TableName=TABLE, Item=row(name))
        restore.copy_of(client, TABLE, AT)  # moto knows no past: its copy is of now
        client.delete_item(TableName=TABLE, Key={"id": {"S": "rec_lost"}})
        client.put_item(TableName=TABLE, Item=row("rec_spoilt", "???"))
        client.put_item(TableName=TABLE, Item=row("rec_new"))
        yield client
    clients.reset()
    settings.cache_clear()


def titles(dynamodb: Any) -> dict[str, str]:
    """Return what is in the table."""
    items = dynamodb.scan(TableName=TABLE)["Items"]
    return {item["id"]["S"]: item["title"]["S"] for item in items}


def test_it_says_first_what_it_would_do(dynamodb: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """And changes nothing."""
    before = titles(dynamodb)
    assert restore.main(ARGUMENTS) == 0
    assert titles(dynamodb) == before
    said = capsys.readouterr().out
    assert f"{TABLE}: 2 rows would be written, 1 newer, left as they are." in said
    assert COPY in said


@pytest.mark.parametrize(("more", "new"), [([], {"rec_new": "Lecture"}), (["--remove-newer"], {})])
def test_rows_come_back(dynamodb: Any, more: list[str], new: dict[str, str]) -> None:
    """What was lost and what was spoilt; what came since stays unless told otherwise. Twice is as once."""
    whole = {"rec_lost": "Lecture", "rec_spoilt": "Lecture", "rec_same": "Lecture"}
    for _ in range(2):
        assert restore.main([*ARGUMENTS, "--yes", *more]) == 0
        assert titles(dynamodb) == whole | new


@pytest.mark.usefixtures("dynamodb")
def test_a_table_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Is said in AWS's words, and nothing is done."""
    arguments = [*ARGUMENTS[:5], "records", *ARGUMENTS[6:], "--yes"]
    assert restore.main(arguments) == 1
    assert "restore:" in capsys.readouterr().err
