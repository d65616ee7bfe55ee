"""RFC 6381 codec names, read from the init segment rather than believed."""

from __future__ import annotations

from chalicelib.errors import Permanent

_DECODER_CONFIG = 0x04
_DECODER_SPECIFIC = 0x05


def codec_of_init(init: bytes) -> str:
    """Return `avc1.PPCCLL` or `mp4a.40.N`; raises Permanent("media_malformed") for anything else."""
    at = init.find(b"avcC")
    if at >= 0 and len(init) >= at + 8:
        profile, constraints, level = init[at + 5 : at + 8]
        return f"avc1.{profile:02X}{constraints:02X}{level:02X}"
    at = init.find(b"esds")
    if at >= 0:
        return _mp4a(init[at + 8 :])
    raise Permanent("media_malformed", "The init segment names no codec that players know.")


def _mp4a(descriptors: bytes) -> str:
    """Walk ISO 14496-1 descriptors to the AudioSpecificConfig, whose first five bits are the object type."""
    at = 0
    while at + 2 <= len(descriptors):
        tag, at = descriptors[at], at + 1
        while at < len(descriptors) and descriptors[at] & 0x80:
            at += 1
        at += 1
        if tag == 0x03:  # noqa: PLR2004  ES descriptor: id and flags, then children
            at += 3
        elif tag == _DECODER_CONFIG:
            at += 13
        elif tag == _DECODER_SPECIFIC and at < len(descriptors):
            return f"mp4a.40.{descriptors[at] >> 3}"
        else:
            break
    raise Permanent("media_malformed", "The sound has no decoder configuration.")
