"""For every test: nothing leaves this machine, and Ctrl-C reaches whatever a test starts."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator


settings.register_profile("untimed", deadline=None)  # how busy the machine is proves nothing about the code
settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def _interruptible() -> None:
    """A shell ignores SIGINT for what it runs in the background, and children would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _one_environment() -> Iterator[None]:
    """Refuse a test that leaves another object in the place of os.environ: modules that hold the old one go blind."""
    before = os.environ
    yield
    after, os.environ = os.environ, before
    assert after is before


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """Refuse connections to anywhere but loopback, with the address in the error."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not is_loopback(str(address[0])):
            raise AssertionError(f"A test tried to reach {address}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


def is_loopback(host: str) -> bool:
    """True for localhost and loopback addresses."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
