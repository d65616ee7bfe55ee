"""Seeded damage: the same seed does the same to the same file."""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

EXTREMES = (0, 1, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
HEAD = 1024
"""Bytes in which most of a file's structure lies; half of all damage is done there."""


def mutate(body: bytes, seed: int) -> tuple[bytes, str]:
    """Return a damaged copy and the names of what was done to it, one to three things."""
    chance = random.Random(seed)  # noqa: S311  damage, not secrets
    done = []
    for _ in range(chance.choice((1, 1, 2, 3))):
        name = chance.choice(sorted(WAYS))
        body = WAYS[name](body, chance)
        done.append(name)
    return body, "+".join(done)


def _place(body: bytes, chance: random.Random) -> int:
    reach = min(len(body), HEAD) if chance.random() < 0.5 else len(body)
    return chance.randrange(max(1, reach))


def _flip(body: bytes, chance: random.Random) -> bytes:
    """Turn some bits over."""
    damaged = bytearray(body)
    for _ in range(chance.choice((1, 1, 4, 16, 64))):
        if damaged:
            damaged[_place(body, chance)] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def _cut(body: bytes, chance: random.Random) -> bytes:
    """Keep the beginning."""
    return body[: _place(body, chance)]


def _lose(body: bytes, chance: random.Random) -> bytes:
    """Take something out of the middle."""
    start = _place(body, chance)
    return body[:start] + body[start + chance.choice((1, 2, 7, 188, 4096)) :]


def _swap(body: bytes, chance: random.Random) -> bytes:
    """Let two pieces change places."""
    size = chance.choice((4, 16, 188, 1024))
    a, b = sorted((_place(body, chance), _place(body, chance)))
    if b - a < size:
        return body
    return body[:a] + body[b : b + size] + body[a + size : b] + body[a : a + size] + body[b + size :]


def _double(body: bytes, chance: random.Random) -> bytes:
    """Say something twice."""
    start = _place(body, chance)
    piece = body[start : start + chance.choice((8, 188, 2048))]
    return body[:start] + piece * chance.choice((2, 2, 50)) + body[start + len(piece) :]


def _number(body: bytes, chance: random.Random) -> bytes:
    """Write an extreme number over one, in either order of bytes."""
    at = _place(body, chance)
    word = struct.pack(chance.choice(("<I", ">I")), chance.choice(EXTREMES))
    return body[:at] + word + body[at + 4 :]


def _boxes(body: bytes) -> list[int]:
    """Where the names of boxes begin: four letters behind a size that stays within the file."""
    places = range(4, min(len(body), 1 << 20) - 4)
    return [at for at in places if body[at : at + 4].isalpha() and 8 <= _size(body, at - 4) <= len(body)]


def _size(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 4], "big")


def _resize(body: bytes, chance: random.Random) -> bytes:
    """Give a box, or else any four bytes, another size."""
    boxes = _boxes(body)
    if not boxes:
        return _number(body, chance)
    at = chance.choice(boxes) - 4
    size = int.from_bytes(body[at : at + 4], "big")
    other = chance.choice((0, 1, 8, size - 1, size + 1, size * 2, 0x7FFFFFFF, 0xFFFFFFFF))
    return body[:at] + struct.pack(">I", other & 0xFFFFFFFF) + body[at + 4 :]


def _rename(body: bytes, chance: random.Random) -> bytes:
    """Give a box the name of another."""
    boxes = _boxes(body)
    if len(boxes) < 2:
        return _flip(body, chance)
    at, other = chance.choice(boxes), chance.choice(boxes)
    return body[:at] + body[other : other + 4] + body[at + 4 :]


def _noise(body: bytes, chance: random.Random) -> bytes:
    """Write anything over a stretch."""
    at = _place(body, chance)
    noise = chance.randbytes(chance.choice((2, 8, 64, 512)))
    return body[:at] + noise + body[at + len(noise) :]


WAYS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "bits": _flip,
    "cut": _cut,
    "lost": _lose,
    "swapped": _swap,
    "doubled": _double,
    "number": _number,
    "size": _resize,
    "name": _rename,
    "noise": _noise,
}
"""Ways to damage a file."""
