"""Logarithm and exponential of sums, products and quotients alone: the same bits in Python and in JavaScript.

The C library's and V8's differ in the last digit of one exponential in ten, and a decision could hang on it.
`web/assets/abr/elementary.js` is its twin, operation by operation. Errors stay within 2 units in the last place.
"""

from __future__ import annotations

from math import floor, frexp, ldexp

LEAST, MOST = 1e-300, 1e300
"""Arguments of `log` are moved into this; those of `exp` into [-690, 690]."""
_EXP_MOST = 690.0
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
"""ln 2 in two parts: the first has zeros at its end, so that its multiples are exact."""
_ONE_BY_LN2 = 1.44269504088896338700
_ROOT_HALF = 0.70710678118654752440
_ODD = (21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0)
_DEGREE = 14


def log(x: float) -> float:
    """Natural logarithm: 2 artanh((m - 1) / (m + 1)) of the mantissa m in [√½, √2), as a series, and e ln 2."""
    m, e = frexp(min(max(x, LEAST), MOST))
    if m < _ROOT_HALF:
        m, e = 2.0 * m, e - 1
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    total = 1.0 / 23.0
    for odd in _ODD:
        total = total * z + 1.0 / odd
    return e * _LN2_HIGH + (2.0 * s * (total * z + 1.0) + e * _LN2_LOW)


def exp(y: float) -> float:
    """Exponential: 2^k times the series of e^r, where y = k ln 2 + r and |r| is at most half of ln 2."""
    y = min(max(y, -_EXP_MOST), _EXP_MOST)
    k = floor(y * _ONE_BY_LN2 + 0.5)
    r = (y - k * _LN2_HIGH) - k * _LN2_LOW
    total = 1.0
    for n in range(_DEGREE, 0, -1):
        total = 1.0 + total * r / n
    return ldexp(total, k)
