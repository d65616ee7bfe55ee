"""A loopback file server with byte ranges: what FFmpeg and the probe read sources from."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chalicelib.services.ports import ObjectHead


@contextmanager
def serve(
    bodies: Mapping[str, bytes], content_type: str = "video/mp4", *, heads: Mapping[str, ObjectHead] | None = None
) -> Iterator[str]:
    """Serve `bodies` by key, as what `heads` or `content_type` calls them; yields the base URL with a slash."""

    async def answer(request: web.Request) -> web.Response:
        body = bodies.get(request.path.lstrip("/"))
        if body is None:
            raise web.HTTPNotFound
        wanted = request.http_range
        start, stop, _ = wanted.indices(len(body))
        if wanted.start is not None and start >= stop:
            raise web.HTTPRequestRangeNotSatisfiable(headers={"Content-Range": f"bytes */{len(body)}"})
        kind = heads[request.path.lstrip("/")].content_type if heads else content_type
        headers = {"Content-Type": kind, "Accept-Ranges": "bytes"}
        if wanted.start is None and wanted.stop is None:
            return web.Response(body=body, headers=headers)
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
        return web.Response(status=206, body=body[start:stop], headers=headers)

    loop = asyncio.new_event_loop()
    application = web.Application()
    application.router.add_get("/{key:.*}", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)

    async def start() -> int:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(runner.addresses[0][1])

    # In its own thread from the beginning: a browser's loop may be running in the caller's.
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    port = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
