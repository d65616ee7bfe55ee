"""CloudFront's one call that functions make: whoever has the right has the embedded CDN forget what it has kept."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Protocol
from xml.sax.saxutils import unescape

from aiohttp import web

from headwater.local.aws import ACCOUNT
from headwater.local.environment import DISTRIBUTION
from headwater.local.policies import Need
from headwater.local.presign import SignedRequest
from headwater.local.replies import read_body, xml_error
from headwater.local.signed_calls import CallRefused, caller, check_call

if TYPE_CHECKING:
    from headwater.local.roles import Signers
    from headwater.local.targets import Target

PREFIX = "/2020-05-31/distribution/"
_PATH = re.compile(rf"{PREFIX}([A-Za-z0-9-]+)/invalidation")
_ITEM = re.compile(rb"<Path>([^<]*)</Path>")
_REFERENCE = re.compile(rb"<CallerReference>([^<]+)</CallerReference>")
_MOST = 64 * 1024
_REMEMBERED = 1000
_ANSWER = (
    '<Invalidation xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Id>I{number}</Id><Status>Completed</Status>'
    "<CreateTime>{time}</CreateTime></Invalidation>"
)


class Kept(Protocol):
    """What has a cache."""

    def forget(self, pattern: str) -> None:
        """Drop what is kept below a pattern that ends with an asterisk, or of one path."""


class Invalidations:
    """Answers POST /2020-05-31/distribution/ID/invalidation. As there, what was asked before is not done again."""

    def __init__(self, cdn: Kept, signers: Signers) -> None:
        self._cdn = cdn
        self._signers = signers
        self._done: list[bytes] = []

    async def handle(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        """Answer one request."""
        body, found = await read_body(request, _MOST), _PATH.fullmatch(target.path)
        if found is None or request.method != "POST" or body is None:
            return xml_error(404, "NoSuchResource", "There is nothing here.")
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = SignedRequest(request.method, target.path, target.query, headers)
        key = caller(headers.get("authorization", ""))
        try:
            check_call(call, body, self._signers.of(key), time.time(), service="cloudfront")
        except CallRefused as refused:
            return xml_error(403, "SignatureDoesNotMatch", str(refused))
        arn = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{found[1]}"
        if not self._signers.may(key, Need("cloudfront:CreateInvalidation", arn)):
            return xml_error(403, "AccessDenied", f"User is not authorized to perform it on resource: {arn}")
        if found[1] != DISTRIBUTION:
            return xml_error(404, "NoSuchDistribution", "The specified distribution does not exist.")
        return self._forget(body)

    def _forget(self, body: bytes) -> web.Response:
        reference = _REFERENCE.search(body)
        patterns = [unescape(item.decode()) for item in _ITEM.findall(body)]
        if reference is None or not patterns:
            return xml_error(400, "InvalidArgument", "The parameter InvalidationBatch is not valid.")
        if reference[1] not in self._done:
            self._done = [*self._done[1 - _REMEMBERED :], reference[1]]
            for pattern in patterns:
                self._cdn.forget(pattern)
        moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        text = _ANSWER.format(number=len(self._done), time=moment)
        return web.Response(status=201, text=text, content_type="application/xml")
