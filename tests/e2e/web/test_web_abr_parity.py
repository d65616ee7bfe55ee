"""The engine in Python and the player's in JavaScript: the same histories, the same answers, to the last bit."""

from __future__ import annotations

import base64
import json
import math
import random
import struct
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.abr.elementary import exp, log
from chalicelib.domain.abr.link import LinkState, Prior, as_prior, glimpse, observe, start
from chalicelib.domain.abr.policy import Policy, Transfer, View
from chalicelib.domain.abr.table import parse
from chalicelib.domain.abr.tables import TABLES, nearest

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from web_origin import Origin

pytestmark = pytest.mark.e2e

LADDERS = [(250, 500, 1000, 2000, 4000), (250, 500, 1000), (500, 1000, 2000, 4000), (300, 750, 1800, 6000), (1200,)]
STEPS = 400
# Answers each step of a history as `Replay` does.
REPLAY = """async ([file, ladder, steps]) => {
  const [{ Policy }, { Table }, link] = await Promise.all(
    ["policy", "table", "link"].map((name) => import(`/assets/abr/${name}.js`)));
  const policy = new Policy(ladder, new Table(JSON.parse(file)));
  let state = link.start(null);
  const act = {
    start: (prior) => { state = link.start(prior); return state; },
    observe: (kbps, seconds, rttS) => { state = link.observe(state, kbps, seconds, rttS); return state; },
    glimpse: (bits, seconds) => link.glimpse(state, bits, seconds),
    prior: () => link.asPrior(state),
    choose: (view) => policy.choose(state, view),
    abandon: (view, transfer) => policy.shouldAbandon(state, view, transfer),
    predict: () => policy.predict(state),
  };
  return JSON.stringify(steps.map(([name, ...rest]) => act[name](...rest)));
}"""
ELEMENTARY = """async ([logs, exps]) => {
  const { log, exp } = await import("/assets/abr/elementary.js");
  return JSON.stringify([logs.map(log), exps.map(exp)]);
}"""
NEAREST = """async (ladders) => {
  const { nearest } = await import("/assets/abr/engine.js");
  return ladders.map((ladder) => nearest(ladder));
}"""


def read(text: str) -> Any:
    """Parse the page's answer; Playwright itself would take large numbers for whole ones of other digits."""
    return json.loads(text, parse_int=float)


def camel(name: str) -> str:
    """`buffer_s` as the player writes it."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def plain(value: Any) -> Any:
    """An answer as the player's JSON has it."""
    if isinstance(value, LinkState | Prior | View | Transfer) or hasattr(value, "__dataclass_fields__"):
        return {camel(name): plain(part) for name, part in asdict(value).items()}
    return list(value) if isinstance(value, tuple) else value


class Replay:
    """The Python side of a history."""

    def __init__(self, policy: Policy) -> None:
        """Begin with an unused link."""
        self.policy, self.link = policy, start()

    def act(self, name: str, *rest: Any) -> object:
        """Answer one step."""
        if name == "start":
            self.link = start(rest[0])
        elif name == "observe":
            self.link = observe(self.link, *rest)
        else:
            return {
                "glimpse": lambda: glimpse(self.link, *rest),
                "prior": lambda: as_prior(self.link),
                "choose": lambda: self.policy.choose(self.link, *rest),
                "abandon": lambda: self.policy.should_abandon(self.link, *rest),
                "predict": lambda: self.policy.predict(self.link),
            }[name]()
        return self.link


def odd(draw: random.Random, usual: float) -> float:
    """Give mostly the usual value; now and then one that a broken clock or counter would."""
    return draw.choice([0.0, -1.0, 1e-9, 1e12, usual]) if draw.random() < 0.1 else usual


def history(seed: int, ladder: tuple[int, ...], segment_s: float, max_buffer_s: float) -> list[tuple[Any, ...]]:
    """Make a session's questions: transfers, choices, downloads in flight, new links, garbage."""
    draw = random.Random(seed)  # noqa: S311  a reproducible one
    steps: list[tuple[Any, ...]] = []
    level = math.log(draw.uniform(100, 8000))
    for _ in range(STEPS):
        level += draw.gauss(0, 0.3)
        kbps = odd(draw, math.exp(min(max(level, 2.0), 12.0)))
        steps.append(("observe", kbps, odd(draw, draw.expovariate(1.0)), odd(draw, draw.uniform(0, 0.3))))
        sizes = [odd(draw, 1000 * rate * segment_s * draw.lognormvariate(0, 0.2)) for rate in ladder]
        last = draw.choice([None, *range(len(ladder))])
        view = View(odd(draw, draw.uniform(0, max_buffer_s)), last, sizes, draw.randrange(len(ladder) + 1), 0.05)
        steps += [("choose", view), ("predict",)]
        at = draw.randrange(len(ladder))
        got = sizes[at] * draw.random()
        transfer = Transfer(at, sizes[at], got, odd(draw, draw.expovariate(0.5)), draw.choice([0.0, 0.05]))
        steps += [("abandon", view, transfer), ("glimpse", got, draw.uniform(-1, 5)), ("prior",)]
        if draw.random() < 0.02:
            steps.append(("start", draw.choice([None, Prior(draw.uniform(0, 12), draw.uniform(0, 5))])))
    return steps


def made_up(seed: int, ladder: tuple[int, ...]) -> str:
    """Return a table's file full of chance: whoever agrees on it agrees on any."""
    draw = random.Random(seed)  # noqa: S311  a reproducible one
    grid = {name: {"first": draw.uniform(0, 1), "step": draw.uniform(0.1, 2), "count": draw.randint(2, 6)}
            for name in ("volatility", "slow", "offset", "buffer")}  # fmt: skip
    count = 2 * len(ladder) * math.prod(int(axis["count"]) for axis in grid.values())
    values = [[[sorted(draw.gauss(0, 0.4) for _ in range(7)) for _ in range(4)] for _ in range(3)] for _ in range(2)]
    errors = {"weights": [0.1, 0.15, 0.15, 0.2, 0.15, 0.15, 0.1], "volatility_edges": [0.1, 0.3],
              "offset_edges": [-0.4, 0.0, 0.4], "values": values}  # fmt: skip
    steps = struct.pack(f"<{count}h", *(draw.randint(-32768, 32767) for _ in range(count)))
    return json.dumps({
        "version": 1, "kbps": ladder, "segment_s": 2, "max_buffer_s": 60, "far_s": 0.06, "grid": grid,
        "errors": errors, "values": base64.b64encode(steps).decode(), "scale": 0.001,
    })  # fmt: skip


@pytest.mark.parametrize("seed", range(len(LADDERS)))
def test_both_engines_answer_alike(page: Page, origin: Origin, seed: int) -> None:
    """States, scores, reasons and predictions are equal, not near; hundreds of decisions on each ladder."""
    ladder, segment_s, max_buffer_s = LADDERS[seed], (2.0, 4.0)[seed % 2], (60.0, 12.0)[seed % 2]
    file = made_up(seed, LADDERS[0] if seed % 2 else (500, 1000, 2000, 4000))
    steps = history(seed, ladder, segment_s, max_buffer_s)
    replay = Replay(Policy(ladder, segment_s, max_buffer_s, parse(file)))
    expected = [plain(replay.act(*step)) for step in steps]
    page.goto(origin.url)
    given = [[plain(part) for part in step] for step in steps]
    config = {"kbps": ladder, "segmentS": segment_s, "maxBufferS": max_buffer_s}
    actual = read(page.evaluate(REPLAY, [file, config, given]))
    assert expected == actual
    if len(ladder) > 1:
        chosen = {answer["level"] for step, answer in zip(steps, expected, strict=True) if step[0] == "choose"}
        given_up = [answer for step, answer in zip(steps, expected, strict=True) if step[0] == "abandon"]
        assert len(chosen) > 1
        assert {answer is None for answer in given_up} == {True, False}


def test_logarithm_and_exponential_agree_in_every_bit(page: Page, origin: Origin) -> None:
    """Over all that can come, and beyond both ends."""
    draw = random.Random(7)  # noqa: S311  a reproducible one
    logs = [math.exp(draw.uniform(-700, 700)) for _ in range(20_000)] + [0.0, -1.0, 1e308, 0.5, 1.0, 2.0]
    exps = [draw.uniform(-700, 700) for _ in range(20_000)] + [0.0, 1e9, -1e9, 0.5, -0.5]
    page.goto(origin.url)
    assert [[log(x) for x in logs], [exp(y) for y in exps]] == read(page.evaluate(ELEMENTARY, [logs, exps]))


def test_both_take_the_same_table(page: Page, origin: Origin) -> None:
    """For each configuration there is a table for, and for those between."""
    draw = random.Random(3)  # noqa: S311  a reproducible one
    asked = [(kind.kbps, kind.segment_s, kind.max_buffer_s) for kind in TABLES]
    asked += [(draw.choice(LADDERS), draw.choice([2, 4, 6]), draw.choice([8, 12, 16, 30, 60])) for _ in range(40)]
    page.goto(origin.url)
    names = page.evaluate(NEAREST, [{"kbps": k, "segmentS": s, "maxBufferS": b} for k, s, b in asked])
    by_table = {id(nearest(*kind[1:])): kind.name for kind in TABLES}
    assert [by_table[id(nearest(*one))] for one in asked] == names
