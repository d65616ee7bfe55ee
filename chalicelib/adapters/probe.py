"""Finds out what a source is, in a child process: a demuxer that crashes or grows takes only itself down."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chalicelib.adapters.confinement import of_probe
from chalicelib.domain.media import SourceMedia
from chalicelib.domain.timeline import settled
from chalicelib.errors import Permanent, Transient

_CHILD = Path(__file__).with_name("probe_child.py")
_REFUSALS = {
    "source_not_media": "The file is not a video or sound recording that can be read."
    " Is it damaged, or something else renamed?",
    "source_unreadable": "The file is damaged: its headers cannot be read.",
    "source_too_many_tracks": "The file holds more than 300 tracks. Please convert it with those that are wanted.",
    "source_unknown_codec": "The picture or the sound of this file is in a format that cannot be decoded.",
}


@dataclass(frozen=True, slots=True)
class PyAvProbe:
    """The Probe port over PyAV, which lives in a layer of its own at `library`."""

    library: str
    timeout_s: float = 90

    def probe(self, url: str, *, size_bytes: int) -> SourceMedia:
        """Read headers (and packets, where headers do not say enough).

        Raises Permanent: source_empty, source_not_media, source_unreadable, source_unknown_codec,
        source_too_many_tracks; Transient when the child ran out of time.
        """
        if not size_bytes:
            raise Permanent("source_empty", "The file is empty.")
        with subprocess.Popen(  # noqa: S603  our own script
            [sys.executable, "-I", str(_CHILD), self.library, str(size_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={},
            start_new_session=True,
            preexec_fn=of_probe().enter,  # noqa: PLW1509  the worker has one thread when it starts the probe
        ) as child:
            try:
                said, complaints = child.communicate(url.encode(), timeout=self.timeout_s)
            except subprocess.TimeoutExpired:
                raise Transient("probe_timeout", "Looking into the file took too long.") from None
            finally:
                _end(child)
        return _result(child.returncode, said, complaints)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill the child, and whatever it may have started; nothing happens to one that has ended."""
    if child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def _result(status: int, said: bytes, complaints: bytes) -> SourceMedia:
    if status < 0:
        raise Permanent("source_unreadable", "The file breaks the reader; it is damaged or hostile.")
    try:
        answer = json.loads(said)
    except ValueError:
        detail = complaints.decode(errors="replace").strip().splitlines()[-1:] or ["no answer"]
        raise Transient("probe_failed", f"The probe gave no answer: {detail[0][:200]}") from None
    if "code" in answer:
        if answer["code"] == "unreachable":
            raise Transient("source_unreachable", "The uploaded file could not be fetched.")
        raise Permanent(answer["code"], _REFUSALS[answer["code"]])
    return settled(SourceMedia.from_dict(answer))
