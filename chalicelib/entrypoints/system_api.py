"""/health and /openapi.json: for machines and people who want to know what this is."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from chalice.app import Blueprint, Response

import chalicelib
from chalicelib.entrypoints.problems import answers
from chalicelib.entrypoints.views import ok

blueprint = Blueprint(__name__)
DOCUMENT = Path(chalicelib.__file__).with_name("openapi.json")


# Both stand at the origin's root and under the API's stage.
@blueprint.route("/health", methods=["GET"], content_types=[], name="health")
@blueprint.route("/v1/health", methods=["GET"], content_types=[], name="health_v1")
@answers
def health() -> Response:
    """Say that the API runs, and which version."""
    return ok({"status": "ok", "version": chalicelib.__version__})


@blueprint.route("/openapi.json", methods=["GET"], content_types=[], name="openapi")
@blueprint.route("/v1/openapi.json", methods=["GET"], content_types=[], name="openapi_v1")
@answers
def openapi() -> Response:
    """Return the contract."""
    return ok(_document(), headers={"Cache-Control": "public, max-age=300"})


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(DOCUMENT.read_text("utf-8"))
    return document
