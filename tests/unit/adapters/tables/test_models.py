"""Items hold exactly what the domain's records hold, and the schema's version."""

from __future__ import annotations

from dataclasses import fields

import pytest

from chalicelib.adapters.tables.job_bills import BillItem
from chalicelib.adapters.tables.live_stream_rows import StreamItem
from chalicelib.adapters.tables.recordings import RecordingItem
from chalicelib.adapters.tables.transcoding_jobs import JobItem
from chalicelib.adapters.tables.viewer_analytics import SessionItem
from chalicelib.domain.cost import Bill
from chalicelib.domain.job import Job
from chalicelib.domain.live.stream import LiveStream
from chalicelib.domain.recording import Recording
from chalicelib.services.analytics_ports import ViewerSession

TELLING = {"untold", "tell"}
"""What a row has to tell to webhooks."""


@pytest.mark.parametrize(
    ("item", "record", "extra"),
    [
        (RecordingItem, Recording, TELLING),
        (JobItem, Job, set()),
        (BillItem, Bill, set()),
        (SessionItem, ViewerSession, {"expires_at", "owner_room"}),
    ],
)
def test_every_field_has_an_attribute(item: type, record: type, extra: set[str]) -> None:
    """A field added to a record and forgotten here would be lost without a word."""
    names = {part.name for part in fields(record)}

    assert set(item.get_attributes()) == names | extra | {"v"}


def test_a_stream_keeps_its_course_packed() -> None:
    """Epochs and runs are one attribute; the rest is as the domain has it."""
    names = {part.name for part in fields(LiveStream)} - {"epochs", "runs"}

    assert set(StreamItem.get_attributes()) == names | TELLING | {
        *("course", "sweep", "stream_id", "primary", "backup", "v")
    }
