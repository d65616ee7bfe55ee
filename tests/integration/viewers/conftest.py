"""A hall for each test, over one emulator for all of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from support.hall import open_hall

from chalicelib import analytics_container, config, container, live_container, webhook_container
from chalicelib.adapters import clients
from headwater.local.aws import AwsEmulator
from headwater.local.environment import Site, Stack, stack_environment
from headwater.local.keys import LocalKeys, load_keys
from headwater.local.listener import listen, url_of
from headwater.local.provision import provision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> LocalKeys:
    """One set of keys."""
    return load_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def endpoint(keys: LocalKeys) -> Iterator[str]:
    """One emulator with everything the functions expect."""
    with AwsEmulator() as emulator:
        address = emulator.start()
        stack = Stack()
        provision(address, stack, {stack.cdn_key_secret: keys.cdn_pem(), stack.grant_key_secret: keys.grant})
        yield address


@pytest.fixture
def hall(endpoint: str, keys: LocalKeys, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Open a hall for the length of an `async with`; takes SocketLimits. The stream is a new one."""
    listener = listen(0)
    url = url_of(listener)
    site = Site(endpoint, url, "K1", keys.aws.access_key_id, keys.aws.secret_access_key)
    for name, value in stack_environment(Stack(), site).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HEADWATER_LOG_LEVEL", "ERROR")
    _forget()
    # Of its own: the emulator goes on with the long poll of a test before, and would hand it the messages of this one.
    name = f"broadcast-{container.clock().token()}.fifo"
    made = clients.sqs().create_queue(QueueName=name, Attributes={"FifoQueue": "true"})
    monkeypatch.setenv("HEADWATER_BROADCAST_QUEUE_URL", made["QueueUrl"])
    config.settings.cache_clear()
    yield partial(open_hall, listener, url, keys, endpoint)
    live_container.sockets().close()
    _forget()


def _forget() -> None:
    config.settings.cache_clear()
    clients.reset()
    container.reset()
    live_container.reset()
    analytics_container.reset()
    webhook_container.reset()
