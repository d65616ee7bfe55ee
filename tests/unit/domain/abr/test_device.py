"""What a device can show, and which levels that leaves."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.abr import BitrateLevel, BitrateProfile, CapReason, Decoding, DeviceCapabilities

PROFILE = BitrateProfile.default()
"""250: 640x360; 500, 1000: 1280x720; 2000, 4000: 1920x1080."""


def left(device: DeviceCapabilities, profile: BitrateProfile = PROFILE, *, measured: bool = False) -> list[int]:
    """Bitrates a device has a use for."""
    barred = device.limits(profile, measured=measured).barred
    return [level.kbps for level in profile.levels if level.index not in barred]


@pytest.mark.parametrize(
    ("width", "height", "ratio", "kbps"),
    [
        (0, 0, 1, 4000),
        (320, 180, 1, 250),
        (640, 360, 1, 250),
        (641, 361, 1, 1000),
        (390, 844, 1, 1000),
        (390, 844, 3, 4000),
        (844, 390, 1, 1000),
        (1280, 800, 1, 1000),
        (3840, 2160, 2, 4000),
    ],
)
def test_a_screen_needs_no_more_than_fills_it(width: float, height: float, ratio: float, kbps: int) -> None:
    """In device pixels, whichever way it is held; of the sizes that fill it, the smallest with all its bitrates."""
    device = DeviceCapabilities(screen_width=width, screen_height=height, pixel_ratio=ratio)
    assert kbps == left(device)[-1]
    reasons = set(device.limits(PROFILE).barred.values())
    assert reasons <= {CapReason.SCREEN}


def test_what_would_not_play_smoothly_is_left_out() -> None:
    """Just that level: another codec profile above it may be decoded in hardware."""
    device = DeviceCapabilities(decoding={2000: Decoding(smooth=False), 4000: Decoding(smooth=True)})
    assert left(device) == [250, 500, 1000, 4000]
    assert device.limits(PROFILE).barred == {3: CapReason.NOT_SMOOTH}


def test_codecs() -> None:
    """By family, sound left aside; an unsupported answer counts as well."""
    levels = tuple(replace(PROFILE[i], codecs="avc1.64001f,mp4a.40.2" if i < 4 else "hvc1.1.6.L120") for i in range(5))
    profile = BitrateProfile(levels)
    plays = DeviceCapabilities.from_dict({"codecs": ["avc3.640028", "AV01"]})
    assert left(plays, profile) == [250, 500, 1000, 2000]
    assert plays.limits(profile).barred[4] == CapReason.CODEC
    refuses = DeviceCapabilities.from_dict({"decoding": {"250": {"supported": False}}})
    assert left(refuses) == [500, 1000, 2000, 4000]


def test_savers() -> None:
    """Data saver stops at Normal; a battery that is saved leaves out what drains it."""
    assert left(DeviceCapabilities(save_data=True)) == [250, 500, 1000]
    hungry = {4000: Decoding(smooth=True, power_efficient=False)}
    assert left(DeviceCapabilities(decoding=hungry))[-1] == 4000
    assert left(DeviceCapabilities(decoding=hungry, save_power=True))[-1] == 2000


def test_the_browsers_guess_counts_until_something_is_measured() -> None:
    """EffectiveType is old and rough."""
    device = DeviceCapabilities(effective_type="2g")
    assert left(device) == [250]
    assert len(PROFILE) == len(left(device, measured=True))
    assert left(DeviceCapabilities(effective_type="3g"))[-1] == 1000


def test_a_weak_device_that_says_nothing_of_decoding_gets_720p() -> None:
    """What it does say about a level outranks the guess."""
    assert left(DeviceCapabilities(cores=2))[-1] == left(DeviceCapabilities(memory_gb=0.5))[-1] == 1000
    assert left(DeviceCapabilities(cores=2, decoding={4000: Decoding(smooth=True)}))[-1] == 4000
    assert left(DeviceCapabilities(cores=4, memory_gb=2))[-1] == 4000


def test_something_is_always_left() -> None:
    """The lowest that can be decoded; the very lowest when none can."""
    rough = DeviceCapabilities(decoding={kbps: Decoding(smooth=False) for kbps in PROFILE.kbps})
    assert left(rough) == [250]
    mostly = {kbps: Decoding(supported=kbps >= 1000, smooth=False) for kbps in PROFILE.kbps}
    assert left(DeviceCapabilities(decoding=mostly)) == [1000]
    assert left(
        DeviceCapabilities(codecs=frozenset({"vp09"})), BitrateProfile((BitrateLevel(0, 250, codecs="avc1"),))
    ) == [250]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6) | st.integers(), inner, max_size=4),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*DeviceCapabilities.__slots__, "other"]), ANYTHING))
def test_anything_a_player_sends_makes_some_device(data: dict[str, Any]) -> None:
    """Never an exception, something always left, and the same device after a journey as JSON."""
    device = DeviceCapabilities.from_dict(data)
    assert left(device)
    assert 0 <= device.screen_width <= 16384
    assert device == DeviceCapabilities.from_dict(json.loads(json.dumps(device.to_dict())))
