"""Schemathesis over openapi.json against a whole stack, for as long as one likes: `make fuzz ARGS="--minutes 30"`.

All phases; the seed is printed, and the same seed asks the same. Exits with schemathesis' own code.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.fuzzing import UNLIMITED  # noqa: E402  found through the path above
from support.stack import Stack  # noqa: E402  as above

CHECKS = "not_a_server_error,status_code_conformance,response_schema_conformance"


def main() -> int:
    """Start a stack, fuzz it as somebody with the publisher's or the administrator's role, stop it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))  # noqa: S311  no secret
    parser.add_argument("--role", choices=("publisher", "viewer", "admin"), default="publisher")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # A caller who is refused for coming too often finds nothing else.
        os.environ["HEADWATER_RATES"] = UNLIMITED
        stack = Stack(Path(folder) / "data")
        stack.start()
        try:
            command = [
                *(str(Path(sys.executable).with_name("schemathesis")), "run", str(ROOT / "chalicelib/openapi.json")),
                *("--url", f"{stack.url}/api", "-H", f"Authorization: Bearer {stack.token('fuzz', asked.role)}"),
                *("--checks", CHECKS, "--phases", "examples,coverage,fuzzing,stateful", "--seed", str(asked.seed)),
                *("--max-time", str(asked.minutes * 60), "--request-timeout", "60", "--continue-on-failure"),
                *("--warnings", "off", "--no-color"),
            ]
            print(f"seed {asked.seed}", flush=True)
            return subprocess.run(command, cwd=folder, check=False).returncode
        finally:
            stack.stop()


if __name__ == "__main__":
    sys.exit(main())
