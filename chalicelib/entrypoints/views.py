"""What answers look like: domain objects as JSON, and the headers every answer carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Response

from chalicelib.domain.documents import iso, played, rendition_document, still_links

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.abr.levels import BitrateLevel
    from chalicelib.domain.caption_tracks import CaptionTrack
    from chalicelib.domain.job import Job
    from chalicelib.domain.recording import Recording
    from chalicelib.services.playback import Links
    from chalicelib.services.quality import Advice
    from chalicelib.services.reports import Answer
    from chalicelib.services.uploading import UploadSession
    from chalicelib.services.viewers import SessionTicket

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""Answers depend on who asks and hold signed addresses: nobody in between may keep them."""


def ok(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, Any] | None = None) -> Response:
    """Return a JSON response."""
    return Response(
        dict(body), headers={"Content-Type": "application/json", **HEADERS, **(headers or {})}, status_code=status
    )


def no_content() -> Response:
    """Return 204."""
    return Response("", headers=dict(HEADERS), status_code=204)


def recording_view(recording: Recording, links: Links) -> dict[str, Any]:
    """Return a recording as its owner sees it."""
    error = {"code": recording.error_code, "detail": recording.error_detail} if recording.error_code else None
    return {
        "id": recording.id,
        "owner": recording.owner,
        "title": recording.title,
        "filename": recording.filename or None,
        "content_type": recording.content_type or None,
        "size_bytes": recording.size_bytes,
        "room_id": recording.room_id or None,
        "visibility": recording.visibility.value,
        "status": recording.status.value,
        "error": error,
        "duration_s": recording.duration_s or None,
        "width": recording.width or None,
        "height": recording.height or None,
        "created_at": iso(recording.created_at),
        "updated_at": iso(recording.updated_at),
        "job_id": recording.job_id or None,
        "live": recording.is_live,
        "stream_id": recording.stream_id or None,
        **still_links(recording),
        "playback_url": links.playback_url,
        "master_url": links.master_url,
    }


def caption_view(track: CaptionTrack) -> dict[str, Any]:
    """Return what a caption track is."""
    return {
        "language": track.language,
        "label": track.label,
        "kind": track.kind.value,
        "default": track.default,
        "origin": track.origin.value,
        "cues": track.cues,
    }


def upload_view(session: UploadSession) -> dict[str, Any]:
    """Return where an upload stands and where its next parts go."""
    plan = session.plan
    return {
        "part_size_bytes": plan.part_size_bytes,
        "part_count": plan.count,
        "uploaded": [{"part_number": p.number, "size_bytes": p.size, "etag": p.etag} for p in session.uploaded],
        "parts": [{"part_number": n, "size_bytes": plan.size_of(n), "url": url} for n, url in session.urls.items()],
        "expires_at": iso(session.expires_at),
    }


def job_view(job: Job) -> dict[str, Any]:
    """Return a job with what it makes."""
    return {
        "id": job.id,
        "recording_id": job.recording_id,
        "status": job.status.value,
        "priority": job.priority.value,
        "max_cost_usd": job.max_cost_usd,
        "created_at": iso(job.created_at),
        "renditions": [rendition_document(rendition) for rendition in played(job.plan.renditions)],
    }


def level_view(level: BitrateLevel) -> dict[str, Any]:
    """Return a rung of the ladder as players choose it; `level` is its place from the bottom."""
    return {
        "id": level.id,
        "level": level.index,
        "name": level.name,
        "quality": level.quality.value,
        "bitrate_kbps": level.kbps,
        "width": level.width or None,
        "height": level.height or None,
        "frame_rate": round(level.frame_rate, 3) or None,
    }


def advice_view(advice: Advice) -> dict[str, Any]:
    """Return a recommendation; `explain` only where it was asked for."""
    past = advice.past
    shown = {
        **_advised(advice),
        "start": advice.start,
        "basis": advice.basis,
        "prior": None if past is None else {"mean_log_kbps": past.mean_log_kbps, "weight": past.weight},
    }
    return shown | ({"explain": dict(advice.explanation)} if advice.explanation else {})


def report_view(answer: Answer) -> dict[str, Any]:
    """Return what became of a report, and what to do next."""
    return {
        "accepted": answer.taken.accepted,
        "ignored": answer.taken.ignored,
        "refused": [{"seq": sequence, "reason": reason} for sequence, reason in answer.taken.refused],
        "last_seq": answer.last,
        **_advised(answer.advice),
        "report_after_s": answer.report_after_s,
    }


def _advised(advice: Advice) -> dict[str, Any]:
    cap = None if advice.cap is None else level_view(advice.cap) | {"reason": advice.cap_reason}
    return {"recommended": level_view(advice.level), "rule": advice.rule, "reason": advice.reason, "cap": cap}


def ticket_view(ticket: SessionTicket) -> dict[str, Any]:
    """Return the session to report under."""
    return {
        "id": ticket.id,
        "token": ticket.token,
        "events_url": ticket.events_url,
        "expires_at": iso(ticket.expires_at),
    }
