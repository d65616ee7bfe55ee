"""The roles of one stack: the functions' with the policies that are deployed, and those of the embedded cloud itself.

Keys are derived from the stack's own secret, so that links which were signed before a restart stay good after it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from headwater.local import used_rights
from headwater.local.policies import Need, Policy
from headwater.local.presign import Credentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from headwater.local.environment import Stack

OPERATOR, CDN, INGEST = "operator", "cdn", "ingest"
_API = {"api_handler": "api"}
"""What the rest of the local stack calls the function that Chalice calls api_handler."""


class Signers(Protocol):
    """Whose signature is taken, and what for."""

    def of(self, access_key_id: str) -> Credentials:
        """Return the key pair of that id; another one when there is none, which then does not fit."""

    def may(self, access_key_id: str, need: Need) -> bool:
        """True when the owner of the key has the right."""


def signers_of(given: Credentials | Signers) -> Signers:
    """Return who may sign, where it may be one key pair that does everything."""
    return Alone(given) if isinstance(given, Credentials) else given


class Alone(Signers):
    """One key pair that may do everything: of a gateway that runs without the rest of a stack."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def of(self, access_key_id: str) -> Credentials:
        """Return it, whatever is asked for."""
        del access_key_id
        return self._credentials

    def may(self, access_key_id: str, need: Need) -> bool:
        """Allow everything."""
        del access_key_id, need
        return True


@dataclass(frozen=True, slots=True)
class Role:
    """A role that is assumed: its name, the credentials of the one who assumed it, its policy document."""

    name: str
    credentials: Credentials
    document: Mapping[str, Any]
    policy: Policy = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", Policy(self.document))

    def environment(self) -> dict[str, str]:
        """Return the variables in which Lambda hands a role's credentials to its function."""
        return {
            "AWS_ACCESS_KEY_ID": self.credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_access_key,
            "AWS_SESSION_TOKEN": self.credentials.session_token,
        }

    def as_json(self) -> dict[str, Any]:
        """Return what `role_from` reads."""
        return {"name": self.name, "credentials": asdict(self.credentials), "document": self.document}


def role_from(entry: Mapping[str, Any]) -> Role:
    """Return the role that `as_json` wrote."""
    return Role(entry["name"], Credentials(**entry["credentials"]), entry["document"])


class Roles(Signers):
    """All roles of a stack, by the function or the part of the embedded cloud that has it."""

    def __init__(self, functions: Mapping[str, Role], control: Mapping[str, Role]) -> None:
        self.functions = functions
        self.control = control
        self._by_key = {role.credentials.access_key_id: role for role in self}

    def __iter__(self) -> Iterator[Role]:
        """Iterate over every role."""
        yield from self.functions.values()
        yield from self.control.values()

    def of(self, access_key_id: str) -> Credentials:
        """Return a role's key pair; the operator's for an id that nobody has."""
        return self._by_key.get(access_key_id, self.control[OPERATOR]).credentials

    def may(self, access_key_id: str, need: Need) -> bool:
        """True when the role has the right."""
        role = self._by_key.get(access_key_id)
        right = role.policy.allows(need) if role else None
        if role and right:
            used_rights.note(role.name, right)
        return right is not None


def load_roles(root: Path, stack: Stack, secret: Credentials) -> Roles:
    """Read the functions' policies as `.chalice/config.json` in `root` assigns them; ValueError for a bad one."""
    folder = root / ".chalice"
    declared = json.loads((folder / "config.json").read_text("utf-8"))["stages"][stack.stage]["lambda_functions"]
    functions = {
        _API.get(name, name): json.loads((folder / entry["iam_policy_file"]).read_text("utf-8"))
        for name, entry in declared.items()
    }
    return roles_of(functions, stack, secret)


def roles_of(policies: Mapping[str, Any], stack: Stack, secret: Credentials) -> Roles:
    """Return the roles of functions with these policies, by function, and of the stack itself; ValueError as above."""
    return Roles(_named(policies, stack, secret), _named(_control_policies(stack), stack, secret))


def _named(documents: Mapping[str, Any], stack: Stack, secret: Credentials) -> dict[str, Role]:
    return {
        name: Role(stack.prefix + name, derive(stack.prefix + name, secret), document)
        for name, document in documents.items()
    }


def derive(name: str, secret: Credentials) -> Credentials:
    """Return the session of a role, shaped as STS shapes them; the same for the same secret."""

    def part(kind: str) -> bytes:
        return hmac.new(secret.secret_access_key.encode(), f"{kind}:{name}".encode(), hashlib.sha512).digest()

    key_id = "ASIA" + base64.b32encode(part("id"))[:16].decode()
    # A slash and a plus in it, as in real ones, find whoever forgets to encode them
    token = "IQoJ/+" + base64.b64encode(part("token")).decode()
    return Credentials(key_id, part("secret").hex()[:40], secret.region, token)


def _control_policies(stack: Stack) -> dict[str, dict[str, Any]]:
    """Return what stands in for parts of AWS that are no functions, and for whoever applies Terraform."""
    source, media = f"arn:aws:s3:::{stack.source_bucket}", f"arn:aws:s3:::{stack.media_bucket}"
    return {
        OPERATOR: _document(
            (("s3:CreateBucket", "s3:PutBucketNotification"), (source, media)),
            (("sqs:CreateQueue",), (f"arn:aws:sqs:*:*:{stack.prefix}*",)),
            (
                ("dynamodb:CreateTable", "dynamodb:DescribeTable", "dynamodb:UpdateTimeToLive"),
                (f"arn:aws:dynamodb:*:*:table/{stack.prefix}*",),
            ),
            (
                ("secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:CreateSecret"),
                (f"arn:aws:secretsmanager:*:*:secret:{stack.prefix}*",),
            ),
        ),
        # As the bucket's policy in infra/modules/storage lets CloudFront
        CDN: _document((("s3:GetObject",), (f"{media}/*",)), (("s3:ListBucket",), (media,))),
        # API Gateway's role for PUT /ingest/...
        INGEST: _document((("s3:PutObject",), (f"{source}/ingest/*",))),
    }


def _document(*statements: tuple[Iterable[str], Iterable[str]]) -> dict[str, Any]:
    allowed = [
        {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)} for actions, resources in statements
    ]
    return {"Version": "2012-10-17", "Statement": allowed}
