"""What can go wrong between this machine and the server, as sentences for a person.

ClientError
├── Unreachable    no answer, or only 5xx ones, after all retries
├── FileChanged    the file is no longer the one whose upload began
├── Busy           another process is uploading the same file
└── ApiError       the server answered with a problem document
    └── Refused    a presigned part URL was refused although it was made anew
"""

from __future__ import annotations


class ClientError(Exception):
    """Base of everything this client raises on purpose; `str()` is a sentence."""


class Unreachable(ClientError):
    """The server did not answer, or answered only 5xx."""


class FileChanged(ClientError):
    """The file's size or time changed while it was being sent."""


class Busy(ClientError):
    """Another process holds the upload of the same file."""


class ApiError(ClientError):
    """A problem document: HTTP `status`, stable `code`, `detail` sentence, and the fields it names, if any."""

    def __init__(self, status: int, code: str, detail: str, fields: tuple[tuple[str, str], ...] = ()) -> None:
        """Take the members of the document; `fields` are (name, detail) pairs."""
        named = "".join(f" {name}: {text}." for name, text in fields)
        super().__init__(f"{detail}{named}")
        self.status = status
        self.code = code
        self.detail = detail
        self.fields = fields


class Refused(ApiError):
    """Storage refused a part although its URL was fresh."""
