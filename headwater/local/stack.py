"""Wires the parts of the embedded cloud together: as many as possible start at the same time."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwater.local.authorization import DEFAULT_TTL_S, AuthorizerSpec
from headwater.local.aws import AwsEmulator
from headwater.local.cdn import Cdn, CdnConfig
from headwater.local.environment import Site, Stack, stack_environment
from headwater.local.event_sources import QueuePoller
from headwater.local.functions import LambdaService
from headwater.local.gateway import RestGateway
from headwater.local.ingest import IngestGateway
from headwater.local.invalidations import Invalidations
from headwater.local.issuer import DevIssuer
from headwater.local.keys import LocalKeys, load_keys
from headwater.local.listener import allow_connections, serving, url_of
from headwater.local.origin import Origin
from headwater.local.provision import provision
from headwater.local.rest_routes import Route, RouteTable
from headwater.local.roles import CDN, INGEST, OPERATOR, Roles, roles_of
from headwater.local.s3_front import S3Front
from headwater.local.schedules import Scheduler
from headwater.local.static import StaticSite
from headwater.local.together import in_thread, together
from headwater.local.upstream import Upstream, open_session
from headwater.local.websocket import WebSocketGateway

if TYPE_CHECKING:
    import socket
    from contextlib import AsyncExitStack
    from pathlib import Path

    from headwater.local.application import Application
    from headwater.local.declarations import Declarations

WARM = ("api", "authorizer", "on_upload", "on_encode")


class Failed(Exception):
    """The stack cannot start or go on; the message is a sentence for the person who started it."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where things are kept; `data` is None when the emulator keeps its state in a temporary folder."""

    data: Path | None
    keys: Path
    logs: Path


@dataclass(frozen=True, slots=True)
class Running:
    """A started stack."""

    buckets: tuple[str, ...]
    emulator_pid: int

    async def emulator_ended(self) -> None:
        """Return when the emulator has ended by itself."""
        # A pidfd becomes readable then, and leaves reaping to the emulator's owner.
        watched, ended = os.pidfd_open(self.emulator_pid), asyncio.Event()
        asyncio.get_running_loop().add_reader(watched, ended.set)
        try:
            await ended.wait()
        finally:
            asyncio.get_running_loop().remove_reader(watched)
            os.close(watched)


@dataclass(frozen=True, slots=True)
class _Inside:
    """What the parts behind the address stand on."""

    stack: Stack
    keys: LocalKeys
    roles: Roles
    functions: LambdaService
    upstream: Upstream
    sockets: WebSocketGateway


async def start_stack(
    exits: AsyncExitStack, listener: socket.socket, folders: Folders, application: Application, *, verbose: bool
) -> Running:
    """Start everything and return once it answers; `exits` stops it again in the opposite order.

    Raises Failed, or what the parts raise, with a sentence for the person who started it.
    """
    allow_connections()
    stack, emulator = application.stack, AwsEmulator()
    exits.push_async_callback(in_thread, emulator.stop)
    keys, declarations, endpoint = await together(
        in_thread(lambda: load_keys(folders.keys)),
        in_thread(application.load),
        in_thread(lambda: emulator.start(folders.data)),
    )
    roles = roles_of(application.policies, stack, keys.aws)
    await in_thread(lambda: application.prepare(endpoint))
    await in_thread(lambda: emulator.enforce(roles))
    url = url_of(listener)
    env = {**stack_environment(stack, _site(endpoint, url, keys)), **application.told}
    functions = LambdaService(
        declarations, application.launcher, env, roles=roles.functions, logs=folders.logs, verbose=verbose
    )
    exits.push_async_callback(functions.stop)
    await functions.start()
    upstream = Upstream(endpoint, await exits.enter_async_context(open_session()), roles.control[CDN].credentials)
    sockets = WebSocketGateway(functions, roles)
    inside = _Inside(stack, keys, roles, functions, upstream, sockets)
    origin = _origin(url, inside, _gateway(declarations, functions), application.web)
    await exits.enter_async_context(serving(listener, origin.handle))
    exits.push_async_callback(sockets.stop)
    secrets = {stack.cdn_key_secret: keys.cdn_pem(), stack.grant_key_secret: keys.grant, **application.secrets}
    await together(
        in_thread(lambda: provision(endpoint, stack, secrets, roles.control[OPERATOR].credentials)),
        *(_warm(functions, name, folders.logs) for name in WARM if name in declarations.functions),
    )
    await _drive(exits, endpoint, roles, declarations, functions)
    return Running((stack.source_bucket, stack.media_bucket), emulator.pid or 0)


def _site(endpoint: str, url: str, keys: LocalKeys) -> Site:
    """Say where everything is; the keys to it are each function's own."""
    return Site(aws_endpoint=endpoint, public_url=url, cdn_key_pair_id=keys.cdn_key_pair_id())


def _origin(url: str, inside: _Inside, api: RestGateway, web: Path) -> Origin:
    stack, keys, upstream = inside.stack, inside.keys, inside.upstream
    ingest = inside.roles.control[INGEST].credentials
    cdn = Cdn(CdnConfig(url, stack.media_bucket, {keys.cdn_key_pair_id(): keys.cdn.public_key()}), upstream)
    return Origin(
        public_url=url,
        api=api,
        cdn=cdn,
        s3=S3Front((stack.source_bucket, stack.media_bucket), inside.roles, upstream, url),
        issuer=DevIssuer(keys.issuer, url),
        site=StaticSite(web, url),
        sockets=inside.sockets,
        ingest=IngestGateway(inside.functions, upstream.asking_as(ingest), stack.source_bucket),
        invalidations=Invalidations(cdn, inside.roles),
    )


def _gateway(declarations: Declarations, functions: LambdaService) -> RestGateway:
    routes = RouteTable(Route(route.method, route.path, route.authorizer) for route in declarations.routes)
    authorizers = {
        one.name: AuthorizerSpec(one.name, DEFAULT_TTL_S if one.ttl_s is None else one.ttl_s, one.header)
        for one in declarations.authorizers
    }
    return RestGateway(functions, routes, authorizers, compress_from=declarations.compress_from)


async def _warm(functions: LambdaService, name: str, logs: Path) -> None:
    error = await functions.warm(name)
    if error is not None:
        what = f"{error.get('errorType')}: {error.get('errorMessage')}"
        raise Failed(f"the function {name} does not start ({what}); its log is {logs / name}.log")


async def _drive(
    exits: AsyncExitStack, endpoint: str, roles: Roles, declarations: Declarations, functions: LambdaService
) -> None:
    """Start what invokes functions by itself: queues, each with its function's rights, and schedules."""
    drivers: list[QueuePoller | Scheduler] = [
        QueuePoller(endpoint, one, functions, credentials=roles.functions[one.function].credentials)
        for one in declarations.subscriptions
    ]
    drivers.append(Scheduler(declarations.schedules, functions))
    for driver in drivers:
        exits.push_async_callback(driver.stop)
        await driver.start()
