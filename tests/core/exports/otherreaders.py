"""Other programs' readers, each run in a Python that has it: this one's, or that of INITSCOPE_PEERS."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import pytest

PEERS = os.environ.get("INITSCOPE_PEERS", "/opt/dev/peers/bin/python")


def ask(module: str, program: str, *words: str) -> Any:
    """What `program` prints, read as JSON; the test is skipped where no Python has `module`."""
    python = sys.executable if find_spec(module) else PEERS
    if python == PEERS and not os.path.exists(PEERS):
        pytest.skip(f"needs {module}, here or in the Python of INITSCOPE_PEERS")
    code = f"import importlib.util, sys\nif not importlib.util.find_spec('{module}'): sys.exit(77)\n{program}"
    one = {**os.environ, "OMP_NUM_THREADS": "1"}  # else PyTorch keeps every core busy with waiting
    done = subprocess.run([python, "-c", code, *words], env=one, capture_output=True, text=True, timeout=120)
    if done.returncode == 77:
        pytest.skip(f"needs {module}, which {PEERS} has not")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
