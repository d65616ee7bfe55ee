"""The Chalice object: every route and function of the product, registered from its own module."""

from __future__ import annotations

from chalice.app import Chalice

from chalicelib.adapters.telemetry import http_middleware
from chalicelib.entrypoints import (
    authorizer,
    captions_api,
    dead_letters_api,
    downloads_api,
    on_encode,
    on_encode_high,
    on_lifecycle,
    on_prepare,
    on_schedule,
    on_upload,
    playback_api,
    quality_api,
    recordings_api,
    system_api,
    transcode_api,
)

app = Chalice(app_name="headwater")
app.api.binary_types += captions_api.BINARY_TYPES
app.register_middleware(http_middleware, "http")

for module in (
    authorizer,
    recordings_api,
    transcode_api,
    playback_api,
    quality_api,
    captions_api,
    dead_letters_api,
    downloads_api,
    system_api,
    on_upload,
    on_encode,
    on_encode_high,
    on_lifecycle,
    on_prepare,
    on_schedule,
):
    app.register_blueprint(module.blueprint)
