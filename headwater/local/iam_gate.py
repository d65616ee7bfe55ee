"""IAM before the emulator: each request is let through if its caller's role has the rights for all that it does.

moto can check too, but holds every resource of SQS and DynamoDB against `*`, knows neither the reads of objects that
never reach it nor presigned requests, and collects and parses every policy again for each request.
"""

from __future__ import annotations

import hmac
import io
import json
import re
import sys
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from headwater.local import used_rights
from headwater.local.needs import AwsRequest, needs
from headwater.local.policies import Need
from headwater.local.presign import ALGORITHM
from headwater.local.roles import Role, role_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

    from headwater.local.needs import Place

_CREDENTIAL = re.compile(rf"{ALGORITHM} Credential=([^/,\s]+)/\d+/[^/]+/([^/]+)/aws4_request")
_TARGETS = {"DynamoDB": "dynamodb", "AmazonSQS": "sqs", "secretsmanager": "secretsmanager", "AWSEvents": "events"}
_UNKNOWN = {"s3": "InvalidAccessKeyId", "sqs": "InvalidClientTokenId"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer in the words and the format of the service that was asked."""

    service: str
    code: str
    message: str

    def respond(self, start_response: StartResponse, *, head: bool) -> list[bytes]:
        """Answer with it."""
        if self.service == "s3":
            status, kind = HTTPStatus.FORBIDDEN, "application/xml"
            body = f"<Error><Code>{self.code}</Code><Message>{escape(self.message)}</Message></Error>".encode()
        else:
            status = HTTPStatus.FORBIDDEN if self.service == "sqs" else HTTPStatus.BAD_REQUEST
            kind = "application/x-amz-json-1.0"
            body = json.dumps({"__type": f"com.amazon.coral.service#{self.code}", "message": self.message}).encode()
        body = b"" if head else body
        headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]


class IamGate:
    """Lets everything through until `enforce` names the roles; afterwards nobody without one."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._roles: dict[str, Role] = {}
        self._told: set[tuple[str, Need]] = set()

    def enforce(self, roles: Iterable[Mapping[str, Any]]) -> None:
        """Know these roles and no other callers from now on."""
        known = [role_from(entry) for entry in roles]
        self._roles = {role.credentials.access_key_id: role for role in known}

    def respond(
        self,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        answer: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]],
    ) -> Iterable[bytes]:
        """Answer as `answer` does, or refuse."""
        if not self._roles:
            return answer(environ, start_response)
        head = environ["REQUEST_METHOD"] == "HEAD"
        key_id, service, token = _caller(environ)
        role = self._roles.get(key_id)
        if role is None or not hmac.compare_digest(token.encode(), role.credentials.session_token.encode()):
            code = _UNKNOWN.get(service, "UnrecognizedClientException")
            refusal = Refusal(service, code, "The security token included in the request is invalid.")
            return refusal.respond(start_response, head=head)
        request = _request(environ, service)
        wanted = needs(request, self._place)
        for need in wanted:
            if (right := role.policy.allows(need)) is None:
                self._tell(role, need)
                return self._refusal(role, need, service).respond(start_response, head=head)
            used_rights.note(role.name, right)
        if service == "s3" and request.method in {"GET", "HEAD"} and wanted[0].action == "s3:GetObject":
            return self._read(role, wanted[0], environ, start_response, answer)
        return answer(environ, start_response)

    def _read(
        self,
        role: Role,
        need: Need,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        answer: Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]],
    ) -> Iterable[bytes]:
        """Read an object; to hear that there is none takes the right to list its bucket."""
        listing = Need("s3:ListBucket", need.resource.partition("/")[0])
        right = role.policy.allows(listing)
        status = ""

        def noted(line: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
            nonlocal status
            status = line
            if line.startswith("404") and right is None:
                return lambda _: None
            return start_response(line, headers, *rest)

        body = answer(environ, noted)
        if not status.startswith("404"):
            return body
        if right is not None:
            used_rights.note(role.name, right)
            return body
        getattr(body, "close", lambda: None)()
        head = environ["REQUEST_METHOD"] == "HEAD"
        return self._refusal(role, listing, "s3").respond(start_response, head=head)

    def _tell(self, role: Role, need: Need) -> None:
        """Tell whoever runs the stack, once: who is refused tends to try again."""
        if (role.name, need) not in self._told:
            self._told.add((role.name, need))
            sys.stderr.write(f"IAM: {role.name} may not {need.action} {need.resource}\n")

    def _refusal(self, role: Role, need: Need, service: str) -> Refusal:
        code = "AccessDenied" if service in {"s3", "sqs"} else "AccessDeniedException"
        who = f"arn:aws:sts::{self._place.account}:assumed-role/{role.name}/{role.name}"
        why = f"because no identity-based policy allows the {need.action} action"
        return Refusal(
            service, code, f"User: {who} is not authorized to perform: {need.action} on resource: {need.resource} {why}"
        )


def _caller(environ: WSGIEnvironment) -> tuple[str, str, str]:
    """Return (access key id, service, session token) that a request names, in its head or presigned in its query."""
    target = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")[0].partition("_")[0]
    match = _CREDENTIAL.match(environ.get("HTTP_AUTHORIZATION", ""))
    if match:
        key_id, scope, token = match[1], match[2], environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "")
    else:
        query = parse_qs(environ["QUERY_STRING"])
        credential = query.get("X-Amz-Credential", [""])[0].split("/")
        key_id, scope = credential[0], credential[3] if len(credential) > 3 else "s3"  # noqa: PLR2004
        token = query.get("X-Amz-Security-Token", [""])[0]
    return key_id, _TARGETS.get(target, scope), token


def _request(environ: WSGIEnvironment, service: str) -> AwsRequest:
    headers = {
        name: environ[f"HTTP_{name.upper().replace('-', '_')}"]
        for name in ("x-amz-target", "if-match", "x-amz-copy-source")
        if f"HTTP_{name.upper().replace('-', '_')}" in environ
    }
    method, query = environ["REQUEST_METHOD"], environ["QUERY_STRING"]
    body = b""
    # Parts and segments are large, and say nothing about rights
    if service != "s3" or (method == "POST" and "delete" in parse_qs(query, keep_blank_values=True)):
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
    path = str(environ.get("REQUEST_URI") or environ["PATH_INFO"]).partition("?")[0]
    return AwsRequest(method, path, query, headers, body, service)
