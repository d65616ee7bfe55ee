"""Which container a file is, by its first bytes alone: FFmpeg is told, and not asked.

Playlists (hls, dash, concat, sdp) would fetch what they name: they are nothing to us, whatever they call themselves.

It stands alone: the probing child reads it, where nothing else of ours is imported.
"""

from __future__ import annotations

_MOVIE = {
    *(b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"sidx", b"emsg", b"prft"),
    *(b"free", b"skip", b"wide", b"pnot", b"udta", b"uuid", b"junk", b"pict", b"ediw"),
}
"""Boxes that an MP4 or QuickTime file may begin with."""
_WAVE = {b"RIFF", b"RF64", b"BW64", b"RIFX"}
_AVI = {(b"RIFF", b"AVI "), (b"RIFF", b"AVIX"), (b"RIFF", b"AVI\x19"), (b"RIFF", b"AMV "), (b"ON2 ", b"ON2f")}
_BEGINNINGS = {
    b"\x1a\x45\xdf\xa3": "matroska",
    b"OggS": "ogg",
    b"fLaC": "flac",
    b"FLV": "flv",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c": "asf",
}
_MXF = b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02"
"""Header partition; up to 64 KiB of anything may come before it."""
_CUES = b"\x1c\x53\xbb\x6b"
_CLUSTER = b"\x1f\x43\xb6\x75"
_SEEK_ID = b"\x53\xab\x84"
UNMARKED = "mpegts,mp3,aac,mpeg"
"""Streams that may begin anywhere: no bytes of theirs are fixed, so FFmpeg's own guess is taken, among these alone."""
TAGGED = f"{UNMARKED},flac"
"""The same behind an ID3 tag, which some programs put before FLAC, too."""


def demuxers(head: bytes) -> str:
    """Names of the FFmpeg demuxers that may read a file beginning with `head`: one, or the streams without a mark."""
    kind, form = head[:4], head[8:12]
    if head[4:8] in _MOVIE:
        return "mov"
    if (kind, form) in _AVI:
        return "avi"
    if kind in _WAVE and form == b"WAVE":
        return "wav"
    for beginning, name in _BEGINNINGS.items():
        if head.startswith(beginning):
            return name
    if head.startswith(b"ID3"):
        return TAGGED
    return "mxf" if _MXF in head else UNMARKED


def indexed(name: str, head: bytes) -> bool:
    """True when a file that begins with `head` says where its key frames are without being read as a whole.

    Matroska does in its Cues, which lie before the first Cluster or are named in the SeekHead. A fragmented MP4
    (one with `mvex`) is read fragment by fragment whenever it is opened, unless one `sidx` in front lists them all.
    """
    if name == "matroska":
        return _CUES in head.replace(_SEEK_ID + _CLUSTER, b"").partition(_CLUSTER)[0]
    if name == "mov":
        return b"mvex" not in head or b"sidx" in head.partition(b"moof")[0]
    return False
