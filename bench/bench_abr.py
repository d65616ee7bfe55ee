"""Headwater's bitrate rule, the field's and the offline optimum on the same traces (docs/abr.md says how to read it).

Run by `make bench-abr`, and with the others by `make bench`. Prints a table for every configuration and, on recorded
traces, writes them with pictures into docs/abr.md.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]
os.environ.setdefault("OMP_NUM_THREADS", "1")  # there is a process for each core already

from abr.report import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
