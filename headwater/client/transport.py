"""One JSON request: authorised, retried, and either its body or a typed error."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import httpx

from headwater.client.errors import ApiError, Unreachable
from headwater.client.retry import RETRIABLE, Backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from headwater.client.auth import TokenSource

TIMEOUT = httpx.Timeout(35.0, connect=5.0)
UNAUTHORIZED = 401


class Transport:
    """Requests to one origin. Safe to share between threads."""

    def __init__(
        self,
        base_url: str,
        *,
        http: httpx.Client | None = None,
        backoff: Backoff | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """Talk to `base_url`, an origin without a trailing slash."""
        self.base_url = base_url.rstrip("/")
        self.http = http or httpx.Client(timeout=TIMEOUT, follow_redirects=False)
        self.backoff = backoff or Backoff()
        self.sleep = sleep
        self.tokens: TokenSource | None = None
        self._answered = threading.Event()

    def json(self, method: str, path: str, *, body: object = None, query: Mapping[str, str] | None = None) -> Any:
        """Return the decoded body, None for 204. Raises ApiError or Unreachable."""
        return _result(self._authorised(method, path, body, query))

    def public_json(self, path: str, *, query: Mapping[str, str] | None = None) -> Any:
        """GET without a token; returns and raises as `json` does."""
        return _result(self.send("GET", path, query=query))

    def _authorised(self, method: str, path: str, body: object, query: Mapping[str, str] | None) -> httpx.Response:
        token = self.tokens.token() if self.tokens else None
        response = self.send(method, path, body=body, query=query, token=token)
        if response.status_code == UNAUTHORIZED and self.tokens and (fresh := self.tokens.renewed(token)):
            return self.send(method, path, body=body, query=query, token=fresh)
        return response

    def send(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> httpx.Response:
        """Send until an answer is final, bytes as they are; raises Unreachable when the tries are used up."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        if isinstance(body, bytes):
            headers["content-type"] = "application/octet-stream"
        request = self.http.build_request(
            method,
            f"{self.base_url}{path}",
            content=body if isinstance(body, bytes) else None,
            json=None if isinstance(body, bytes) else body,
            params=query,
            headers=headers,
        )
        return self.attempt(request, repeatable=method != "POST" or body is None)

    def attempt(self, request: httpx.Request, *, repeatable: bool) -> httpx.Response:
        """Send `request`, again after what may pass. One that creates is repeated only if it cannot have arrived."""
        for failed in range(1, self.backoff.tries + 1):
            response: httpx.Response | None = None
            try:
                response = self.http.send(request)
            except httpx.TransportError as error:
                never_left = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
                if not self._worth_again(failed, safe=repeatable or never_left, silent=never_left):
                    raise Unreachable(self._unreachable(error)) from error
            else:
                self._answered.set()
                if not self._is_passing(response, failed, repeatable=repeatable):
                    return response
            self.sleep(self.backoff.wait_s(failed, response))
        raise AssertionError  # the last try returns or raises

    def _worth_again(self, failed: int, *, safe: bool, silent: bool) -> bool:
        # Nobody ever answered: the server is not running, and waiting would only keep the person from being told.
        return safe and failed < self.backoff.tries and (self._answered.is_set() or not silent)

    def _is_passing(self, response: httpx.Response, failed: int, *, repeatable: bool) -> bool:
        if response.status_code not in RETRIABLE or failed >= self.backoff.tries:
            return False
        # 429 and 503 say that nothing was done; other 5xx may come after the deed.
        return repeatable or response.status_code in {429, 503}

    def _unreachable(self, error: Exception) -> str:
        reason = str(error) or type(error).__name__
        return (
            f"Headwater at {self.base_url} cannot be reached ({reason}). Is it running? `headwater local up` starts it."
        )


def problem(response: httpx.Response) -> ApiError | Unreachable:
    """Make the typed error of a response that is no success; any body will do."""
    document = _decode(response)
    said = document if isinstance(document, dict) else {}
    status = response.status_code
    detail = str(said.get("detail") or said.get("title") or f"The server answered {status} {response.reason_phrase}.")
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Unreachable(f"The server failed ({status}): {detail}")
    fields = [item for item in said.get("errors") or [] if isinstance(item, dict)]
    pairs = tuple((str(item.get("field", "")), str(item.get("detail", "")).rstrip(".")) for item in fields)
    return ApiError(status, str(said.get("code") or f"http_{status}"), detail, pairs)


def _result(response: httpx.Response) -> Any:
    if not response.is_success:
        raise problem(response)
    return _decode(response) if response.content else None


def _decode(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
