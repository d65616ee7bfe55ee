"""The Chalice configuration of a stage that has none of its own: prod's, under another name. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

PATTERN = "prod"
LOCAL = "local"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,15}")


class StageError(ValueError):
    """The name cannot be a stage's; the message is a sentence for a person."""


def check(stage: str) -> str:
    """Return `stage`; raises StageError for a name that AWS or the embedded cloud would stumble over."""
    if stage == LOCAL:
        raise StageError("The stage local is the embedded cloud's: give the installation another name.")
    if not _NAME.fullmatch(stage) or stage.endswith("-"):
        raise StageError(f"{stage!r} cannot be a stage: up to 16 small letters, digits and dashes, a letter first.")
    return stage


def renamed(text: str, stage: str) -> str:
    """Return a configuration or policy of prod's as the stage's."""
    return text.replace(f"headwater-{PATTERN}", f"headwater-{stage}").replace(
        f"policies/{PATTERN}/", f"policies/{stage}/"
    )


def configured(config: dict[str, Any], stage: str) -> dict[str, Any]:
    """Return `.chalice/config.json` with an entry for `stage`, and no other."""
    own = config["stages"].get(stage)
    if own is None:
        own = json.loads(renamed(json.dumps(config["stages"][PATTERN]), stage))
        own["environment_variables"]["HEADWATER_STAGE"] = stage
    return {**config, "stages": {stage: own}}
