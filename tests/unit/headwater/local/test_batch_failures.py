"""What a function's response says about its batch."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headwater.local.event_sources import failed_ids

BATCH = {"a", "b"}


@pytest.mark.parametrize("response", [None, {}, {"batchItemFailures": None}, {"batchItemFailures": []}, {"x": 1}])
def test_all_went_well(response: Any) -> None:
    """Nothing, or nothing in the list, is success."""
    assert failed_ids(json.dumps(response).encode(), BATCH) == set()


def test_an_empty_body_is_success() -> None:
    """A handler may return nothing at all."""
    assert failed_ids(b"", BATCH) == set()


def test_the_named_ones_failed() -> None:
    """Only they stay."""
    assert failed_ids(b'{"batchItemFailures": [{"itemIdentifier": "b"}]}', BATCH) == {"b"}


@pytest.mark.parametrize(
    "response",
    [
        "done",
        ["a"],
        {"batchItemFailures": "a"},
        {"batchItemFailures": ["a"]},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"id": "a"}]},
        {"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "another batch's"}]},
    ],
)
def test_what_cannot_be_understood_fails_the_whole_batch(response: Any) -> None:
    """Lambda keeps all of it in the queue, and so do we."""
    assert failed_ids(json.dumps(response).encode(), BATCH) == BATCH


def test_no_json_fails_the_whole_batch() -> None:
    """The same for bytes that are no document."""
    assert failed_ids(b"<html>", BATCH) == BATCH
