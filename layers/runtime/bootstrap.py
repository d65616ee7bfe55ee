"""What Lambda starts in a function's place: its path, in its order, then AWS's own client. Runs in a cell only."""

import os
import sys

HOME = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
TASK = os.environ["LAMBDA_TASK_ROOT"]
# The folder of this file stands first, as of any program; a function's own code goes before it.
sys.path[:1] = [TASK, f"/opt/python/{HOME}", "/opt/python", f"/var/lang/{HOME}", "/var/runtime"]

from awslambdaric.__main__ import main  # noqa: E402  it is in the last of these

main([sys.argv[0], os.environ["_HANDLER"]])
