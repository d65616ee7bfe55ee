"""Trains the engine's tables, chalicelib/domain/abr/tables/*.json, on recorded traces. The same traces, the same bytes.

Run by `make abr-tables` (ARGS="--traces DIR", "--check": only tell whether the shipped ones are what training gives).
The player reads the same files: there is no second copy.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]
os.environ.setdefault("OMP_NUM_THREADS", "1")  # there is a process for each core already

from abr.shipping import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
