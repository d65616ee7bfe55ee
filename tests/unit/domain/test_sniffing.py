"""Files are what their first bytes are, whatever they are called."""

from __future__ import annotations

import pytest

from chalicelib.domain.sniffing import TAGGED, UNMARKED, demuxers

PLAYLISTS = [
    b"#EXTM3U\n#EXTINF:2,\nhttp://10.0.0.1/x.ts\n",
    b"\xef\xbb\xbf#EXTM3U\n",
    b"ffconcat version 1.0\nfile /etc/passwd\n",
    b"v=0\no=- 0 0 IN IP4 127.0.0.1\n",
    b'<?xml version="1.0"?><MPD></MPD>',
    b"[playlist]\nFile1=http://10.0.0.1/\n",
    b";FFMETADATA1\n",
    b"",
]


@pytest.mark.parametrize(
    ("head", "names"),
    [
        (b"\0\0\0\x18ftypmp42", "mov"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "mov"),
        (b"\0\0\x10\0moov\0\0\0\x6cmvhd", "mov"),
        (b"\0\0\0\x18stypmsdh", "mov"),
        (b"\x1a\x45\xdf\xa3\x01\0", "matroska"),
        (b"RIFF\x10\0\0\0AVI LIST", "avi"),
        (b"RIFF\x10\0\0\0WAVEfmt ", "wav"),
        (b"RF64\xff\xff\xff\xffWAVEds64", "wav"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", UNMARKED),
        (b"OggS\0\2", "ogg"),
        (b"fLaC\0\0\0\x22", "flac"),
        (b"FLV\x01\x05\0\0\0\x09", "flv"),
        (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + b"\0" * 8, "asf"),
        (bytes.fromhex("060e2b34020501010d0102010102") + b"\x04\0", "mxf"),
        (b"run-in" + bytes.fromhex("060e2b34020501010d0102010102"), "mxf"),
        (b"ID3\x04\0\0\0\0\0\x7f", TAGGED),
        (b"\xff\xfb\x90\x64", UNMARKED),
        (b"\x47\x40\x11\x10", UNMARKED),
        (b"\0\0\x01\xba\x44", UNMARKED),
    ],
)
def test_the_container_is_read_from_the_beginning(head: bytes, names: str) -> None:
    """One name where the format has a mark."""
    assert demuxers(head) == names


@pytest.mark.parametrize("head", PLAYLISTS)
def test_what_names_other_files_is_never_chosen(head: bytes) -> None:
    """Not as itself: what is left over may only be a stream of packets."""
    assert demuxers(head) == UNMARKED
    assert set(UNMARKED.split(",")) == {"mpegts", "mp3", "aac", "mpeg"}
