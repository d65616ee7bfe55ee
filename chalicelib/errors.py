"""The exception tree. Every error carries a stable code, a sentence for a person and an HTTP status.

HeadwaterError
├── Rejected              the caller is wrong: 4xx, nothing is retried
│   ├── BadRequest        400  malformed or refused input
│   ├── Unauthorized      401  no token, or not one of ours
│   ├── Forbidden         403  known caller, not allowed
│   ├── NotFound          404  absent, or not yours
│   ├── Conflict          409  right request, wrong moment
│   ├── TooLarge          413  over a limit
│   └── TooMany           429  too often
├── Permanent             the work can never succeed: the job fails with this code
└── Transient             try again later: the message goes back to its queue
"""

from __future__ import annotations


class HeadwaterError(Exception):
    """Base of all errors this product raises on purpose."""

    status = 500

    def __init__(self, code: str, detail: str) -> None:
        """Take a stable snake_case `code` and a sentence for a person."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Rejected(HeadwaterError):
    """The caller is wrong (4xx)."""

    status = 400


class BadRequest(Rejected):
    """Malformed or refused input (400)."""


class Unauthorized(Rejected):
    """No token, or none of ours (401)."""

    status = 401


class Forbidden(Rejected):
    """A known caller without the right (403)."""

    status = 403


class NotFound(Rejected):
    """Absent, or somebody else's (404)."""

    status = 404


class Conflict(Rejected):
    """A right request at the wrong moment (409)."""

    status = 409


class TooLarge(Rejected):
    """Over a limit (413)."""

    status = 413


class TooMany(Rejected):
    """Too often (429); the answer says when to come again."""

    status = 429

    def __init__(self, code: str, detail: str, *, retry_after_s: int = 2) -> None:
        """Take whole seconds after which it is worth coming again."""
        super().__init__(code, detail)
        self.retry_after_s = retry_after_s


class Permanent(HeadwaterError):
    """The work can never succeed; the job fails with this code."""


class Transient(HeadwaterError):
    """The work may succeed later; the message goes back to its queue."""

    status = 503
