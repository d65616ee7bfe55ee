"""moto's DynamoDB, one request at a time, with items that survive; and Secrets Manager with secrets that survive.

moto loses updates when requests to one table overlap, and lets two optimistic writers both win: the lock here is
what makes conditional writes mean something. After each write the items it named are mirrored into the store.
"""

from __future__ import annotations

import base64
import json
import threading
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend, secretsmanager_backends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from moto.dynamodb.models.table import Table

    from headwater.local.persistence import Store

_OK = "200"
_INSERT = "INSERT OR REPLACE INTO items VALUES (?, ?, ?)"
_DELETE = "DELETE FROM items WHERE tbl = ? AND key = ?"


class DurableTables:
    """WSGI middleware for requests whose target is DynamoDB."""

    def __init__(self, app: WSGIApplication, store: Store, *, account: str, region: str) -> None:
        self._app = app
        self._store = store
        self._where = account, region
        self._lock = threading.Lock()

    def respond(
        self, environ: WSGIEnvironment, start_response: StartResponse, operation: str, body: bytes
    ) -> Iterable[bytes]:
        """Run one request under the lock; what it wrote is stored before the answer goes out."""
        status: list[str] = []

        def noted(line: str, *rest: Any) -> Callable[[bytes], object]:
            status.append(line)
            return start_response(line, *rest)

        with self._lock:
            answer = self._app(environ, noted)
            if status and status[-1].startswith(_OK):
                self._mirror(operation, json.loads(body or b"{}"))
        return answer

    def _mirror(self, operation: str, request: dict[str, Any]) -> None:
        if operation == "CreateTable":
            self._restore(self._table(request["TableName"]))
        elif operation == "DeleteTable":
            self._store.write(("DELETE FROM items WHERE tbl = ?", (request["TableName"],)))
        elif touched := list(_touched(operation, request)):
            self._store.write(*(self._statement(name, item) for name, item in touched))

    def _table(self, name: str) -> Table:
        account, region = self._where
        return dynamodb_backends[account][region].tables[name.rsplit("/", 1)[-1]]

    def _statement(self, name: str, attributes: dict[str, Any]) -> tuple[str, tuple[object, ...]]:
        table = self._table(name)
        key = {attribute: attributes[attribute] for attribute in table.table_key_attrs}
        values = [DynamoType(from_wire(value)) for value in key.values()]
        item = table.get_item(*values)  # type: ignore[arg-type]  # annotated (hash, projection), takes (hash, range)
        row = (table.name, json.dumps(key, sort_keys=True))
        if not item:
            return _DELETE, row
        return _INSERT, (*row, json.dumps({k: to_wire(v) for k, v in item.attrs.items()}))

    def _restore(self, table: Table) -> None:
        for (item,) in self._store.read("SELECT item FROM items WHERE tbl = ?", table.name):
            table.put_item({name: from_wire(value) for name, value in json.loads(item).items()}, overwrite=True)


def _touched(operation: str, request: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (table, attributes that include the key) of every item a successful request may have changed."""
    if operation in {"PutItem", "UpdateItem", "DeleteItem"}:
        yield request["TableName"], request.get("Item") or request["Key"]
    elif operation == "BatchWriteItem":
        for name, changes in request["RequestItems"].items():
            for change in changes:
                yield name, change["PutRequest"]["Item"] if "PutRequest" in change else change["DeleteRequest"]["Key"]
    elif operation == "TransactWriteItems":
        for entry in request["TransactItems"]:
            for kind, change in entry.items():
                if kind != "ConditionCheck":
                    yield change["TableName"], change.get("Item") or change["Key"]


def to_wire(attribute: DynamoType) -> dict[str, Any]:
    """Return an attribute as DynamoDB's JSON has it, bytes in base64: moto's own does not reach into sets."""
    kind, value = attribute.type, attribute.value
    if kind == "M":
        return {kind: {name: to_wire(member) for name, member in value.items()}}
    if kind == "L":
        return {kind: [to_wire(member) for member in value]}
    if kind == "BS":
        return {kind: [_text(member) for member in value]}
    return {kind: _text(value) if kind == "B" else list(value) if kind in {"SS", "NS"} else value}


def _text(value: bytes | str) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def from_wire(attribute: dict[str, Any]) -> dict[str, Any]:
    """Return what moto holds in memory for an attribute of DynamoDB's JSON: the same with bytes for base64."""
    ((kind, value),) = attribute.items()
    if kind == "M":
        return {kind: {name: from_wire(member) for name, member in value.items()}}
    if kind == "L":
        return {kind: [from_wire(member) for member in value]}
    if kind == "BS":
        return {kind: [base64.b64decode(member) for member in value]}
    return {kind: base64.b64decode(value)} if kind == "B" else attribute


class DurableSecrets(SecretsManagerBackend):
    """Secrets with a string value; the current version of each is kept."""

    store: Store
    home: str

    def __init__(self, region_name: str, account_id: str) -> None:
        """Start with the secrets of an earlier run, in the region the stack lives in."""
        super().__init__(region_name, account_id)
        if region_name == self.home:
            for name, value in self.store.read("SELECT name, value FROM secrets"):
                super()._add_secret(name, secret_string=value)

    @property
    def _url_module(self) -> Any:
        # moto finds its routes by the backend's module, which would be ours
        return __import__("moto.secretsmanager.urls", fromlist=["url_bases", "url_paths"])

    def _add_secret(
        self, secret_id: str, secret_string: str | None = None, *args: Any, **kwargs: Any
    ) -> tuple[FakeSecret, bool]:
        secret, created = super()._add_secret(secret_id, secret_string, *args, **kwargs)
        if secret_string is not None:
            self.store.write(("INSERT OR REPLACE INTO secrets VALUES (?, ?)", (secret.name, secret_string)))
        return secret, created


def install(store: Store, *, region: str) -> None:
    """Replace moto's Secrets Manager with this one, for the whole process."""
    DurableSecrets.store = store
    DurableSecrets.home = region
    secretsmanager_backends.backend = DurableSecrets
