"""Exit codes, and the one place where an error becomes a sentence and one of them."""

from __future__ import annotations

import sys
from enum import IntEnum
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec

from headwater.cli.text import clean, print_json
from headwater.client.errors import ApiError, ClientError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")


class Exit(IntEnum):
    """What the command's exit code says to a script."""

    OK = 0
    FAILED = 1
    """The recording ended as errored, or something else on this machine failed."""
    USAGE = 2
    """The command was not understood, or its file cannot be read."""
    UNREACHABLE = 3
    """The server did not answer, or answered only that it failed."""
    REFUSED = 4
    """The server refused: no valid token, not allowed, or a request it does not take."""
    NOT_FOUND = 5
    """No such recording, or somebody else's."""
    INTERRUPTED = 130
    """Ctrl-C."""


def code_of(error: ClientError) -> Exit:
    """Return the exit code of a client error."""
    match error:
        case Unreachable():
            return Exit.UNREACHABLE
        case ApiError(status=404):
            return Exit.NOT_FOUND
        case ApiError():
            return Exit.REFUSED
        case _:
            return Exit.FAILED


def complain(sentence: str) -> None:
    """Say on stderr what went wrong."""
    print(f"headwater: {clean(sentence)}", file=sys.stderr)  # noqa: T201  a command


def exit_coded(command: Callable[P, Exit]) -> Callable[P, Exit]:
    """Turn what `command` raises into a sentence, with as_json=True also an object on stdout, and an exit code."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> Exit:
        as_json = bool(kwargs.get("as_json"))
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt:
            complain("stopped.")
            return _failed(Exit.INTERRUPTED, "interrupted", "Stopped by Ctrl-C.", as_json=as_json)
        except ClientError as error:
            complain(str(error))
            code = error.code if isinstance(error, ApiError) else type(error).__name__.lower()
            return _failed(code_of(error), code, str(error), as_json=as_json)
        except OSError as error:
            sentence = f"{error.filename or 'a file'}: {error.strerror or error}."
            complain(sentence)
            return _failed(Exit.USAGE, "unreadable", sentence, as_json=as_json)

    return run


def _failed(code: Exit, name: str, detail: str, *, as_json: bool) -> Exit:
    if as_json:
        print_json({"error": {"code": name, "detail": detail}})
    return code
