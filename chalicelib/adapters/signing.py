"""Keys that open playback: the RSA key behind CloudFront cookies, the HMAC key behind links and sessions."""

from __future__ import annotations

import base64
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.adapters import clients
from chalicelib.adapters.aws_errors import translated
from chalicelib.domain.access import check_grant, make_grant
from chalicelib.domain.live.viewers import make_connect_token, read_connect_token
from chalicelib.domain.networks import network_name, network_of
from chalicelib.domain.rates import cell_name
from chalicelib.domain.sessions import check_session_token, make_session_token, viewer_name
from chalicelib.domain.webhooks.signing import derive_secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from chalicelib.domain.live.viewers import ConnectTicket
    from chalicelib.domain.rates import Kind

_COOKIE_ALPHABET = str.maketrans("+=/", "-_~")
"""CloudFront's own base64: the three characters a cookie or a query cannot carry are replaced."""


def read_secret(secret_id: str) -> str:
    """Fetch a text from Secrets Manager; raises Transient when it cannot be reached now."""
    with translated("Secrets Manager"):
        return str(clients.client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"])


def cookie_text(data: bytes) -> str:
    """Return CloudFront's base64 of `data`."""
    return base64.b64encode(data).decode().translate(_COOKIE_ALPHABET)


class CloudFrontCookies:
    """Implements playback.CookieSigner with the private key of a CloudFront key group."""

    def __init__(self, key_pair_id: str, pem: Callable[[], str]) -> None:
        """`pem` fetches the private key; it is called once, on first use."""
        self._key_pair_id = key_pair_id
        self._pem = pem

    @cached_property
    def _key(self) -> RSAPrivateKey:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415  slow import

        return load_pem_private_key(self._pem().encode(), password=None)  # type: ignore[return-value]  # made as RSA

    def cookies(self, policy: str) -> dict[str, str]:
        """Sign a policy document; returns the three cookies, name → value."""
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415  as above
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415

        # SHA-1 is what CloudFront verifies for RSA keys; nobody else relies on it.
        signature = self._key.sign(policy.encode(), PKCS1v15(), hashes.SHA1())  # noqa: S303
        return {
            "CloudFront-Policy": cookie_text(policy.encode()),
            "CloudFront-Signature": cookie_text(signature),
            "CloudFront-Key-Pair-Id": self._key_pair_id,
        }


class HexKey:
    """A key kept in Secrets Manager as hex. What is signed with it says what it is for, so one key serves several."""

    def __init__(self, secret: Callable[[], str]) -> None:
        """`secret` fetches the key in hex; it is called once, on first use."""
        self._secret = secret

    @cached_property
    def _key(self) -> bytes:
        return bytes.fromhex(self._secret().strip())


class HmacGrants(HexKey):
    """Implements playback.Grants."""

    def issue(self, recording_id: str, expires_at: int) -> str:
        """Return the grant of a link that ends at `expires_at` (Unix seconds)."""
        return make_grant(self._key, recording_id, expires_at)

    def check(self, recording_id: str, grant: str, *, now: float) -> None:
        """Raise Unauthorized("grant_invalid") or Unauthorized("grant_expired")."""
        check_grant(self._key, recording_id, grant, now=now)


class HmacSessions(HexKey):
    """Implements viewers.SessionTokens."""

    def issue(self, recording_id: str, session: str, expires_at: int) -> str:
        """Return the token of a session that ends at `expires_at` (Unix seconds)."""
        return make_session_token(self._key, recording_id, session, expires_at)

    def check(self, recording_id: str, session: str, token: str, *, now: float) -> None:
        """Raise Unauthorized("session_token_invalid") or Unauthorized("session_token_expired")."""
        check_session_token(self._key, recording_id, session, token, now=now)


class HmacViewers(HexKey):
    """Implements session_facts.ViewerNames."""

    def of_user(self, user: str) -> str:
        """Return the name of somebody who is signed in."""
        return viewer_name(self._key, "user", user)

    def of_browser(self, viewer_id: str) -> str:
        """Return the name of who uses a browser, by the random id that it keeps."""
        return viewer_name(self._key, "browser", viewer_id)


class HmacConnects(HexKey):
    """Implements viewer_ports.ConnectTokens."""

    def issue(self, ticket: ConnectTicket) -> str:
        """Return a ticket's token."""
        return make_connect_token(self._key, ticket)

    def read(self, token: str, *, now: float) -> ConnectTicket:
        """Raise Unauthorized("connect_token_invalid") or Unauthorized("connect_token_expired")."""
        return read_connect_token(self._key, token, now=now)


class HmacNetworks(HexKey):
    """Implements pasts.NetworkNames."""

    def name(self, address: str, period: int) -> str | None:
        """Return what an address's network is stored under in a period; None for what is no address."""
        network = network_of(address)
        return network and network_name(self._key, network, period)


class HmacCells(HexKey):
    """Implements limiting.CellNames."""

    def __call__(self, kind: Kind, who: str, /) -> str:
        """Return what a caller is counted under."""
        return cell_name(self._key, kind, who)


class HmacWebhooks(HexKey):
    """Implements webhook_ports.Secrets."""

    def secret(self, webhook_id: str, salt: str) -> str:
        """Return `whsec_...`, the same each time."""
        return derive_secret(self._key, webhook_id, salt)
