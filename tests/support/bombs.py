"""QuickTime and other files built box by box: an honest little film, and the same film lying about itself."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

from support.mp4 import box

SIDE = 64
FRAMES = 25
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def png(width: int, height: int, *, grey: int = 128) -> bytes:
    """A picture of one colour, eight bits a pixel."""

    def part(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))

    squeeze = zlib.compressobj(1)
    row = b"\0" + bytes([grey]) * width
    rows = b"".join(squeeze.compress(row) for _ in range(height)) + squeeze.flush()
    header = part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + part(b"IDAT", rows) + part(b"IEND", b"")


@dataclass
class Film:
    """One second of 25 pictures as a QuickTime film. Each field may be made to lie."""

    picture: bytes = field(default_factory=lambda: png(SIDE, SIDE))
    tracks: int = 1
    timescale: int = 25
    movie_timescale: int = 1000
    duration: int = FRAMES
    """Of the track, in its ticks."""
    times: list[tuple[int, int]] = field(default_factory=lambda: [(FRAMES, 1)])
    """Runs of samples: how many, ticks of each."""
    edits: list[tuple[int, int]] = field(default_factory=list)
    """Duration in the movie's ticks, start in the track's."""
    samples: int = FRAMES
    sample_size: int = 0
    """One for all samples; 0 lists the true ones."""
    per_chunk: int = FRAMES
    reference: bytes = field(default_factory=lambda: box(b"url ", b"\0\0\0\1"))
    """Where the media is: in this file."""
    entry: tuple[int, int] = (SIDE, SIDE)
    """Width and height as the header says."""
    codec: bytes = b"png "

    def write(self) -> bytes:
        """The file: media first, so that offsets are known."""
        ftyp = box(b"ftyp", b"qt  \0\0\0\0qt  ")
        mdat = box(b"mdat", self.picture * FRAMES)
        track = self._track(len(ftyp) + 8)
        return ftyp + mdat + box(b"moov", self._head(), track * self.tracks)

    def _head(self) -> bytes:
        times = struct.pack(">IIIII", 0, 0, 0, self.movie_timescale, 1000)
        return box(b"mvhd", times, struct.pack(">IH10x", 0x10000, 0x100), _MATRIX, bytes(24), struct.pack(">I", 2))

    def _track(self, offset: int) -> bytes:
        tkhd = struct.pack(">IIIIII8x8x", 3, 0, 0, 1, 0, 1000)
        tkhd = box(b"tkhd", tkhd, _MATRIX, struct.pack(">II", SIDE << 16, SIDE << 16))
        edits = struct.pack(">II", 0, len(self.edits)) + b"".join(
            struct.pack(">IiI", d, s, 0x10000) for d, s in self.edits
        )
        edts = box(b"edts", box(b"elst", edits)) if self.edits else b""
        mdhd = box(b"mdhd", struct.pack(">IQQIQI", 0x01000000, 0, 0, self.timescale, self.duration, 0))
        hdlr = box(b"hdlr", struct.pack(">II4s12x", 0, 0, b"vide"), b"\0")
        dinf = box(b"dinf", box(b"dref", struct.pack(">II", 0, 1), self.reference))
        minf = box(b"minf", box(b"vmhd", struct.pack(">I8x", 1)), dinf, self._table(offset))
        return box(b"trak", tkhd, edts, box(b"mdia", mdhd, hdlr, minf))

    def _table(self, offset: int) -> bytes:
        entry = struct.pack(">6xH16xHHIIIH32xHh", 1, *self.entry, 0x480000, 0x480000, 0, 1, 24, -1)
        stsd = box(b"stsd", struct.pack(">II", 0, 1), box(self.codec, entry))
        runs = b"".join(struct.pack(">II", *run) for run in self.times)
        stts = box(b"stts", struct.pack(">II", 0, len(self.times)), runs)
        stsc = box(b"stsc", struct.pack(">IIIII", 0, 1, 1, self.per_chunk, 1))
        sizes = b"" if self.sample_size else struct.pack(f">{FRAMES}I", *[len(self.picture)] * FRAMES)
        stsz = box(b"stsz", struct.pack(">III", 0, self.sample_size, self.samples), sizes)
        return box(b"stbl", stsd, stts, stsc, stsz, box(b"stco", struct.pack(">III", 0, 1, offset)))


def element(number: str, *parts: bytes) -> bytes:
    """One element of Matroska; `number` is its id in hex, its size takes eight bytes."""
    body = b"".join(parts)
    return bytes.fromhex(number) + struct.pack(">Q", len(body) | 1 << 56) + body


def matroska(*, tracks: int = 1, scale: int = 1_000_000, duration: float = 1000.0, zipped: bytes = b"") -> bytes:
    """A Matroska file of PNG pictures. `zipped`, if any, is what a block's compressed bytes are, and says so."""
    encoding = element("5034", element("4254", b"\0")) if zipped else b""
    encodings = element("6d80", element("6240", encoding)) if zipped else b""
    bitmap = struct.pack("<IiiHH4sIiiII", 40, SIDE, SIDE, 1, 24, b"MPNG", 0, 0, 0, 0, 0)
    video = element("e0", element("b0", struct.pack(">H", SIDE)), element("ba", struct.pack(">H", SIDE)))
    track = [
        element(
            "ae",
            *(element("d7", struct.pack(">I", n)), element("73c5", struct.pack(">I", n)), element("83", b"\1")),
            *(element("86", b"V_MS/VFW/FOURCC"), element("63a2", bitmap), video, encodings),
        )
        for n in range(1, tracks + 1)
    ]
    head = element("1a45dfa3", element("4282", b"matroska"), element("4287", b"\4"), element("4285", b"\2"))
    info = element(
        "1549a966", element("2ad7b1", struct.pack(">Q", scale)), element("4489", struct.pack(">d", duration))
    )
    body = zipped or png(SIDE, SIDE)
    blocks = [element("a3", b"\x81", struct.pack(">h", 40 * n), b"\x80", body) for n in range(FRAMES)]
    cluster = element("1f43b675", element("e7", b"\0"), *blocks)
    return head + element("18538067", info, element("1654ae6b", *track), cluster)


def wave(*, channels: int = 1, rate: int = 8000, bits: int = 8, promised: int = 8000) -> bytes:
    """A second of silence, or what its header says."""
    align = max(1, channels * bits // 8) & 0xFFFF
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * align & 0xFFFFFFFF, align, bits)
    return (
        struct.pack("<4sI4s", b"RIFF", 36 + 8000, b"WAVE")
        + fmt
        + struct.pack("<4sI", b"data", promised)
        + b"\x80" * 8000
    )


def ogg(streams: int) -> bytes:
    """Beginnings of so many Vorbis streams, and nothing else."""
    vorbis = b"\1vorbis" + struct.pack("<IBIIIIBB", 0, 2, 44100, 0, 128000, 0, 0xB8, 1)
    pages = [
        struct.pack("<4sBBqIIIB", b"OggS", 0, 2, 0, n, 0, 0, 1) + bytes([len(vorbis)]) + vorbis for n in range(streams)
    ]
    return b"".join(pages)


def transport(streams: int) -> bytes:
    """A transport stream whose programme lists so many streams, none of which ever comes."""

    def table(pid: int, number: int, key: int, body: bytes) -> bytes:
        section = struct.pack(">BHHBBB", number, 0xB000 | len(body) + 9, key, 0xC1, 0, 0) + body
        section += struct.pack(">I", _crc(section))
        packets, rest = b"", b"\0" + section
        for count in range(-(-len(rest) // 184)):
            start = 0x4000 if not count else 0
            packets += struct.pack(">BHB", 0x47, pid | start, 0x10 | count & 15) + rest[count * 184 :][:184].ljust(
                184, b"\xff"
            )
        return packets

    each = 180
    programmes = -(-streams // each)
    packets = table(0, 0, 1, b"".join(struct.pack(">HH", n + 1, 0xE000 | 16 + n) for n in range(programmes)))
    for n in range(programmes):
        pids = range(256 + n * each, 256 + min(streams, (n + 1) * each))
        body = struct.pack(">HH", 0xE100, 0xF000) + b"".join(
            struct.pack(">BHH", 0x1B, 0xE000 | pid, 0xF000) for pid in pids
        )
        packets += table(16 + n, 2, n + 1, body)
    return packets * 3


def _crc(data: bytes) -> int:
    """MPEG's CRC-32."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


def squeezed_moov(size: int) -> bytes:
    """A QuickTime header that says it unpacks to `size` bytes, and does so to 16 MiB of nothing."""
    body = zlib.compress(bytes(16 << 20), 9)
    cmov = box(b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", struct.pack(">I", size), body))
    return box(b"ftyp", b"qt  \0\0\0\0qt  ") + box(b"moov", cmov)


def nested(depth: int) -> bytes:
    """Boxes within boxes."""
    return box(b"ftyp", b"isom\0\0\0\0isom") + b"".join(
        struct.pack(">I4s", 8 * (depth - n), b"moov" if not n else b"trak") for n in range(depth)
    )
