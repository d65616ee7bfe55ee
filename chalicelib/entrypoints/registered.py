"""Every blueprint of the product, in one place: what importing this costs, only the API has to pay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.adapters.telemetry import http_middleware
from chalicelib.entrypoints import (
    analytics_api,
    authorizer,
    captions_api,
    dead_letters_api,
    downloads_api,
    ingest_authorizer,
    live_api,
    on_broadcast,
    on_encode,
    on_encode_high,
    on_lifecycle,
    on_live_segment,
    on_prepare,
    on_schedule,
    on_upload,
    on_webhook,
    playback_api,
    quality_api,
    recordings_api,
    system_api,
    transcode_api,
    webhooks_api,
)

if TYPE_CHECKING:
    from chalice.app import Chalice

MODULES = (
    authorizer,
    recordings_api,
    transcode_api,
    playback_api,
    quality_api,
    captions_api,
    dead_letters_api,
    downloads_api,
    system_api,
    analytics_api,
    live_api,
    webhooks_api,
    ingest_authorizer,
    on_broadcast,
    on_upload,
    on_encode,
    on_encode_high,
    on_lifecycle,
    on_live_segment,
    on_prepare,
    on_schedule,
    on_webhook,
)


def register_all(app: Chalice) -> None:
    """Add every route and function but the sockets' to the Chalice object."""
    app.api.binary_types += captions_api.BINARY_TYPES
    app.register_middleware(http_middleware, "http")
    for module in MODULES:
        app.register_blueprint(module.blueprint)
