"""What real requests of AWS's own client do, in IAM's words."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from boto3.session import Session
from botocore.config import Config

from headwater.local.needs import AwsRequest, Place, needs
from headwater.local.policies import Need

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse

PLACE = Place("123456789012", "eu-central-1")
KEY = {"id": {"S": "a"}}
TABLE, QUEUE = "arn:aws:dynamodb:eu-central-1:123456789012:table/t", "arn:aws:sqs:eu-central-1:123456789012:"
ON_T: dict[str, Any] = {"TableName": "t", "Key": KEY}
AT = "http://aws.invalid/123456789012/"
B: dict[str, Any] = {"Bucket": "b"}
K: dict[str, Any] = {"Bucket": "b", "Key": "a b/ü?.m4s"}
PART: dict[str, Any] = {**K, "UploadId": "u"}
OBJECT = "arn:aws:s3:::b/a b/ü?.m4s"


class Sent(Exception):
    """Raised in place of sending; holds the request."""

    def __init__(self, request: AwsRequest) -> None:
        super().__init__()
        self.request = request


@cache
def client(service: str) -> Any:
    """Return a client that sends nothing."""
    session = Session("AKIAX", "secret", None, PLACE.region)
    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    made: Any = session.client(service, endpoint_url="http://aws.invalid", config=config)  # type: ignore[call-overload]

    def keep(request: Any, **_: Any) -> AWSResponse:
        parts = urlsplit(request.url)
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        }
        body = request.body if isinstance(request.body, bytes) else b""
        raise Sent(AwsRequest(request.method, parts.path, parts.query, headers, body, service))

    made.meta.events.register("before-send", keep)
    return made


def sent(service: str, operation: str, arguments: dict[str, Any]) -> AwsRequest:
    """Return the request that boto3 would send."""
    with pytest.raises(Sent) as stopped:
        getattr(client(service), operation)(**arguments)
    return stopped.value.request


CASES: list[tuple[str, str, dict[str, Any], list[tuple[str, str]]]] = [
    ("dynamodb", "get_item", ON_T, [("dynamodb:GetItem", TABLE)]),
    ("dynamodb", "put_item", {"TableName": TABLE, "Item": KEY}, [("dynamodb:PutItem", TABLE)]),
    (
        "dynamodb",
        "query",
        {"TableName": "t", "IndexName": "by_owner", "KeyConditionExpression": "a = b"},
        [("dynamodb:Query", f"{TABLE}/index/by_owner")],
    ),
    ("dynamodb", "scan", {"TableName": "t"}, [("dynamodb:Scan", TABLE)]),
    ("dynamodb", "list_tables", {}, [("dynamodb:ListTables", "*")]),
    (
        "dynamodb",
        "batch_get_item",
        {"RequestItems": {"t": {"Keys": [KEY]}, "u": {"Keys": [KEY]}}},
        [("dynamodb:BatchGetItem", TABLE), ("dynamodb:BatchGetItem", TABLE[:-1] + "u")],
    ),
    (
        "dynamodb",
        "transact_write_items",
        {
            "TransactItems": [
                {"Put": {"TableName": "t", "Item": KEY}},
                {"Update": {**ON_T, "UpdateExpression": "SET a = b"}},
                {"Delete": ON_T},
                {"ConditionCheck": {**ON_T, "ConditionExpression": "a = b"}},
            ]
        },
        [(f"dynamodb:{name}", TABLE) for name in ("PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem")],
    ),
    ("sqs", "send_message", {"QueueUrl": f"{AT}q", "MessageBody": "x"}, [("sqs:SendMessage", f"{QUEUE}q")]),
    (
        "sqs",
        "send_message_batch",
        {"QueueUrl": f"{AT}q.fifo", "Entries": [{"Id": "0", "MessageBody": "x"}]},
        [("sqs:SendMessage", f"{QUEUE}q.fifo")],
    ),
    (
        "sqs",
        "delete_message_batch",
        {"QueueUrl": f"{AT}q", "Entries": [{"Id": "0", "ReceiptHandle": "r"}]},
        [("sqs:DeleteMessage", f"{QUEUE}q")],
    ),
    ("sqs", "create_queue", {"QueueName": "q"}, [("sqs:CreateQueue", f"{QUEUE}q")]),
    ("sqs", "list_queues", {}, [("sqs:ListQueues", "*")]),
    (
        "secretsmanager",
        "get_secret_value",
        {"SecretId": "key"},
        [("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:key-000000")],
    ),
    (
        "events",
        "put_events",
        {"Entries": [{"EventBusName": "bus", "Detail": "{}"}, {"EventBusName": "bus"}]},
        [("events:PutEvents", "arn:aws:events:eu-central-1:123456789012:event-bus/bus")],
    ),
    ("s3", "get_object", K, [("s3:GetObject", OBJECT)]),
    ("s3", "head_object", K, [("s3:GetObject", OBJECT)]),
    ("s3", "get_object", {**K, "VersionId": "v"}, [("s3:GetObjectVersion", OBJECT)]),
    ("s3", "put_object", K, [("s3:PutObject", OBJECT)]),
    ("s3", "put_object", {**K, "IfMatch": "e"}, [("s3:PutObject", OBJECT), ("s3:GetObject", OBJECT)]),
    ("s3", "put_object", {**K, "IfNoneMatch": "*"}, [("s3:PutObject", OBJECT)]),
    (
        "s3",
        "copy_object",
        {**K, "CopySource": {"Bucket": "c", "Key": "d e"}},
        [("s3:PutObject", OBJECT), ("s3:GetObject", "arn:aws:s3:::c/d e")],
    ),
    ("s3", "delete_object", K, [("s3:DeleteObject", OBJECT)]),
    (
        "s3",
        "delete_objects",
        {**B, "Delete": {"Objects": [{"Key": "a&b"}, {"Key": "c"}]}},
        [("s3:DeleteObject", "arn:aws:s3:::b/a&b"), ("s3:DeleteObject", "arn:aws:s3:::b/c")],
    ),
    ("s3", "create_multipart_upload", K, [("s3:PutObject", OBJECT)]),
    ("s3", "upload_part", {**PART, "PartNumber": 1}, [("s3:PutObject", OBJECT)]),
    ("s3", "complete_multipart_upload", PART, [("s3:PutObject", OBJECT)]),
    ("s3", "abort_multipart_upload", PART, [("s3:AbortMultipartUpload", OBJECT)]),
    ("s3", "list_parts", PART, [("s3:ListMultipartUploadParts", OBJECT)]),
    ("s3", "list_objects_v2", {**B, "Prefix": "x"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
    ("s3", "head_bucket", B, [("s3:ListBucket", "arn:aws:s3:::b")]),
    ("s3", "list_multipart_uploads", B, [("s3:ListBucketMultipartUploads", "arn:aws:s3:::b")]),
    ("s3", "get_object_acl", K, [("s3:GET?acl", OBJECT)]),
    ("s3", "get_bucket_policy", B, [("s3:GET?policy", "arn:aws:s3:::b")]),
    ("s3", "list_buckets", {}, [("s3:ListAllMyBuckets", "*")]),
]


@pytest.mark.parametrize(("service", "operation", "arguments", "expected"), CASES)
def test_what_a_request_needs(
    service: str, operation: str, arguments: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """Every table, queue, secret, bus and object it touches, by the actions that AWS asks for."""
    assert needs(sent(service, operation, arguments), PLACE) == [Need(*pair) for pair in expected]


def test_a_service_nobody_knows_needs_everything_of_it() -> None:
    """So that a role without wildcards is refused."""
    request = AwsRequest("POST", "/", "", {}, b"Action=AssumeRole", "sts")
    assert needs(request, PLACE) == [Need("sts:?", "*")]
