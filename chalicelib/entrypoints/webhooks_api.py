"""/v1/webhooks: hear of what happens to one's recordings and streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint

from chalicelib import container, webhook_container
from chalicelib.entrypoints.authorizer import authorizer
from chalicelib.entrypoints.problems import answers
from chalicelib.entrypoints.requests import caller_of, read_body, read_query
from chalicelib.entrypoints.views import no_content, ok
from chalicelib.entrypoints.webhook_schemas import ChangeWebhook, CreateWebhook, DeliveriesQuery
from chalicelib.entrypoints.webhook_views import delivery_view, webhook_view

if TYPE_CHECKING:
    from chalice.app import Response

    from chalicelib.domain.webhooks.endpoint import Webhook

blueprint = Blueprint(__name__)
_ALL = "/v1/webhooks"
_ONE = "/v1/webhooks/{webhook_id}"


@blueprint.route(_ALL, methods=["POST"], authorizer=authorizer, content_types=[])
@answers
def create_webhook() -> Response:
    """Make one: 201 with its secret, which is shown this once."""
    caller = caller_of(blueprint.current_request)
    body = read_body(blueprint.current_request, CreateWebhook)
    webhook, secret = webhook_container.library().create(caller, body.wish())
    return ok({"webhook": _view(webhook), "secret": secret}, status=201)


@blueprint.route(_ALL, methods=["GET"], authorizer=authorizer, content_types=[])
@answers
def list_webhooks() -> Response:
    """List the caller's, oldest first."""
    found = webhook_container.library().mine(caller_of(blueprint.current_request))
    return ok({"webhooks": [_view(webhook) for webhook in found]})


@blueprint.route(_ONE, methods=["GET"], authorizer=authorizer, content_types=[])
@answers
def read_webhook(webhook_id: str) -> Response:
    """Read one."""
    return ok(_view(webhook_container.library().find(caller_of(blueprint.current_request), webhook_id)))


@blueprint.route(_ONE, methods=["PATCH"], authorizer=authorizer, content_types=[])
@answers
def change_webhook(webhook_id: str) -> Response:
    """Change address, events or description, or turn it off and on."""
    caller = caller_of(blueprint.current_request)
    body = read_body(blueprint.current_request, ChangeWebhook)
    return ok(_view(webhook_container.library().change(caller, webhook_id, body.changes())))


@blueprint.route(_ONE, methods=["DELETE"], authorizer=authorizer, content_types=[])
@answers
def delete_webhook(webhook_id: str) -> Response:
    """Remove one with its log: 204."""
    webhook_container.library().delete(caller_of(blueprint.current_request), webhook_id)
    return no_content()


@blueprint.route(f"{_ONE}/rotate", methods=["POST"], authorizer=authorizer, content_types=[])
@answers
def rotate_webhook_secret(webhook_id: str) -> Response:
    """Give it a new secret, which is shown this once; for a day both sign."""
    webhook, secret = webhook_container.library().rotate(caller_of(blueprint.current_request), webhook_id)
    return ok({"webhook": _view(webhook), "secret": secret})


@blueprint.route(f"{_ONE}/test", methods=["POST"], authorizer=authorizer, content_types=[])
@answers
def send_test_event(webhook_id: str) -> Response:
    """Send a made-up event: 202, the log says what came of it."""
    delivery = webhook_container.library().test(caller_of(blueprint.current_request), webhook_id)
    return ok({"delivery": delivery_view(delivery)}, status=202)


@blueprint.route(f"{_ONE}/deliveries", methods=["GET"], authorizer=authorizer, content_types=[])
@answers
def list_deliveries(webhook_id: str) -> Response:
    """List what was sent or is to be sent, newest events first."""
    caller = caller_of(blueprint.current_request)
    query = read_query(blueprint.current_request, DeliveriesQuery)
    found, cursor = webhook_container.library().log(caller, webhook_id, limit=query.limit, cursor=query.cursor)
    return ok({"deliveries": [delivery_view(delivery) for delivery in found], "next_cursor": cursor})


@blueprint.route(
    f"{_ONE}/deliveries/{{delivery_id}}/redeliver", methods=["POST"], authorizer=authorizer, content_types=[]
)
@answers
def redeliver(webhook_id: str, delivery_id: str) -> Response:
    """Send one again, under the same event id: 202."""
    caller = caller_of(blueprint.current_request)
    delivery = webhook_container.library().redeliver(caller, webhook_id, delivery_id)
    return ok({"delivery": delivery_view(delivery)}, status=202)


def _view(webhook: Webhook) -> dict[str, Any]:
    return webhook_view(webhook, container.clock().now())
