"""Messages that lie in queues while a new version is deployed: what tests/golden/messages holds has to be read.

A folder for each version, a file for each kind, as the writer of that version sent it. A change of shape, or a new
kind, raises the version, gets files in the next folder, and leaves these as they are.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

from chalicelib.domain import messages as work
from chalicelib.domain.live import messages as live
from chalicelib.domain.messages import MESSAGE_TOO_NEW, EncodeMessage, parse_message
from chalicelib.domain.webhooks import messages as webhooks
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).parents[2] / "golden" / "messages"
FILES = sorted(GOLDEN.glob("v*/*.json"))
FAMILIES: dict[str, tuple[Callable[[str], Any], int, tuple[type, ...]]] = {
    "work": (work.parse_message, work.MESSAGE_VERSION, get_args(work.Message)),
    "live": (live.parse_live_message, live.MESSAGE_VERSION, get_args(live.LiveMessage)),
    "webhooks": (webhooks.parse_webhook_message, webhooks.VERSION, get_args(webhooks.WebhookMessage)),
}


def family_of(kind: str) -> str:
    """Name the module that reads a kind."""
    if kind.startswith("live-"):
        return "live"
    return "webhooks" if kind in {"tell", "deliver", "forget"} else "work"


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_an_earlier_version_wrote_is_read(path: Path) -> None:
    """Whatever of it the reader knows comes out again; of this version, to the letter."""
    text = path.read_text()
    golden = json.loads(text)
    assert (f"v{golden['v']}", golden["kind"]) == (path.parent.name, path.stem)
    parse, version, _ = FAMILIES[family_of(path.stem)]
    message = parse(text)
    written = json.loads(message.dumps())
    kept = set(golden) & set(written) - {"v"}
    assert {name: written[name] for name in kept} == {name: golden[name] for name in kept}
    if golden["v"] == version:
        assert written == golden


@pytest.mark.parametrize("family", FAMILIES)
def test_every_kind_has_its_file(family: str) -> None:
    """Those that this version writes."""
    parse, version, kinds = FAMILIES[family]
    texts = [path.read_text() for path in FILES if family_of(path.stem) == family]
    current = [text for text in texts if json.loads(text)["v"] == version]
    assert {type(parse(text)) for text in current} == set(kinds)


def test_what_lay_in_queues_before_work_was_shared() -> None:
    """Version 1 named one rendition, and is the only shape that differs from today's."""
    text = (GOLDEN / "v1" / "encode.json").read_text()
    expected = EncodeMessage("job_0123456789abcdefghijklmn", ("720p-1000k-0123456789ab",), (0, 1, 2))
    assert parse_message(text) == expected


@pytest.mark.parametrize("family", FAMILIES)
def test_a_later_version_waits_for_its_reader(family: str) -> None:
    """After a rollback: it goes back to its queue, in the end to the dead letters, and is never dropped."""
    parse, version, _ = FAMILIES[family]
    with pytest.raises(Transient) as refused:
        parse(json.dumps({"v": version + 1, "kind": "of tomorrow"}))
    assert refused.value.code == MESSAGE_TOO_NEW
