"""Every blueprint of the product, in two places: what the API imports, and what only deployment has to see as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.adapters.telemetry import http_middleware
from chalicelib.entrypoints import (
    analytics_api,
    authorizer,
    captions_api,
    dead_letters_api,
    diagnosis_api,
    downloads_api,
    limits,
    live_api,
    playback_api,
    quality_api,
    recordings_api,
    system_api,
    transcode_api,
    webhooks_api,
)

if TYPE_CHECKING:
    from chalice.app import Chalice

API = (
    authorizer,
    recordings_api,
    transcode_api,
    playback_api,
    quality_api,
    captions_api,
    dead_letters_api,
    diagnosis_api,
    downloads_api,
    system_api,
    analytics_api,
    live_api,
    webhooks_api,
)


def register_api(app: Chalice) -> None:
    """Add every route to the Chalice object."""
    app.api.binary_types += captions_api.BINARY_TYPES
    app.register_middleware(http_middleware, "http")
    app.register_middleware(limits.rate_middleware, "http")
    for module in API:
        app.register_blueprint(module.blueprint)


def register_functions(app: Chalice) -> None:
    """Add every function but the API's and the sockets'. Lambda calls each in its own module, without this."""
    from chalicelib.entrypoints import (  # noqa: PLC0415  nobody who waits for the API needs them
        ingest_authorizer,
        on_broadcast,
        on_encode,
        on_encode_high,
        on_lifecycle,
        on_live_segment,
        on_prepare,
        on_schedule,
        on_upload,
        on_webhook,
    )

    consumers = on_upload, on_encode, on_encode_high, on_lifecycle, on_live_segment, on_prepare, on_webhook
    for module in (ingest_authorizer, on_broadcast, on_schedule, *consumers):
        app.register_blueprint(module.blueprint)
