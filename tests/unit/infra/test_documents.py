"""infra/README.md against the Terraform it describes, and docs/operations.md against the alarms."""

from __future__ import annotations

import re
from pathlib import Path

import app

ROOT = Path(app.__file__).parent
INFRA = ROOT / "infra"
README = (INFRA / "README.md").read_text("utf-8")
_VARIABLE = re.compile(r'^variable "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)


def rows(heading: str) -> dict[str, list[str]]:
    """Cells of the table below a heading, by the name in the first."""
    section = README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return {cells[0].strip().strip("`"): [cell.strip() for cell in cells[1:]] for cells in lines}


def variables(path: Path) -> dict[str, tuple[str, str]]:
    """Description and default of every variable of a file; the default as it is written, empty where there is none."""
    found = {}
    for name, body in _VARIABLE.findall(path.read_text("utf-8")):
        description = re.search(r'description\s+= "(.*)"', body)
        default = re.search(r"^  default\s+= (.*)$", body, re.MULTILINE)
        assert description, f"{name} is not described"
        found[name] = (description[1], default[1] if default else "")
    return found


def test_every_variable_has_its_row() -> None:
    """Name, default and description, word for word."""
    expected = {
        name: [f"`{default}`" if default else "none", text]
        for name, (text, default) in variables(INFRA / "variables.tf").items()
    }
    assert rows("Variables") == expected


def test_every_declared_variable_is_described() -> None:
    """What the package fills in says what it is."""
    assert variables(INFRA / "declared.tf")


def test_every_module_has_its_row() -> None:
    """A folder in modules/, a line in the table, and the root uses it."""
    there = {path.name for path in (INFRA / "modules").iterdir()}
    assert set(rows("Modules")) == there
    main = (INFRA / "main.tf").read_text("utf-8")
    assert set(re.findall(r'source\s+= "\./modules/(\w+)"', main)) == there


def test_every_alarm_says_where_to_read_on() -> None:
    """Its description names a section of docs/operations.md, which exists."""
    text = (INFRA / "modules/alarms/main.tf").read_text("utf-8")
    alarms = re.findall(r'resource "aws_cloudwatch_metric_alarm"', text)
    named = re.findall(r"docs/operations\.md, ([\w-]+)", text)
    assert len(named) == len(alarms)
    operations = (ROOT / "docs/operations.md").read_text("utf-8")
    assert [name for name in named if f"| `{name}` |" not in operations] == []
