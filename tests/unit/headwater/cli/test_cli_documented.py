"""docs/cli.md, --help and the code agree."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer.main

from headwater.cli.exits import Exit
from headwater.cli.main import EXIT_CODES, app

TEXT = (Path(__file__).parents[4] / "docs" / "cli.md").read_text()
TOP = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group, as there are several
COMMANDS = {name: command for name, command in TOP.items() if not hasattr(command, "commands")}
GROUPS = ("analytics", "captions", "live", "webhooks")
COMMANDS |= {f"{group} {name}": command for group in GROUPS for name, command in TOP[group].commands.items()}
SHARED = {"--url", "--token", "--user", "--help"}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_is_documented(name: str) -> None:
    """Each command has a row, and its row names each option that is its own."""
    (row,) = [line for line in TEXT.splitlines() if line.startswith(f"| `headwater {name} ")]
    options = {option.opts[0] for option in COMMANDS[name].params if option.opts[0].startswith("--")}
    assert sorted(option for option in options - SHARED if option not in row) == []


def test_every_exit_code_is_documented() -> None:
    """The page and every --help name each code."""
    codes = [code.value for code in Exit]
    assert [code for code in codes if f"\n| {code} |" not in TEXT or str(code) not in EXIT_CODES] == []
