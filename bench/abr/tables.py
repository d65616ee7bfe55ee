"""The results as Markdown: a summary, and a table for every configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .measure import OPTIMUM, OURS, Outcome
from .metrics import interval, mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .simulator import Config

ORDER = ("4g", "wifi_slow", "3g")
NAMES = {"wifi_slow": "wifi"}
SLOW = "3g"


def kinds(outcomes: Sequence[Outcome]) -> list[str]:
    """Classes, fast links first."""
    found = {outcome.kind for outcome in outcomes}
    return [kind for kind in ORDER if kind in found] + sorted(found - set(ORDER))


def linear(outcomes: Sequence[Outcome], name: str, kind: str = "") -> float:
    """Mean linear quality of a contender, in a class or in all."""
    return mean([o.scores[name].linear for o in outcomes if not kind or o.kind == kind])


def opening(outcomes: Sequence[Outcome], name: str) -> float:
    """Mean quality of the first 20 s on the slow class."""
    return mean([o.scores[name].opening for o in outcomes if o.kind == SLOW])


def share(outcomes: Sequence[Outcome], holds: Callable[[Outcome], bool]) -> float:
    """Per cent of sessions."""
    return 100 * mean([float(holds(o)) for o in outcomes])


def good_of_attainable(outcomes: Sequence[Outcome], name: str) -> float:
    """Per cent GOOD of the sessions that can be."""
    return share([o for o in outcomes if o.attainable], lambda o: o.good(name))


def rivals(outcomes: Sequence[Outcome]) -> list[str]:
    """All but ourselves and the optimum."""
    return [name for name in outcomes[0].scores if name not in {OURS, OPTIMUM}]


def best_rival(outcomes: Sequence[Outcome], key: Callable[[str], float] | None = None) -> str:
    """The rival with the largest value; by default of mean linear quality."""
    return max(rivals(outcomes), key=key or (lambda name: linear(outcomes, name)))


def gain(
    outcomes: Sequence[Outcome], over: str, value: Callable[[Outcome, str], float] = lambda o, n: o.scores[n].linear
) -> str:
    """What we gain over a rival on the same traces, with its 95 % interval."""
    if not outcomes or OURS not in outcomes[0].scores:
        return "-"
    differences = [value(o, OURS) - value(o, over) for o in outcomes]
    low, high = interval(differences)
    return f"{mean(differences):+.2f} ({low:+.2f} … {high:+.2f})"


def _row(outcomes: Sequence[Outcome], name: str) -> list[str]:
    scores = [o.scores[name] for o in outcomes]
    by_class = " / ".join(f"{linear(outcomes, name, kind):.2f}" for kind in kinds(outcomes))
    return [
        f"**{name}**" if name == OURS else name,
        f"{by_class} / **{linear(outcomes, name):.2f}**",
        f"{mean([s.log for s in scores]):.2f}",
        f"{100 * mean([s.rebuffering for s in scores]):.1f}",
        f"{mean([s.switches for s in scores]):.1f}",
        f"{mean([s.startup_s for s in scores]):.2f}",
        f"{share(outcomes, lambda o: o.good(name)):.1f}, {good_of_attainable(outcomes, name):.1f}",
        f"{share(outcomes, lambda o: o.strict(name)):.1f}",
        f"{opening(outcomes, name):.2f}",
        f"{linear(outcomes, OPTIMUM) - linear(outcomes, name):.2f}",
        gain(outcomes, name) if name not in {OURS, OPTIMUM} else "",
    ]


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def table(config: Config, outcomes: Sequence[Outcome]) -> str:
    """A configuration: what it is, and a row for everyone."""
    classes = " / ".join(NAMES.get(kind, kind) for kind in kinds(outcomes))
    head = ["", f"QoE linear {classes} / **all**", "log", "rebuffering %", "switches", "start-up s"]
    head += [
        "GOOD %, of attainable",
        "STRICT %",
        f"first 20 s of {SLOW}",
        "behind the optimum",
        f"{OURS}'s gain (95 %)",
    ]
    ladder = "/".join(map(str, config.ladder_kbps))
    about = f"{config.segment_s:g} s segments, {config.max_buffer_s:g} s of buffer, {ladder} kbit/s"
    can = share(outcomes, lambda o: o.attainable)
    return (
        f"### {config.name}: {about}\n\n{len(outcomes)} sessions, of which {can:.1f} % can be GOOD at all.\n\n"
        + markdown(head, [_row(outcomes, name) for name in outcomes[0].scores])
    )


def _against_best(outcomes: Sequence[Outcome], kind: str, value: Callable[[Outcome, str], float]) -> str:
    """Our gain over whoever is best in a class by a value."""
    within = [o for o in outcomes if o.kind == kind]
    if not within:
        return "-"
    best = best_rival(within, lambda name: mean([value(o, name) for o in within]))
    return f"{gain(within, best, value)} over {best}"


def summary(results: dict[str, list[Outcome]]) -> str:
    """Where we stand in every configuration, against the best rival of each column."""
    head = ["", "best rival", "gain over it (95 %)", "behind the optimum", "GOOD % of attainable", "GOOD % of all"]
    head += ["4g alone", f"first 20 s of {SLOW}"]
    rows = []
    for name, outcomes in results.items():
        best = best_rival(outcomes)
        who = OURS if OURS in outcomes[0].scores else best
        rows.append([
            name, f"{best} {linear(outcomes, best):.2f}", gain(outcomes, best),
            f"{linear(outcomes, OPTIMUM) - linear(outcomes, who):.2f}", f"{good_of_attainable(outcomes, who):.1f}",
            f"{share(outcomes, lambda o, who=who: o.good(who)):.1f}",  # type: ignore[misc]
            _against_best(outcomes, "4g", lambda o, n: o.scores[n].linear),
            _against_best(outcomes, SLOW, lambda o, n: o.scores[n].opening),
        ])  # fmt: skip
    return markdown(head, rows)
