"""The Chalice object: every route and function of the product, registered from its own module."""

from __future__ import annotations

from chalice.app import Chalice

from chalicelib import container, live_container
from chalicelib.adapters import snapshot
from chalicelib.config import function_name, serves_api
from chalicelib.entrypoints import websocket

app = Chalice(app_name="headwater")
app.experimental_feature_flags.update(["WEBSOCKETS"])

# Chalice calls a Blueprint's socket handlers unwrapped, so they live here. Whoever waits for one of their cold starts
# need not wait for what the API imports as well, and who waits for the API not for the workers.
if not function_name().startswith("websocket_"):
    from chalicelib.entrypoints import registered

    registered.register_api(app)
    if not serves_api():
        registered.register_functions(app)

ws_connect = app.on_ws_connect()(websocket.ws_connect)
ws_message = app.on_ws_message()(websocket.ws_message)
ws_disconnect = app.on_ws_disconnect()(websocket.ws_disconnect)

# The functions that somebody waits for are those that Lambda may start from a snapshot: infra/variables.tf, snap_start.
if function_name().startswith("websocket_"):
    snapshot.prepare(live_container.viewers, live_container.conversation, services=("dynamodb",))
elif serves_api():
    builders = container.library, container.upload_sessions, container.playback, container.transcoder
    snapshot.prepare(*builders, services=("dynamodb", "s3", "sqs"))
