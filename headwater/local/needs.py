"""What a request to AWS does, in IAM's words: the actions and resources that its caller needs rights for. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from headwater.local.policies import Need

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Request = dict[str, Any]

_KEY = re.compile(rb"<Key>([^<]*)</Key>")
_BATCH = "Batch"
_TRANSACTION = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "Get": "GetItem"}
_CHECK = {"ConditionCheck": "ConditionCheckItem"}
_SUFFIX = "-000000"
"""Stands for the six characters that Secrets Manager puts behind a name."""
_BUCKET = {
    ("GET", "uploads"): "ListBucketMultipartUploads",
    ("GET", "notification"): "GetBucketNotification",
    ("PUT", "notification"): "PutBucketNotification",
    ("GET", ""): "ListBucket",
    ("HEAD", ""): "ListBucket",
    ("PUT", ""): "CreateBucket",
    ("DELETE", ""): "DeleteBucket",
}
_OBJECT = {
    ("GET", "uploadId"): "ListMultipartUploadParts",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("GET", "versionId"): "GetObjectVersion",
    ("DELETE", "versionId"): "DeleteObjectVersion",
    ("GET", ""): "GetObject",
    ("HEAD", ""): "GetObject",
    ("PUT", ""): "PutObject",
    # Beginning and completing an upload of parts
    ("POST", ""): "PutObject",
    ("DELETE", ""): "DeleteObject",
}
_PLAIN = ("list-type", "prefix", "delimiter", "max-keys", "continuation-token", "encoding-type", "start-after")
_PARTS = ("partNumber", "part-number-marker", "max-parts", "x-id", "X-Amz-", "response-")


@dataclass(frozen=True, slots=True)
class AwsRequest:
    """A request as it came: path and query encoded, names of headers in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    service: str

    @property
    def operation(self) -> str:
        """Name of the operation, for the services that are asked by one."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Place:
    """Account and region that ARNs name."""

    account: str
    region: str

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of something in this account and region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


def needs(request: AwsRequest, place: Place) -> list[Need]:
    """Return all that the request does; what is not known needs the right to do anything of its service."""
    if request.service == "s3":
        return list(_s3(request))
    read = _READERS.get(request.service)
    asked = json.loads(request.body or b"{}") if read and request.operation else None
    if read is None or not isinstance(asked, dict):
        return [Need(f"{request.service}:{request.operation or '?'}", "*")]
    return list(read(request.operation, asked, place))


def _dynamodb(operation: str, asked: Request, place: Place) -> Iterator[Need]:
    if operation.startswith("Transact"):
        for entry in asked["TransactItems"]:
            for kind, part in entry.items():
                yield Need(f"dynamodb:{(_TRANSACTION | _CHECK)[kind]}", _table(part["TableName"], place))
    elif operation.startswith(_BATCH):
        for name in asked["RequestItems"]:
            yield Need(f"dynamodb:{operation}", _table(name, place))
    else:
        index = f"/index/{asked['IndexName']}" if "IndexName" in asked else ""
        resource = _table(asked["TableName"], place) + index if "TableName" in asked else "*"
        yield Need(f"dynamodb:{operation}", resource)


def _table(name: str, place: Place) -> str:
    return name if name.startswith("arn:") else place.arn("dynamodb", f"table/{name}")


def _sqs(operation: str, asked: Request, place: Place) -> Iterator[Need]:
    name = asked.get("QueueName") or str(asked.get("QueueUrl", "")).rpartition("/")[2]
    # One message or ten: SQS knows one right for both
    yield Need(f"sqs:{operation.removesuffix(_BATCH)}", place.arn("sqs", name) if name else "*")


def _secrets(operation: str, asked: Request, place: Place) -> Iterator[Need]:
    name = str(asked.get("SecretId") or asked.get("Name", ""))
    arn = name if name.startswith("arn:") else place.arn("secretsmanager", f"secret:{name}{_SUFFIX}")
    yield Need(f"secretsmanager:{operation}", arn if name else "*")


def _events(operation: str, asked: Request, place: Place) -> Iterator[Need]:
    buses = {str(entry.get("EventBusName", "default")) for entry in asked.get("Entries", ())}
    for bus in sorted(buses) or ["default"]:
        arn = bus if bus.startswith("arn:") else place.arn("events", f"event-bus/{bus}")
        yield Need(f"events:{operation}", arn)


_READERS: dict[str, Callable[[str, Request, Place], Iterator[Need]]] = {
    "dynamodb": _dynamodb,
    "sqs": _sqs,
    "secretsmanager": _secrets,
    "events": _events,
}


def _s3(request: AwsRequest) -> Iterator[Need]:
    bucket, _, key = unquote(request.path).lstrip("/").partition("/")
    names = parse_qs(request.query, keep_blank_values=True)
    if not bucket:
        yield Need("s3:ListAllMyBuckets", "*")
    elif not key:
        yield from _s3_bucket(request, bucket, names)
    else:
        arn = f"arn:aws:s3:::{bucket}/{key}"
        action = _chosen(_OBJECT, request.method, names, _PARTS)
        yield Need(f"s3:{action}", arn)
        # To compare with what is there is to read it
        if action == "PutObject" and "if-match" in request.headers:
            yield Need("s3:GetObject", arn)
        if source := request.headers.get("x-amz-copy-source"):
            yield Need("s3:GetObject", f"arn:aws:s3:::{unquote(source).lstrip('/')}")


def _s3_bucket(request: AwsRequest, bucket: str, names: Mapping[str, list[str]]) -> Iterator[Need]:
    if request.method == "POST" and "delete" in names:
        for key in _KEY.findall(request.body):
            yield Need("s3:DeleteObject", f"arn:aws:s3:::{bucket}/{_text(key)}")
    else:
        yield Need(f"s3:{_chosen(_BUCKET, request.method, names, _PLAIN)}", f"arn:aws:s3:::{bucket}")


def _chosen(table: Mapping[tuple[str, str], str], method: str, names: Mapping[str, Any], plain: tuple[str, ...]) -> str:
    """Return the action of a method with its telling parameter; one that is in no table (`?acl`) is named after it."""
    telling = [name for name in names if not name.startswith(plain)]
    for name in telling:
        if (method, name) in table:
            return table[method, name]
    known = {name for _, name in table} | {"uploads", "uploadId"}
    strange = [name for name in telling if name not in known]
    return f"{method}?{strange[0]}" if strange else table.get((method, ""), f"{method}?")


def _text(key: bytes) -> str:
    text = key.decode("utf-8", "replace")
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
