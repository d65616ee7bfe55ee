"""Our own logarithm and exponential against the C library's."""

from __future__ import annotations

import math
import random

import pytest

from chalicelib.domain.abr.elementary import exp, log


def test_the_logarithm_is_as_exact_as_a_double_gets() -> None:
    """Within 2 units in the last place over all that a rate or a size can be, and exact at one."""
    draw = random.Random(1)  # noqa: S311  a fixed sample
    for _ in range(5000):
        x = math.exp(draw.uniform(-30, 30))
        assert abs(log(x) - math.log(x)) <= 2 * math.ulp(max(abs(math.log(x)), 1.0))
    assert log(1.0) == 0.0
    assert log(8.0) == pytest.approx(math.log(8), rel=1e-15)


def test_the_exponential_is_as_exact_as_a_double_gets() -> None:
    """Likewise, and exact at zero."""
    draw = random.Random(2)  # noqa: S311  a fixed sample
    for _ in range(5000):
        y = draw.uniform(-40, 40)
        assert abs(exp(y) - math.exp(y)) <= 2 * math.ulp(math.exp(y))
    assert exp(0.0) == 1.0


def test_what_is_out_of_range_is_moved_into_it() -> None:
    """Zero, less than it, and infinities give the ends; nothing raises."""
    assert log(0.0) == log(-1.0) == log(1e-300) == pytest.approx(-690.775527898)
    assert log(math.inf) == log(1e300)
    assert (exp(1e9), exp(-math.inf)) == (exp(690.0), exp(-690.0))
