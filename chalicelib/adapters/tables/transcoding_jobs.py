"""The transcoding_jobs table."""

from __future__ import annotations

from pynamodb.attributes import BooleanAttribute, JSONAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.adapters.tables.base import BILLING, Count, PackedJson, Seconds, Table
from chalicelib.adapters.tables.mapping import read_item
from chalicelib.domain.job import Job, JobPlan, JobStatus, Priority


class ByRecording(GlobalSecondaryIndex["JobItem"]):
    """Jobs of a recording in order of time."""

    class Meta:
        """Index settings."""

        index_name = "by_recording"
        projection = AllProjection()

    recording_id = UnicodeAttribute(hash_key=True)
    created_at = Seconds(range_key=True)


class ByStatus(GlobalSecondaryIndex["JobItem"]):
    """For sweeps."""

    class Meta:
        """Index settings."""

        index_name = "by_status"
        projection = AllProjection()

    status = UnicodeAttribute(hash_key=True)
    created_at = Seconds(range_key=True)


class JobItem(Table):
    """One job as stored; attributes are named as domain.job.Job's fields, the plan is packed."""

    class Meta:
        """Table settings."""

        kind = "transcoding_jobs"
        billing_mode = BILLING

    id = UnicodeAttribute(hash_key=True)
    recording_id = UnicodeAttribute()
    owner = UnicodeAttribute()
    status = UnicodeAttribute()
    plan = PackedJson()
    created_at = Seconds()
    started_at = Seconds(null=True)
    finished_at = Seconds(null=True)
    playable_at = Seconds(null=True)
    priority = UnicodeAttribute(default="normal")
    max_cost_usd = Seconds(null=True)
    earlier = JSONAttribute(null=True)
    fanned_out = BooleanAttribute(default=False)
    touched_at = Seconds(default=0.0)
    tasks_done = Count(default=0)
    vmaf = JSONAttribute(null=True)
    error_code = UnicodeAttribute(null=True)
    error_detail = UnicodeAttribute(null=True)

    by_recording = ByRecording()
    by_status = ByStatus()


def job_of(item: JobItem) -> Job:
    """Read a stored job."""
    decoded = {"priority": Priority(item.priority), "earlier": tuple(item.earlier or ())}
    return read_item(Job, item, {}, status=JobStatus(item.status), plan=JobPlan.from_dict(item.plan), **decoded)
