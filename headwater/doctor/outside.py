"""What anybody can see of an installation: does it answer, what time is it there, are pages and sign-in in place."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import chalicelib
from headwater.client.errors import ApiError, ClientError, Unreachable
from headwater.doctor.findings import bad, good, odd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from headwater.client.api import Api
    from headwater.doctor.findings import Finding

SKEW_WORTH_SAYING_S = 30.0
SKEW_REFUSED_S = 240.0
"""AWS refuses signatures that are five minutes off; tokens that begin in the future are refused before that."""


def reach(api: Api) -> tuple[list[Finding], httpx.Response | None]:
    """Ask for the API's health; the answer is None where nothing more can be asked."""
    try:
        response = api.transport.send("GET", "/api/v1/health")
    except Unreachable as error:
        do = "Here: `headwater local up`. On AWS: check the address (Terraform's output `url`) and your network."
        return [bad("api", str(error), do)], None
    document = _object(response)
    if not response.is_success or document.get("status") != "ok":
        says = f"{api.url} answers {response.status_code}, which is not Headwater's API."
        do = "Check the address. If it is right, read the log of the function `api` and see whether it starts."
        return [bad("api", says, do)], None
    version = str(document.get("version", ""))
    found = [good("api", f"{api.url} answers: Headwater {version}.")]
    if version != chalicelib.__version__:
        says = f"The server is version {version}, this command {chalicelib.__version__}."
        found.append(odd("version", says, "Use the command of the version that is deployed, or deploy this one."))
    return found, response


def clock(response: httpx.Response, now: Callable[[], float] = time.time) -> Iterator[Finding]:
    """Compare this machine's clock with the server's, to the second that HTTP tells."""
    try:
        there = parsedate_to_datetime(response.headers["date"]).timestamp()
    except (KeyError, ValueError):
        return
    skew = now() - there
    if abs(skew) < SKEW_WORTH_SAYING_S:
        yield good("clock", "This machine's clock and the server's agree.")
        return
    says = f"This machine's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the server's."
    do = "Let the one that is wrong take its time from the network (NTP): signatures hold for minutes only."
    yield bad("clock", says, do) if abs(skew) >= SKEW_REFUSED_S else odd("clock", says, do)


def pages(api: Api) -> Iterator[Finding]:
    """Look for the console's first page, with its security policy."""
    try:
        response = api.transport.send("GET", "/")
    except Unreachable as error:
        yield bad("pages", str(error), "Look at the distribution, or at what `headwater local up` printed.")
        return
    if not response.is_success or "text/html" not in response.headers.get("content-type", ""):
        says = f"The console's first page is not there: {response.status_code}."
        yield bad("pages", says, "`make deploy` puts the pages into their bucket; then wait for the distribution.")
    elif "content-security-policy" not in response.headers:
        says = "Pages come without their Content-Security-Policy."
        yield odd(
            "pages", says, "Something between you and the distribution removes headers, or the policy is detached."
        )
    else:
        yield good("pages", "The console's pages are there, with their security headers.")


def sign_in(api: Api) -> Iterator[Finding]:
    """See that pages are told of an issuer, that it answers, and that the API takes this person's token."""
    try:
        config = api.transport.public_json("/config.json")
        auth = config["auth"]
        issuer = str(auth["authority"])
    except (ClientError, KeyError, TypeError, AttributeError):
        do = "`make deploy` writes it from the identity module: check `oidc`, or the user pool."
        yield bad("sign-in", "/config.json, which tells pages where to sign in, is missing or names no issuer.", do)
    else:
        yield from _issuer(api, issuer)
    try:
        next(iter(api.recordings(limit=1)), None)
    except ApiError as error:
        do = "Sign in again. If every token is refused, compare its issuer and audience with the function's settings."
        yield bad("token", f"The API refuses this token: {error} ({error.code})", do)
    except Unreachable as error:
        yield bad("token", str(error), "Read the logs of the functions `authorizer` and `api`.")
    else:
        yield good("token", "The API takes this token.")


def _issuer(api: Api, issuer: str) -> Iterator[Finding]:
    discovery = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        response = api.transport.attempt(api.transport.http.build_request("GET", discovery), repeatable=True)
        named = _object(response).get("jwks_uri")
    except Unreachable as error:
        yield bad(
            "sign-in", f"The issuer does not answer. {error}", "Nobody can sign in until it does: see its own status."
        )
        return
    if not named:
        says = f"{discovery} answers {response.status_code} and names no keys."
        yield bad("sign-in", says, "Check the issuer's address in `oidc`: it has to end where its discovery begins.")
        return
    yield good("sign-in", f"The issuer answers: {issuer}.")


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
