"""The rules of playing together: who gets which part of the link, what plays when, how drift is made good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from web_origin import Origin

pytestmark = pytest.mark.e2e

CALL = "async ([module, name, ...rest]) => (await import(`/assets/${module}.js`))[name](...rest)"
# A thousand links and line-ups by chance, the same in each run; what does not hold is returned.
DIVIDED = """async (cases) => {
  const { divide, rungsWithin } = await import("/assets/abr/sharing.js");
  let seed = 20261128;
  const chance = () => { seed = (seed * 1664525 + 1013904223) % 4294967296; return seed / 4294967296; };
  const sum = (sharers, tops) => sharers.reduce((all, { kbps, loads }, n) => all + (loads ? kbps[tops[n]] : 0), 0);
  const wrong = [];
  for (let n = 0; n < cases; n += 1) {
    const sharers = Array.from({ length: 1 + Math.floor(4 * chance()) }, () => {
      const rungs = Array.from({ length: 1 + Math.floor(5 * chance()) });
      const kbps = rungs.map((_, i) => Math.round(200 * 2 ** i * (1 + chance() / 2)));
      return { kbps, top: Math.floor(6 * chance()), weight: chance() < 0.5 ? 1 : 4, loads: chance() < 0.9 };
    });
    const link = 100 + 12000 * chance() ** 2;
    const say = (what) => wrong.push([what, n, link, JSON.stringify(sharers)]);
    const least = sum(sharers, sharers.map(() => 0));
    const tops = rungsWithin(link, sharers);
    if (sum(sharers, tops) > Math.max(link, least)) say("more than the link carries");
    const room = link - sum(sharers, tops);
    sharers.forEach(({ kbps, top, loads }, i) => {
      if (tops[i] > Math.min(top, kbps.length - 1)) say("above its own top");
      const next = kbps[tops[i] + 1] - kbps[tops[i]];
      if (loads && tops[i] < Math.min(top, kbps.length - 1) && next <= room) say("left a raise that fits");
    });
    const shares = divide(link, sharers, []);
    const loading = shares.filter((_, i) => sharers[i].loads);
    const all = loading.reduce((parts, { part }) => parts + part, 0);
    if (loading.length && Math.abs(all - 1) > 1e-9) say("parts that are no whole");
    if (!shares.every(({ part }) => part > 0 && part <= 1)) say("a part that is none");
    const settled = divide(link, sharers, shares.map(({ top }) => top)).map(({ top }) => top);
    if (JSON.stringify(settled) !== JSON.stringify(shares.map(({ top }) => top))) say("not settled");
  }
  return wrong;
}"""


def called(page: Page, *call: Any) -> Any:
    """Return what a function of a module returns."""
    return page.evaluate(CALL, list(call))


def sharer(*kbps: int, weight: float = 1, top: int = 9, loads: bool = True) -> dict[str, Any]:
    """Return a player with its rungs."""
    return {"kbps": kbps, "top": top, "weight": weight, "loads": loads}


def test_no_division_of_a_link_is_unfair_or_too_much(page: Page, origin: Origin) -> None:
    """Whatever link and ladders: within the link and each one's cap, nothing left that fits, parts that sum to one."""
    page.goto(origin.url)
    assert page.evaluate(DIVIDED, 1000) == []


def test_who_matters_more_is_raised_first(page: Page, origin: Origin) -> None:
    """Equals get the same as long as it goes; a large picture leaves the small one its lowest rung."""
    page.goto(origin.url)
    ladder = (250, 500, 1000, 2000)
    equal = [sharer(*ladder), sharer(*ladder)]
    focused = [sharer(*ladder), sharer(*ladder, weight=6)]
    cases = {
        (100, "equal"): [0, 0],
        (1000, "equal"): [1, 1],
        (1500, "equal"): [2, 1],
        (2000, "equal"): [2, 2],
        (1300, "focused"): [0, 2],
        (2300, "focused"): [0, 3],
        (9000, "focused"): [3, 3],
    }
    groups = {"equal": equal, "focused": focused}
    found = {case: called(page, "abr/sharing", "rungsWithin", case[0], groups[case[1]]) for case in cases}
    assert found == cases
    idle = [sharer(*ladder), sharer(*ladder, loads=False)]
    assert called(page, "abr/sharing", "rungsWithin", 2100, idle)[0] == 3
    small = [sharer(*ladder, top=1), sharer(*ladder)]
    assert called(page, "abr/sharing", "rungsWithin", 2600, small) == [1, 3]


def test_an_estimate_that_trembles_moves_nobody(page: Page, origin: Origin) -> None:
    """What is held stays while the link carries it, and goes when it does not, or when somebody else matters more."""
    page.goto(origin.url)
    both = [sharer(250, 500, 1000), sharer(250, 500, 1000)]
    tops = {}
    for link in (1700, 1600, 1550, 1400, 1600, 1700):
        held = tops.get("held", [])
        tops["held"] = [share["top"] for share in called(page, "abr/sharing", "divide", link, both, held)]
        tops[link] = tops["held"]
    assert (tops[1550], tops[1400]) == ([2, 1], [1, 1])
    assert tops[1700] == [2, 1]
    turned = [sharer(250, 500, 1000), sharer(250, 500, 1000, weight=4)]
    assert [share["top"] for share in called(page, "abr/sharing", "divide", 1700, turned, [2, 1])] == [1, 2]


def test_dates_lay_streams_beside_each_other_with_their_gaps(page: Page, origin: Origin) -> None:
    """A stream whose encoder was away for five seconds has nothing there; dates that are rounded make no gap."""
    page.goto(origin.url)
    dates = [1000.0, 1002.04, 1004.0, 1011.0, 1013.0]
    fragments = [{"start": 2 * n, "duration": 2, "programDateTime": 1000 * at} for n, at in enumerate(dates)]
    pieces = called(page, "together/timeline", "dated", fragments)
    assert pieces == [{"atS": 1000, "localS": 0, "lengthS": 6}, {"atS": 1011, "localS": 6, "lengthS": 4}]
    asked = [999.9, 1000, 1005.9, 1006, 1010.9, 1011.5, 1014.9, 1015]
    local = [called(page, "together/timeline", "toLocal", pieces, at) for at in asked]
    assert local == [None, 0, pytest.approx(5.9), None, None, 6.5, pytest.approx(9.9), None]
    assert [called(page, "together/timeline", "toShared", pieces, at) for at in (3, 6.5)] == [1003, 1011.5]
    assert called(page, "together/timeline", "ranges", pieces) == [[1000, 1006], [1011, 1015]]
    later = called(page, "together/timeline", "begunAt", 10, 1012)
    assert called(page, "together/timeline", "union", [pieces, later]) == [1000, 1022]
    assert called(page, "together/timeline", "nextBegin", [pieces, later], 1006) == 1011
    assert called(page, "together/timeline", "dated", [fragments[0], fragments[1] | {"programDateTime": None}]) == []
    # half a second that no segment covers is bridged by the picture before it
    bridged = [{"atS": 0, "localS": 0, "lengthS": 2}, {"atS": 2.5, "localS": 2, "lengthS": 2}]
    assert [called(page, "together/timeline", "toLocal", bridged, at) for at in (1.9, 2.3, 2.5)] == [1.9, 2, 2]


def test_drift_is_made_good_gently_or_by_a_leap(page: Page, origin: Origin) -> None:
    """Five parts in a hundred at most, less the nearer it is, nothing when near enough, a leap beyond a second."""
    page.goto(origin.url)
    asked = [(0.0, False), (0.015, False), (0.015, True), (0.3, False), (-0.3, False), (-0.03, True), (1.2, False)]
    found = [called(page, "together/drift", "steering", *case) for case in asked]
    assert found == [1, 1, pytest.approx(0.985), 0.95, 1.05, pytest.approx(1.025), None]
