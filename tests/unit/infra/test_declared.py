"""What Terraform is told to make, against the code that uses it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import app
from chalicelib.adapters.tables import ALL_MODELS
from chalicelib.config import Settings
from headwater.local import provision, static
from headwater.local.environment import Site, Stack, stack_environment
from infra import declared

ROOT = Path(app.__file__).parent
INFRA = ROOT / "infra"
TABLES = declared.tables()
LOCAL_ONLY = {
    "HEADWATER_S3_PUBLIC_ENDPOINT",
    "HEADWATER_WEBHOOK_LOCAL_TARGETS",
    "HEADWATER_LIVE_PROFILES",
    "HEADWATER_RATES",
}
"""Of the embedded cloud's settings: on AWS their defaults are right."""


@pytest.mark.parametrize("model", ALL_MODELS, ids=lambda model: model.Meta.kind)
def test_tables_are_the_models(model: Any) -> None:
    """Keys, their types, TTL; and every attribute that is declared is a key of something, as DynamoDB wants it."""
    table = TABLES[model.Meta.kind]
    attributes = model.get_attributes().values()
    assert table["hash_key"] == next(one.attr_name for one in attributes if one.is_hash_key)
    assert table["range_key"] == next((one.attr_name for one in attributes if one.is_range_key), None)
    timed = {one.attr_name for one in attributes if type(one).__name__ == "TTLAttribute"}
    assert ({table["ttl"]} if table["ttl"] else set()) == timed
    keys = {table["hash_key"], table["range_key"]}
    for index in table["indexes"].values():
        keys |= {index["hash_key"], index["range_key"]}
    assert set(table["attributes"]) == keys - {None}


def test_indexes_that_policies_name_exist() -> None:
    """A function's right to query an index that nobody makes would be found out by the function."""
    named = set()
    for policy in (ROOT / ".chalice/policies/prod").glob("*.json"):
        named |= set(re.findall(r"table/headwater-prod-([\w]+)(?:/index/(\w+))?", policy.read_text("utf-8")))
    assert {table for table, _ in named} == set(TABLES)
    assert {(table, index) for table, index in named if index and index not in TABLES[table]["indexes"]} == set()


def test_queues_are_the_stack_s() -> None:
    """Every queue that the local stack makes, under the name that settings have for its address."""
    queues = declared.queues("prod")
    assert set(queues) == set(Settings().queue_urls)
    stack = Stack(stage="prod")
    expected = {(one.name, one.dead_letters, one.fifo, one.visibility_s, one.receives) for one in stack.queues}
    fields = ("name", "dead_letters", "fifo", "visibility_s", "receives")
    assert {tuple(queue[field] for field in fields) for queue in queues.values()} == expected


def test_visibility_outlasts_the_functions() -> None:
    """Lambda refuses a queue whose messages come back before their function is out of time."""
    config = json.loads((ROOT / ".chalice/config.json").read_text("utf-8"))["stages"]["prod"]["lambda_functions"]
    queues = declared.queues("prod")
    for source in app.app.event_sources:
        if hasattr(source, "queue"):
            short = source.queue.rsplit("-local-", 1)[-1].removesuffix(".fifo")
            assert queues[short]["visibility_s"] >= config[source.name]["lambda_timeout"], source.name


class Bucket:
    """Keeps the notifications it is given."""

    def put_bucket_notification_configuration(self, **arguments: Any) -> None:
        """As boto3's."""
        self.arguments = arguments


def test_buckets_tell_the_queues_that_the_local_one_tells() -> None:
    """Prefix by prefix."""
    bucket, stack = Bucket(), Stack()
    provision._notify(bucket, stack)  # type: ignore[arg-type]
    local = {}
    for entry in bucket.arguments["NotificationConfiguration"]["QueueConfigurations"]:
        assert entry["Events"] == ["s3:ObjectCreated:*"]
        local[entry["Id"]] = entry["Filter"]["Key"]["FilterRules"][0]["Value"]
    assert {name: one["from_s3"] for name, one in declared.queues("local").items() if one["from_s3"]} == local


def test_functions_are_told_what_they_are_told_locally() -> None:
    """Each setting that the embedded cloud gives has a value in functions.tf, and each value there is a setting."""
    text = (INFRA / "functions.tf").read_text("utf-8")
    told = set(re.findall(r"^    (HEADWATER_\w+)\s+=", text, re.MULTILINE))
    config = json.loads((ROOT / ".chalice/config.json").read_text("utf-8"))
    plain = set(config["stages"]["prod"]["environment_variables"])
    local = {name for name in stack_environment(Stack(), Site("http://e", "http://p")) if name.startswith("HEADWATER_")}
    assert local - LOCAL_ONLY <= told | plain
    assert told <= {f"HEADWATER_{name.upper()}" for name in Settings.__annotations__}


def test_pages_have_their_headers() -> None:
    """As the embedded cloud sends them, with a mark where the public address stands."""
    found = declared.page_headers()
    assert set(found) == {"default", "studio", "embed", "recording"}
    assert "frame-ancestors *" in found["embed"]["Content-Security-Policy"]
    marks = [
        headers["Content-Security-Policy"].count("https://connect.invalid wss://connect.invalid")
        for headers in found.values()
    ]
    assert marks == [1] * 4
    main = (INFRA / "modules/cdn/main.tf").read_text("utf-8")
    assert "https://connect.invalid wss://connect.invalid" in main
    assert {header for headers in found.values() for header in headers} <= {
        *("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy"),
        *("Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy"),
    }


def test_the_site_is_what_is_served_locally() -> None:
    """Pages, their modules, vendored libraries and the engine's tables; no notes of ours."""
    files = declared.site_files(ROOT / "web")
    assert files["index.html"] == {"type": "text/html; charset=utf-8", "cache_control": "no-cache"}
    assert "README.md" not in files
    assert "assets/abr/tables/vod.json" in files
    assert [name for name in files if not declared.source_of(name, ROOT / "web").is_file()] == []
    assert {name for name in files if static.file_of(f"/{name}") is None} <= {file for _, file in declared.pages()}


@pytest.mark.parametrize("path", ["/", "/watch/rec_1", "/embed/rec_1", "/recordings/rec_1", "/studio", "/nothing"])
def test_pages_are_found_as_locally(path: str) -> None:
    """The edge's function tries the same patterns in the same order."""
    found = next((file for pattern, file in declared.pages() if re.fullmatch(pattern, path)), None)
    assert found == static.file_of(path)
