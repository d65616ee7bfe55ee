"""The table of access: complete, in keeping with the rules that run, and what docs/security.md shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import app
from chalicelib.domain.access import Action, Caller, Role, require
from chalicelib.domain.access_matrix import CELLS, DOORS, PUBLIC, ROUTES, Answer, Rule, Who, answer, markdown
from chalicelib.domain.live.incoming import parse
from chalicelib.domain.recording import Recording, RecordingStatus, Visibility
from chalicelib.errors import BadRequest, Rejected

GUIDE = Path(__file__).parents[3] / "docs/security.md"
CALLERS = {
    Who.OWNER: Caller("anna", Role.PUBLISHER),
    Who.FORMER: Caller("anna", Role.VIEWER),
    Who.OTHER: Caller("berta", Role.PUBLISHER),
    Who.VIEWER: Caller("carl", Role.VIEWER),
    Who.ADMIN: Caller("root", Role.ADMIN),
    Who.LINK: None,
    Who.ANONYMOUS: None,
}
ACTIONS = {
    Rule.KEEP: (Action.READ, Action.CHANGE, Action.DELETE, Action.DOWNLOAD),
    Rule.WORK: (Action.UPLOAD, Action.TRANSCODE, Action.STREAM, Action.ANALYSE),
    Rule.WATCH: (Action.WATCH,),
    Rule.FOLLOW: (Action.WATCH,),
}


def test_every_route_and_every_socket_action_is_in_the_table() -> None:
    """A new one has to be judged before it can be merged."""
    assert set(ROUTES) == {(method, path) for path, methods in app.app.routes.items() for method in methods}
    actions = {name for kind, name in DOORS if kind == "WS"} - {"$connect"}
    assert len([action for action in actions if parse(json.dumps({"type": action}))]) == len(actions)
    with pytest.raises(BadRequest, match="message_unknown") as unknown:
        parse('{"type": "none"}')
    assert all(action in unknown.value.detail for action in actions)
    assert unknown.value.detail.count(",") + unknown.value.detail.count(" or ") == len(actions) - 1


def test_no_cell_is_empty_and_only_what_is_open_is_open() -> None:
    """Bad tokens never open anything that a token can open."""
    assert all(set(CELLS[rule]) == set(Who) for rule in Rule)
    bad = (Who.EXPIRED, Who.WRONG_AUDIENCE, Who.WRONG_ALGORITHM, Who.UNSIGNED, Who.FOREIGN)
    for rules in (CELLS, PUBLIC):
        opened = {rule for rule in rules for who in bad if rules[rule][who] is Answer.YES}
        assert opened <= {Rule.OPEN}


@pytest.mark.parametrize("visibility", Visibility)
@pytest.mark.parametrize("rule", ACTIONS)
def test_the_cells_are_those_of_the_rules_that_run(rule: Rule, visibility: Visibility) -> None:
    """Two ways of saying one thing."""
    recording = Recording("r", "anna", "T", "a", "a/b", 1, RecordingStatus.READY, 0.0, 0.0, visibility)
    public = visibility is Visibility.PUBLIC
    for who, caller in CALLERS.items():
        for action in ACTIONS[rule]:
            got = Answer.YES
            try:
                require(caller, recording, action, granted=who is Who.LINK)
            except Rejected as error:
                got = Answer(str(error.status))
            assert got is answer(rule, who, public=public), (who, action)


def test_the_guide_shows_the_table() -> None:
    """Between its two marks: whoever changes the table prints `markdown()` into it."""
    _, _, rest = GUIDE.read_text("utf-8").partition("<!-- access matrix: begin -->\n")
    shown, _, _ = rest.partition("\n<!-- access matrix: end -->")
    assert shown == markdown()
