"""An emulator that knows the roles of the local stack, and callers that have one of them."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest

from headwater.local.aws import REGION, AwsEmulator
from headwater.local.environment import Stack
from headwater.local.presign import Credentials, unsigned
from headwater.local.roles import Roles, load_roles

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[4]
SECRET = Credentials("AKIAHEADWATERLOCAL00", "a secret of this test", REGION)
_TARGETS = {
    "dynamodb": "DynamoDB_20120810",
    "sqs": "AmazonSQS",
    "secretsmanager": "secretsmanager",
    "events": "AWSEvents",
}
_S3 = {
    "GetObject": "GET",
    "PutObject": "PUT",
    "DeleteObject": "DELETE",
    "AbortMultipartUpload": "DELETE",
    "ListMultipartUploadParts": "GET",
    "ListBucket": "GET",
    "ListBucketMultipartUploads": "GET",
}


@dataclass(frozen=True)
class Answer:
    """What came back: status and the error's code and message, empty where there was none."""

    status: int
    text: str

    def refuses(self, action: str) -> bool:
        """True when it says that the caller lacks the right for this action."""
        return f"is not authorized to perform: {action} on resource" in self.text


class Caller:
    """Sends requests with the credentials of one role, on one connection."""

    def __init__(self, endpoint: str, credentials: Credentials) -> None:
        self._credentials = credentials
        self._connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=60)

    def ask(self, action: str, resource: str) -> Answer:
        """Ask for an action on the thing that an ARN names, with nothing else in the request that makes sense."""
        service, _, operation = action.partition(":")
        if service == "s3":
            bucket, _, key = resource.removeprefix("arn:aws:s3:::").partition("/")
            upload = "?uploads" if operation == "ListBucketMultipartUploads" else ""
            upload = "?uploadId=u" if "Multipart" in operation and not upload else upload
            return self.send("s3", _S3[operation], f"/{bucket}/{quote(key)}".rstrip("/") + upload)
        name = resource.split(":", 5)[5]
        headers = {"X-Amz-Target": f"{_TARGETS[service]}.{operation}", "Content-Type": "application/x-amz-json-1.0"}
        return self.send(service, "POST", "/", headers, json.dumps(_asked(service, operation, name)))

    def send(
        self, service: str, method: str, path: str, headers: dict[str, str] | None = None, body: str = ""
    ) -> Answer:
        """Send one request as it is written."""
        sent = {**unsigned(self._credentials, service), **(headers or {})}
        self._connection.request(method, path, body, sent)
        answer = self._connection.getresponse()
        return Answer(answer.status, answer.read().decode("utf-8", "replace"))


def _asked(service: str, operation: str, name: str) -> dict[str, Any]:
    if service == "dynamodb":
        table, _, index = name.removeprefix("table/").partition("/index/")
        if operation.startswith("Batch"):
            return {"RequestItems": {table: []}}
        return {"TableName": table, "Key": {}, "Item": {}} | ({"IndexName": index} if index else {})
    if service == "sqs":
        return {"QueueUrl": f"http://127.0.0.1/123456789012/{name}", "MessageBody": "x", "ReceiptHandle": "r"}
    if service == "events":
        return {"Entries": [{"EventBusName": name.removeprefix("event-bus/")}]}
    return {"SecretId": name.removeprefix("secret:").rpartition("-")[0]}


@pytest.fixture(scope="module")
def roles() -> Roles:
    """The roles as they are deployed, with keys of this test."""
    return load_roles(ROOT, Stack(), SECRET)


@pytest.fixture(scope="module")
def endpoint(roles: Roles) -> Iterator[str]:
    """An emulator with nothing in it that knows these roles."""
    with AwsEmulator() as emulator:
        address = emulator.start()
        emulator.enforce(roles)
        yield address


@pytest.fixture(scope="module")
def callers(roles: Roles, endpoint: str) -> dict[str, Caller]:
    """A caller for each role, by the name of its function or part."""
    return {name: Caller(endpoint, role.credentials) for name, role in {**roles.functions, **roles.control}.items()}
