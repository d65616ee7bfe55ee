"""H.264 sequence parameter sets (ITU-T H.264, 7.3.2.1): just whether there can be fields in the picture."""

from __future__ import annotations

_HIGH = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
_MOST_ZEROS = 32


class _Bits:
    """Reads bits and Exp-Golomb codes of a NAL unit without its emulation prevention; raises IndexError at its end."""

    def __init__(self, nal: bytes) -> None:
        self._data = nal.replace(b"\0\0\3", b"\0\0")
        self._at = 0

    def bits(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | self._data[self._at >> 3] >> (7 - (self._at & 7)) & 1
            self._at += 1
        return value

    def golomb(self) -> int:
        zeros = 0
        while not self.bits(1):
            zeros += 1
            if zeros > _MOST_ZEROS:
                raise IndexError
        return (1 << zeros) - 1 + self.bits(zeros)

    def signed(self) -> int:
        code = self.golomb()
        return (code + 1) // 2 if code & 1 else -code // 2


def is_interlaced(sps: bytes) -> bool:
    """True when frame_mbs_only_flag is 0; False for a parameter set that ends before it."""
    try:
        return _read(_Bits(sps))
    except IndexError:
        return False


def _read(bits: _Bits) -> bool:
    bits.bits(8)
    profile = bits.bits(8)
    bits.bits(16)
    bits.golomb()
    if profile in _HIGH:
        _skip_formats(bits)
    bits.golomb()
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.bits(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.golomb(), 255)):
            bits.signed()
    bits.golomb()
    bits.bits(1)
    bits.golomb()
    bits.golomb()
    return not bits.bits(1)


def _skip_formats(bits: _Bits) -> None:
    """Chroma, depths and scaling lists."""
    chroma = bits.golomb()
    if chroma == 3:  # noqa: PLR2004  4:4:4
        bits.bits(1)
    bits.golomb()
    bits.golomb()
    bits.bits(1)
    if bits.bits(1):
        for index in range(12 if chroma == 3 else 8):  # noqa: PLR2004  4:4:4
            if bits.bits(1):
                _skip_list(bits, 16 if index < 6 else 64)  # noqa: PLR2004  4x4 lists come first


def _skip_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last
