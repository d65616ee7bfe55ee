"""What axe finds wrong with a page for people who cannot see it or use no mouse."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).parents[1] / "pages/node_modules/axe-core/axe.min.js"
SERIOUS = ("serious", "critical")
RUN = """async () => {
  const ending = document.getAnimations().filter((one) => Number.isFinite(one.effect?.getComputedTiming().endTime));
  const still = new Promise((done) => { setTimeout(done, 3000); });
  // what is half faded in has no contrast
  await Promise.race([still, Promise.allSettled(ending.map((one) => one.finished))]);
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  const where = ({ target }) => target.join(" ");
  return violations.map(({ id, impact, nodes }) => ({ id, impact, where: nodes.map(where) }));
}"""


@cache
def _source() -> str:
    return AXE.read_text(encoding="utf-8")


def serious(page: Page) -> list[str]:
    """Return what is serious or worse, as `rule: where it is`; empty is what a page should give."""
    if not page.evaluate("() => typeof axe !== 'undefined'"):
        page.evaluate(_source())  # through the debugger, which the page's Content-Security-Policy does not bind
    found = page.evaluate(RUN)
    return [f"{one['id']}: {', '.join(one['where'])}" for one in found if one["impact"] in SERIOUS]
