"""The Chalice object: every route and function of the product, registered from its own module."""

from __future__ import annotations

from chalice.app import Chalice

from chalicelib.adapters.telemetry import http_middleware
from chalicelib.entrypoints import (
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
    playback_api,
    quality_api,
    recordings_api,
    system_api,
    transcode_api,
    websocket,
)

app = Chalice(app_name="headwater")
app.api.binary_types += captions_api.BINARY_TYPES
app.register_middleware(http_middleware, "http")
app.experimental_feature_flags.update(["WEBSOCKETS"])

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
    live_api,
    ingest_authorizer,
    on_broadcast,
    on_upload,
    on_encode,
    on_encode_high,
    on_lifecycle,
    on_live_segment,
    on_prepare,
    on_schedule,
):
    app.register_blueprint(module.blueprint)

# Here, and under their own names, because Chalice calls those of a Blueprint unwrapped.
ws_connect = app.on_ws_connect()(websocket.ws_connect)
ws_message = app.on_ws_message()(websocket.ws_message)
ws_disconnect = app.on_ws_disconnect()(websocket.ws_disconnect)
