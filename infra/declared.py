# ruff: noqa: SLF001  the site's and the models' own tables are read, so that there is one of each
"""What Terraform has to make, read out of the code that uses it: tables, queues, pages and their headers.

Tables are read from the PynamoDB models, queues from the embedded cloud's stack, pages from its static site: whoever
adds one there has it on AWS too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.adapters.tables import ALL_MODELS
from headwater.local import static
from headwater.local.environment import Stack

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pynamodb.attributes import Attribute

    from chalicelib.adapters.tables.base import Table
    from headwater.local.environment import QueueSpec

ELSEWHERE = "https://connect.invalid"
"""Stands in the pages' policy for the one local origin; the cdn module puts the deployed ones there."""
NOTIFIED = {"uploads": "sources/", "live": "ingest/"}
"""Queues that hear of new objects in the source bucket, and below which prefix."""
_LASTING = ("vendor/", "assets/vendor/")
_PAGES = {"default": "", "studio": "studio.html", "embed": "embed.html", "recording": "recording.html"}


def tables() -> dict[str, dict[str, Any]]:
    """Return keys, indexes and the TTL attribute of every table, by its name without the stage."""
    return {model.Meta.kind: _table(model) for model in ALL_MODELS}  # type: ignore[attr-defined]  # our addition to Meta


def _table(model: type[Table]) -> dict[str, Any]:
    schema = model._get_schema()  # what create_table sends: the one place that knows the indexes
    keys = _keys(schema["key_schema"])
    indexes = {
        index["index_name"]: {**_keys(index["key_schema"]), "projection": index["projection"]["ProjectionType"]}
        for index in schema["global_secondary_indexes"]
    }
    ttl: Attribute[Any] | None = model._ttl_attribute()  # type: ignore[no-untyped-call]
    return {
        **keys,
        "ttl": ttl.attr_name if ttl is not None else None,
        "attributes": {entry["AttributeName"]: entry["AttributeType"] for entry in schema["attribute_definitions"]},
        "indexes": indexes,
    }


def _keys(schema: Iterable[Mapping[str, Any]]) -> dict[str, str | None]:
    found = {entry["KeyType"]: entry["AttributeName"] for entry in schema}
    return {"hash_key": found["HASH"], "range_key": found.get("RANGE")}


def queues(stage: str) -> dict[str, dict[str, Any]]:
    """Return every queue of a stage, by its name without the stage and `.fifo`."""
    stack = Stack(stage=stage)
    prefixes = {getattr(stack, name).name: prefix for name, prefix in NOTIFIED.items()}
    return {_short(queue, stack.prefix): _queue(queue, prefixes.get(queue.name)) for queue in stack.queues}


def _short(queue: QueueSpec, prefix: str) -> str:
    return queue.name.removeprefix(prefix).removesuffix(".fifo")


def _queue(queue: QueueSpec, from_s3: str | None) -> dict[str, Any]:
    return {
        "name": queue.name,
        "dead_letters": queue.dead_letters,
        "fifo": queue.fifo,
        "visibility_s": queue.visibility_s,
        "receives": queue.receives,
        "from_s3": from_s3,
    }


def pages() -> list[list[str]]:
    """Return the path patterns of pages and the files that draw them, in the order in which they are tried."""
    return [[pattern.pattern, file] for pattern, file in static._PAGES]


def page_headers() -> dict[str, dict[str, str]]:
    """Return the security headers of each kind of page."""
    return {name: static.security_headers(ELSEWHERE, file) for name, file in _PAGES.items()}


def site_files(web: Path) -> dict[str, dict[str, str]]:
    """Return each file of the site, by key, with type and caching: what the embedded cloud would serve of web/."""
    names = {str(path.relative_to(web)) for path in web.rglob("*") if path.is_file()}
    drawn = {file for _, file in static._PAGES}
    served = {name for name in names if name in drawn or static.file_of(f"/{name}") == name}
    tables_ = {f"{static._TABLES}{path.name}" for path in static._TABLES_ROOT.glob("*.json")}
    return {name: _file(name) for name in sorted(served | tables_)}


def _file(name: str) -> dict[str, str]:
    lasting = name.startswith(_LASTING)
    return {
        "type": static._MIME["." + name.rpartition(".")[2]],
        "cache_control": "public, max-age=86400" if lasting else "no-cache",
    }


def source_of(name: str, web: Path) -> Path:
    """Return the file that a key of the site is a copy of."""
    return static._TABLES_ROOT / name.removeprefix(static._TABLES) if name.startswith(static._TABLES) else web / name
