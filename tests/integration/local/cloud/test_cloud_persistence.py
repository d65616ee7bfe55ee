"""What a data folder keeps."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from headwater.local.persistence import DataFolderError

if TYPE_CHECKING:
    from pathlib import Path


def _fill(cloud: Any) -> dict[str, str]:
    s3, (sqs, queue), tables = cloud.bucket("kept"), cloud.queue("kept", VisibilityTimeout="600"), cloud.table("kept")
    s3.put_object(Bucket="kept", Key="a/ü", Body=b"body", ContentType="video/mp4", Metadata={"v": "1"})
    s3.put_object(Bucket="kept", Key="empty", Body=b"")
    s3.put_object(Bucket="kept", Key="gone", Body=b"x")
    s3.delete_object(Bucket="kept", Key="gone")
    upload = s3.create_multipart_upload(Bucket="kept", Key="big", ContentType="video/webm")["UploadId"]
    s3.upload_part(Bucket="kept", Key="big", UploadId=upload, PartNumber=1, Body=b"p" * 5_300_000)
    for body in ("held", "waiting", "deleted"):
        sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId="g")
    sqs.receive_message(QueueUrl=queue)
    last = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    handles = {message["Body"]: message["ReceiptHandle"] for message in last}
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=handles["deleted"])
    _write_items(tables)
    cloud.client("secretsmanager").create_secret(Name="key", SecretString="old")
    cloud.client("secretsmanager").put_secret_value(SecretId="key", SecretString="secret")
    return {"upload": upload}


def _write_items(tables: Any) -> None:
    for name in ("plain", "updated", "deleted", "moved"):
        tables.put_item(TableName="kept", Item={"id": {"S": name}, "n": {"N": "1"}, "b": {"B": b"\x00\xff"}})
    change = {"TableName": "kept", "Key": {"id": {"S": "updated"}}, "UpdateExpression": "SET n = :n"}
    tables.update_item(**change, ExpressionAttributeValues={":n": {"N": "2"}})
    tables.delete_item(TableName="kept", Key={"id": {"S": "deleted"}})
    tables.transact_write_items(
        TransactItems=[
            {"Delete": {"TableName": "kept", "Key": {"id": {"S": "moved"}}}},
            {"Put": {"TableName": "kept", "Item": {"id": {"S": "transacted"}, "n": {"N": "3"}}}},
        ]
    )
    tables.batch_write_item(RequestItems={"kept": [{"PutRequest": {"Item": {"id": {"S": "batch"}, "n": {"N": "4"}}}}]})


def _check(cloud: Any, known: dict[str, str]) -> None:
    s3, (sqs, queue), tables = cloud.bucket("kept"), cloud.queue("kept", VisibilityTimeout="600"), cloud.table("kept")
    listed = [entry["Key"] for entry in s3.list_objects_v2(Bucket="kept")["Contents"]]
    found = s3.get_object(Bucket="kept", Key="a/ü")
    assert listed == ["a/ü", "empty"]
    assert (found["Body"].read(), found["ContentType"], found["Metadata"]) == (b"body", "video/mp4", {"v": "1"})
    assert s3.get_object(Bucket="kept", Key="empty")["Body"].read() == b""
    _finish_upload(s3, known["upload"])
    items = {item["id"]["S"]: item["n"]["N"] for item in tables.scan(TableName="kept")["Items"]}
    assert items == {"plain": "1", "updated": "2", "transacted": "3", "batch": "4"}
    assert tables.get_item(TableName="kept", Key={"id": {"S": "plain"}})["Item"]["b"] == {"B": b"\x00\xff"}
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    counts = {message["Body"]: message["Attributes"]["ApproximateReceiveCount"] for message in received}
    assert counts == {"held": "2", "waiting": "2"}
    assert cloud.client("secretsmanager").get_secret_value(SecretId="key")["SecretString"] == "secret"


def _finish_upload(s3: Any, upload: str) -> None:
    part = s3.list_parts(Bucket="kept", Key="big", UploadId=upload)["Parts"][0]
    tag = s3.upload_part(Bucket="kept", Key="big", UploadId=upload, PartNumber=2, Body=b"tail")["ETag"]
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}, {"PartNumber": 2, "ETag": tag}]
    s3.complete_multipart_upload(Bucket="kept", Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
    head = s3.head_object(Bucket="kept", Key="big")
    assert (head["ContentLength"], head["ContentType"]) == (5_300_004, "video/webm")


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_restart_keeps_everything(start_cloud: Any, tmp_path: Path, how: str) -> None:
    """Objects, unfinished uploads, items, messages and secrets outlive a clean stop and `kill -9` alike."""
    first = start_cloud(tmp_path / "data")
    known = _fill(first)
    if how == "kill":
        os.kill(first.emulator.pid, signal.SIGKILL)
    first.emulator.stop()
    _check(start_cloud(tmp_path / "data"), known)


def test_a_foreign_folder_is_refused(start_cloud: Any, tmp_path: Path) -> None:
    """Somebody's documents are not a data folder."""
    (tmp_path / "thesis.txt").write_text("my life's work")
    with pytest.raises(DataFolderError, match="not a Headwater data folder"):
        start_cloud(tmp_path)


def test_a_newer_folder_is_refused(start_cloud: Any, tmp_path: Path) -> None:
    """A format of a later version is named, not guessed at."""
    (tmp_path / "headwater-data.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(DataFolderError, match="data format 99"):
        start_cloud(tmp_path)


def test_a_damaged_database_is_refused(start_cloud: Any, tmp_path: Path) -> None:
    """Garbage where the state should be ends in a sentence."""
    start_cloud(tmp_path / "data").emulator.stop()
    (tmp_path / "data" / "cloud" / "state.db").write_bytes(b"garbage" * 1000)
    with pytest.raises(DataFolderError, match="damaged"):
        start_cloud(tmp_path / "data")


def test_a_folder_serves_one_stack_at_a_time(start_cloud: Any, tmp_path: Path) -> None:
    """Two emulators on one folder would ruin it."""
    start_cloud(tmp_path / "data")
    with pytest.raises(DataFolderError, match="in use"):
        start_cloud(tmp_path / "data")


def test_the_emulator_ends_with_its_owner(start_cloud: Any) -> None:
    """When the pipe to it closes, for whatever reason, it goes."""
    emulator = start_cloud().emulator
    pid = emulator.pid
    emulator.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
