"""/v1/recordings/{id}/download: the source, and each rendition as one file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib import container
from chalicelib.domain.access import Action
from chalicelib.domain.documents import iso, rendition_document
from chalicelib.entrypoints.authorizer import authorizer
from chalicelib.entrypoints.problems import answers
from chalicelib.entrypoints.requests import caller_of
from chalicelib.entrypoints.views import ok

if TYPE_CHECKING:
    from chalice.app import Response

    from chalicelib.domain.recording import Recording
    from chalicelib.services.downloads import Download

blueprint = Blueprint(__name__)
_COME_BACK_S = "2"


@blueprint.route("/v1/recordings/{recording_id}/download", methods=["GET"], authorizer=authorizer, content_types=[])
@answers
def read_downloads(recording_id: str) -> Response:
    """Sign an address of the source, and say which renditions can be had."""
    recording, downloads = _mine(recording_id), container.downloads()
    found = downloads.renditions(recording)
    listed = [rendition_document(r) | {"download": name, "ready": ready} for r, name, ready in found]
    return ok({"source": _view(downloads.original(recording)), "renditions": listed})


@blueprint.route(
    "/v1/recordings/{recording_id}/download/{rendition}", methods=["GET"], authorizer=authorizer, content_types=[]
)
@answers
def read_download(recording_id: str, rendition: str) -> Response:
    """Sign an address of a rendition's file: 200; 202 as long as it is not there."""
    return _answer(container.downloads().look(_mine(recording_id), rendition))


@blueprint.route(
    "/v1/recordings/{recording_id}/download/{rendition}", methods=["POST"], authorizer=authorizer, content_types=[]
)
@answers
def make_download(recording_id: str, rendition: str) -> Response:
    """Have a rendition's file made: 202; 200 when it is there."""
    return _answer(container.downloads().ask(_mine(recording_id), rendition))


def _mine(recording_id: str) -> Recording:
    return container.library().find(caller_of(blueprint.current_request), recording_id, Action.DOWNLOAD)


def _answer(download: Download | None) -> Response:
    if download is None:
        return ok({"status": "pending"}, status=202, headers={"Retry-After": _COME_BACK_S})
    return ok(_view(download))


def _view(download: Download) -> dict[str, Any]:
    return {
        "url": download.url,
        "filename": download.filename,
        "size_bytes": download.size_bytes,
        "expires_at": iso(download.expires_at),
    }
