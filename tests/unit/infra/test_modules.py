"""The Terraform as it is written: what a linter would say of it, reasons for wildcards, and metrics that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import app
from chalicelib.domain import gauges
from headwater.local import environment

ROOT = Path(app.__file__).parent
INFRA = ROOT / "infra"
FILES = sorted(INFRA.rglob("*.tf"))
MODULES = sorted(path for path in (INFRA / "modules").iterdir() if path.is_dir())
ALARMS = (INFRA / "modules/alarms/main.tf").read_text("utf-8")
_GRANT = re.compile(r"^\s*(actions|resources|identifiers|principal|source_arn|type)\s+= .*\*")
_REASON = re.compile(r"# \S.{19,}$")


def unexplained(text: str) -> list[str]:
    """Return lines that grant, or refuse, by a wildcard and do not say why."""
    return [line.strip() for line in text.splitlines() if _GRANT.match(line) and not _REASON.search(line)]


def words(text: str) -> str:
    """Return Terraform without comments."""
    return re.sub(r"(^|\s)(#|//).*$", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(INFRA)))
def test_every_wildcard_has_its_reason(path: Path) -> None:
    """Whoever may do more than one thing, or to more than one thing, has a sentence beside it that says why."""
    assert unexplained(path.read_text("utf-8")) == []


def test_a_bare_wildcard_is_found() -> None:
    """An action or a resource, alone or in a list; a name does not need a reason, and a word is none."""
    bare = ['    actions = ["s3:*"]', '  resources = ["*"] # why', '  source_arn = "arn:x/*"']
    assert unexplained("\n".join(bare)) == [line.strip() for line in bare]
    assert unexplained('  actions = ["s3:GetObject"]\n  path_pattern = "/media/*"') == []


@pytest.mark.parametrize("folder", [INFRA, *MODULES], ids=lambda path: path.name)
def test_everything_declared_is_used(folder: Path) -> None:
    """Variables and locals: what nobody reads is a promise that nobody keeps."""
    text = "\n".join(words(path.read_text("utf-8")) for path in folder.glob("*.tf"))
    if folder == INFRA:
        text += (INFRA / "join.py").read_text("utf-8")
    variables = re.findall(r'^variable "(\w+)"', text, re.MULTILINE)
    assert [name for name in variables if not re.search(rf"\bvar\.{name}\b", text)] == []
    blocks = re.findall(r"^locals \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    local = [name for block in blocks for name in re.findall(r"^  (\w+)\s+=", block, re.MULTILINE)]
    assert [name for name in local if not re.search(rf"\blocal\.{name}\b", text)] == []
    data = re.findall(r'^data "(\w+)" "(\w+)"', text, re.MULTILINE)
    assert [pair for pair in data if f"data.{pair[0]}.{pair[1]}" not in text] == []


@pytest.mark.parametrize("folder", MODULES, ids=lambda path: path.name)
def test_modules_say_what_they_take(folder: Path) -> None:
    """Each variable has a type, and the root gives every one."""
    text = (folder / "main.tf").read_text("utf-8")
    variables = re.findall(r'^variable "(\w+)" \{(.*?)\}$', text, re.MULTILINE | re.DOTALL)
    assert [name for name, body in variables if "type" not in body] == []
    main = (INFRA / "main.tf").read_text("utf-8")
    call = re.search(rf'^module "{folder.name}" \{{\n(.*?)^\}}', main, re.MULTILINE | re.DOTALL)
    assert call
    given = set(re.findall(r"^  (\w+)\s+=", call[1], re.MULTILINE)) - {"source", "count", "providers", "depends_on"}
    assert given == {name for name, _ in variables}


def test_alarms_watch_what_functions_tell() -> None:
    """Every figure of ours has an alarm and is drawn, under its name in the code; refusals are only drawn."""
    ours = {gauges.ENCODE_SPEED, gauges.COST_PER_MINUTE, gauges.LIVE_LAG, gauges.RATE_UNHELD}
    watched = re.findall(r'namespace\s+= "Headwater"\n\s+metric_name\s+= "(\w+)"', ALARMS)
    assert set(watched) == ours
    drawn = re.findall(r'\["Headwater", "(\w+)"', ALARMS)
    listed = re.findall(r'for name in \[((?:"\w+"(?:, )?)+)\] : \["Headwater", name', ALARMS)
    drawn += re.findall(r"\w+", " ".join(listed))
    assert set(drawn) == ours | {gauges.RATE_LIMITED}


def test_alarms_know_every_queue() -> None:
    """A queue without a patience of its own would be watched like a slow one."""
    patience = re.search(r"patience_s = \{\n(.*?)\n  \}", ALARMS, re.DOTALL)
    assert patience
    named = set(re.findall(r"^\s+([\w-]+)\s+=", patience[1], re.MULTILINE))
    stack = environment.Stack()
    assert named == {one.name.removeprefix(stack.prefix).removesuffix(".fifo") for one in stack.queues}


def test_every_exception_of_checkov_s_has_its_reason() -> None:
    """A check that is skipped says why, once."""
    lines = (INFRA / "checkov.yaml").read_text("utf-8").splitlines()
    skipped = [line for line in lines if line.startswith("  - CKV")]
    assert skipped
    assert [line for line in skipped if not re.fullmatch(r"  - CKV2?_AWS_\d+ # \S.{14,}", line)] == []
    assert len({line.split()[1] for line in skipped}) == len(skipped)
