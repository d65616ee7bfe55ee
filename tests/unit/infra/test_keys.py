"""Keys are made once and are what their users take."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from infra import keys


class _Missing(Exception):
    """As Secrets Manager says it."""


class Manager:
    """Secrets Manager, as far as it is needed."""

    class exceptions:  # noqa: N801  boto3's name
        """boto3's place for it."""

        ResourceNotFoundException = _Missing

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get_secret_value(self, SecretId: str) -> dict[str, Any]:  # noqa: N803  boto3's name
        """Return what is kept."""
        if SecretId not in self.kept:
            raise _Missing
        return {"SecretString": self.kept[SecretId]}

    def create_secret(self, *, Name: str, SecretString: str, Description: str) -> None:  # noqa: N803  boto3's names
        """Keep it."""
        assert Description
        self.kept[Name] = SecretString


def test_keys_are_made_once() -> None:
    """A second run finds them: another key would close every link and every player."""
    manager = Manager()
    first = keys.ensure(manager, "prod")
    assert set(manager.kept) == {f"headwater-prod-{name}" for name in ("cdn-key", "grant-key", "edge-key")}
    assert keys.ensure(manager, "prod") == first


def test_what_is_missing_is_added() -> None:
    """An installation from before a key was needed gets that one."""
    manager = Manager()
    first = keys.ensure(manager, "prod")
    del manager.kept["headwater-prod-edge-key"]
    second = keys.ensure(manager, "prod")
    assert {name for name in first if first[name] != second[name]} == {"edge-key"}


def test_keys_are_what_functions_read() -> None:
    """PEM of an RSA key of 2048 bits, and 32 bytes in hex."""
    found = keys.ensure(Manager(), "prod")
    private = serialization.load_pem_private_key(found["cdn-key"].encode(), password=None)
    assert isinstance(private, rsa.RSAPrivateKey)
    assert private.key_size == 2048
    assert keys.public_pem(found["cdn-key"]).startswith("-----BEGIN PUBLIC KEY-----")
    assert [len(bytes.fromhex(found[name])) for name in ("grant-key", "edge-key")] == [32, 32]


def test_no_key_is_no_key() -> None:
    """Somebody wrote something else into the secret."""
    with pytest.raises(ValueError, match=r".+"):
        keys.public_pem("not a key")
