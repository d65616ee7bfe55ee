"""Keys of one embedded cloud: made on first use, kept in the data folder so that links and tokens outlive a restart."""

from __future__ import annotations

import hashlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from headwater.local.presign import Credentials
from headwater.local.rest_events import REGION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ACCESS_KEY_ID = "AKIAHEADWATERLOCAL00"


@dataclass(frozen=True, slots=True)
class LocalKeys:
    """`cdn` signs playback cookies, `issuer` signs tokens, `grant` (hex) playback links, `aws` S3 requests."""

    cdn: rsa.RSAPrivateKey
    issuer: rsa.RSAPrivateKey
    grant: str
    aws: Credentials

    def cdn_pem(self) -> str:
        """Private CDN key as the secret holds it."""
        return _pem(self.cdn).decode()

    def cdn_key_pair_id(self) -> str:
        """Public-key id as CloudFront shapes it: K and 13 upper-case characters."""
        return f"K{key_id(self.cdn)[:13].upper()}"


def load_keys(folder: Path) -> LocalKeys:
    """Read the keys from `folder`, making what is missing; files are readable by their owner only.

    Raises ValueError naming the file when one cannot be read as a key.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as pool:
        cdn = pool.submit(_rsa_key, folder / "cdn.pem")
        issuer = pool.submit(_rsa_key, folder / "issuer.pem")
        grant = _kept(folder / "grant.hex", lambda: secrets.token_hex(32).encode()).decode().strip()
        secret = _kept(folder / "aws-secret.txt", lambda: secrets.token_hex(20).encode()).decode().strip()
        return LocalKeys(cdn.result(), issuer.result(), grant, Credentials(_ACCESS_KEY_ID, secret, REGION))


def key_id(key: rsa.RSAPrivateKey) -> str:
    """Fingerprint of a public key, hex."""
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def _rsa_key(path: Path) -> rsa.RSAPrivateKey:
    pem = _kept(path, lambda: _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except ValueError:
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{path} is not an RSA private key; remove it to have a new one made")  # noqa: TRY004
    return key


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _kept(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return a file's content, making it whole or not at all when it is missing."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.new")
        draft.touch(mode=0o600)
        draft.write_bytes(make())
        draft.replace(path)
    return path.read_bytes()
