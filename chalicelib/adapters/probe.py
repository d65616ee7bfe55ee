"""Finds out what a source is, in a child process: a demuxer that crashes or grows takes only itself down."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from chalicelib.domain.media import SourceMedia
from chalicelib.domain.timeline import settled
from chalicelib.errors import Permanent, Transient

_CHILD = Path(__file__).with_name("probe_child.py")
_MEMORY = 900 * 1024 * 1024
_REFUSALS = {
    "source_not_media": "The file is not a video or sound recording that can be read."
    " Is it damaged, or something else renamed?",
    "source_unreadable": "The file is damaged: its headers cannot be read.",
    "source_unknown_codec": "The picture or the sound of this file is in a format that cannot be decoded.",
}


@dataclass(frozen=True, slots=True)
class PyAvProbe:
    """The Probe port over PyAV, which lives in a layer of its own at `library`."""

    library: str
    timeout_s: float = 90

    def probe(self, url: str, *, size_bytes: int) -> SourceMedia:
        """Read headers (and packets, where headers do not say enough).

        Raises Permanent: source_empty, source_not_media, source_unreadable, source_unknown_codec; Transient when the
        child ran out of time.
        """
        if not size_bytes:
            raise Permanent("source_empty", "The file is empty.")
        try:
            child = subprocess.run(  # noqa: S603  our own script
                [sys.executable, "-I", str(_CHILD), self.library, str(size_bytes)],
                input=url.encode(),
                capture_output=True,
                timeout=self.timeout_s,
                check=False,
                env={},
                preexec_fn=_limit,
            )
        except subprocess.TimeoutExpired:
            raise Transient("probe_timeout", "Looking into the file took too long.") from None
        return _result(child)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _result(child: subprocess.CompletedProcess[bytes]) -> SourceMedia:
    if child.returncode < 0:
        raise Permanent("source_unreadable", "The file breaks the reader; it is damaged or hostile.")
    try:
        answer = json.loads(child.stdout)
    except ValueError:
        detail = child.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no answer"]
        raise Transient("probe_failed", f"The probe gave no answer: {detail[0][:200]}") from None
    if "code" in answer:
        if answer["code"] == "unreachable":
            raise Transient("source_unreachable", "The uploaded file could not be fetched.")
        raise Permanent(answer["code"], _REFUSALS[answer["code"]])
    return settled(SourceMedia.from_dict(answer))
