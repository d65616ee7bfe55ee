"""Pages and their files from web/, with the security headers that production sends."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from chalicelib.domain.abr import tables
from headwater.local.http_rules import accepts_gzip, is_unchanged
from headwater.local.replies import problem
from headwater.local.targets import safe_path

if TYPE_CHECKING:
    from headwater.local.targets import Target

_MIME = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
}
_STUDIO = "studio.html"
_EMBED = "embed.html"
_RECORDING = "recording.html"
_NAME = r"[A-Za-z0-9._~%-]{1,256}"
_PAGES = tuple(
    (re.compile(path), file)
    for path, file in (
        (r"/", "index.html"),
        (r"/studio", _STUDIO),
        (rf"/watch/{_NAME}", "watch.html"),
        (rf"/embed/{_NAME}", _EMBED),
        (rf"/recordings/{_NAME}", _RECORDING),
        (rf"/analytics(/live|/rooms/{_NAME}|/recordings/{_NAME}(/sessions/{_NAME})?)?", "analytics.html"),
        (r"/webhooks", "webhooks.html"),
        (r"/settings", "settings.html"),
        (r"/together", "together.html"),
        (r"/signed-in", "signed-in.html"),
    )
)
"""Paths of pages and the file below web/ that draws them; what follows in a path the page reads itself."""
_FOLDERS = ("assets/", "vendor/")
_TABLES = "assets/abr/tables/"
"""Here the engine's trained tables appear, one copy of which serves functions and players."""
_TABLES_ROOT = Path(tables.__file__).parent
_TEXT = (".html", ".js", ".mjs", ".css", ".json", ".map", ".webmanifest", ".svg", ".txt", ".md")
_WORTH = 1000
"""Bytes below which CloudFront does not compress either."""
_ROOT_FILES = frozenset({"favicon.ico", "favicon.svg", "robots.txt", "manifest.webmanifest"})


def security_headers(public_url: str, page: str = "") -> dict[str, str]:
    """Headers of a page (its file); uploads go to `public_url` even when the page was opened by another name.

    The studio uses camera and microphone, and encodes their sound with WebAssembly; any page may hold the embedded
    player, and a recording's page holds it to show how it looks.
    """
    captures, embeds = page == _STUDIO, page == _EMBED
    who = "(self)" if captures else "()"
    policy = {
        "default-src": "'none'",
        "script-src": "'self' 'wasm-unsafe-eval'" if captures else "'self'",
        # The player's components put style elements into their shadow trees.
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self'",
        "media-src": "'self' blob: data:",
        "worker-src": "'self' blob:",
        # Named as well, because not every browser takes 'self' for its sockets.
        "connect-src": f"'self' {public_url} {public_url.replace('http', 'ws', 1)}",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-src": "'self'" if page == _RECORDING else "'none'",
        "frame-ancestors": "*" if embeds else "'none'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "cross-origin" if embeds else "same-origin",
        "Permissions-Policy": f"camera={who}, microphone={who}, display-capture={who}",
    }


def file_of(path: str) -> str | None:
    """Return the file below web/ that answers a raw path; None when none does."""
    page = next((file for pattern, file in _PAGES if pattern.fullmatch(path)), None)
    if page is not None:
        return page
    name = safe_path(path)
    if name is None or not (name.startswith(_FOLDERS) or name in _ROOT_FILES):
        return None
    return name if "." + name.rpartition(".")[2] in _MIME else None


class StaticSite:
    """Serves web/."""

    def __init__(self, root: Path, public_url: str) -> None:
        """`root` is the web/ folder."""
        self._root = root.resolve()
        self._headers = {page: security_headers(public_url, page) for page in ("", _STUDIO, _EMBED, _RECORDING)}
        self._etags: dict[tuple[str, int, int], str] = {}
        self._gzipped: dict[str, bytes] = {}

    async def handle(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        """Answer one request."""
        name = file_of(target.path)
        found = await asyncio.to_thread(self._read, name) if name is not None else None
        if name is None or found is None:
            return problem(404, "no_such_route", f"There is nothing at {target.path}.")
        if request.method not in {"GET", "HEAD"}:
            allow = {"Allow": "GET, HEAD"}
            return problem(405, "method_not_allowed", "Pages can only be read.", allow)
        body, etag = found
        # Vendored files carry their version in the name; ours may change at any time.
        lasting = name.startswith(("vendor/", "assets/vendor/"))
        cache_control = "public, max-age=86400" if lasting else "no-cache"
        kind = self._headers.get(name, self._headers[""])
        headers = {**kind, "ETag": etag, "Cache-Control": cache_control}
        ending = "." + name.rpartition(".")[2]
        compressible = ending in _TEXT and len(body) >= _WORTH
        if compressible:
            headers["Vary"] = "Accept-Encoding"
        if is_unchanged(request.headers.get("If-None-Match"), etag):
            return web.Response(status=304, headers=headers)
        headers["Content-Type"] = _MIME[ending]
        if compressible and accepts_gzip(request.headers.get("Accept-Encoding")):
            body = await asyncio.to_thread(self._compress, etag, body)
            headers |= {"Content-Encoding": "gzip", "ETag": f"W/{etag}"}
        return web.Response(body=body, headers=headers)

    def _compress(self, etag: str, body: bytes) -> bytes:
        if etag not in self._gzipped:
            self._gzipped[etag] = gzip.compress(body, mtime=0)
        return self._gzipped[etag]

    def _read(self, name: str) -> tuple[bytes, str] | None:
        root, below = (_TABLES_ROOT, name.removeprefix(_TABLES)) if name.startswith(_TABLES) else (self._root, name)
        path = (root / below).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            return None
        facts = path.stat()
        key = (name, facts.st_mtime_ns, facts.st_size)
        body = path.read_bytes()
        if key not in self._etags:
            self._etags[key] = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        return body, self._etags[key]
