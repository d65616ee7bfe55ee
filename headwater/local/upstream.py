"""Plain S3 requests to the emulator, streamed both ways."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

import aiohttp
from aiohttp import web
from yarl import URL

from headwater.local.aws import REGION
from headwater.local.presign import Credentials, unsigned

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

_NOBODY = Credentials("local", "", REGION)
_CHUNK = 256 * 1024


class Upstream:
    """The emulator's S3 endpoint."""

    def __init__(self, endpoint: str, session: aiohttp.ClientSession, credentials: Credentials = _NOBODY) -> None:
        """`endpoint` without a trailing slash; the session must not decompress bodies. Asks with these credentials."""
        self._endpoint = endpoint
        self._session = session
        self._asks_as = unsigned(credentials, "s3")

    def asking_as(self, credentials: Credentials) -> Upstream:
        """Return the same endpoint for somebody else."""
        return Upstream(self._endpoint, self._session, credentials)

    def request(
        self, method: str, raw_path: str, query: str, headers: Mapping[str, str], data: object = None
    ) -> aiohttp.client._RequestContextManager:
        """Send a request for an already encoded path and query."""
        url = URL(f"{self._endpoint}{raw_path}{'?' if query else ''}{query}", encoded=True)
        sent = {**self._asks_as, **headers}
        return self._session.request(method, url, headers=sent, data=data, allow_redirects=False)

    def object(
        self, method: str, bucket: str, key: str, headers: Mapping[str, str]
    ) -> aiohttp.client._RequestContextManager:
        """GET or HEAD one object."""
        return self.request(method, f"/{bucket}/{quote(key)}", "", headers)


@asynccontextmanager
async def open_session() -> AsyncIterator[aiohttp.ClientSession]:
    """Client for the emulator: no limit on time (big bodies), no decompression, bounded connections."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=120)
    connector = aiohttp.TCPConnector(limit=64)
    async with aiohttp.ClientSession(
        timeout=timeout, connector=connector, auto_decompress=False, skip_auto_headers={"Content-Type", "User-Agent"}
    ) as session:
        yield session


async def relay(
    request: web.BaseRequest, response: web.StreamResponse, source: aiohttp.ClientResponse
) -> web.StreamResponse:
    """Stream a body to the client as it arrives; a source that breaks off breaks the client's connection too."""
    await response.prepare(request)
    try:
        async for piece in source.content.iter_chunked(_CHUNK):
            await response.write(piece)
        await response.write_eof()
    except aiohttp.ClientConnectionResetError:
        pass  # The client went away: seeking and closed tabs are ordinary.
    except aiohttp.ClientError:
        if request.transport is not None:
            request.transport.close()
    return response
