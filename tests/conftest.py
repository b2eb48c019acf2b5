"""What every test may rely on: the `kernel` marker, and a Hypothesis that never counts seconds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache

import pytest
from hypothesis import settings

# Deadlines would make a verdict hang on how busy the machine is.
settings.register_profile("socklab", deadline=None)
settings.load_profile("socklab")

# In a child, because the thread that unshares can't come back; with ctypes, because os.unshare
# comes with Python 3.12. Root needs no user namespace, and in some containers gets none.
MAY_UNSHARE = """
import ctypes, os, sys
NEWUSER, NEWNET = 0x10000000, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
if libc.unshare(NEWNET) != 0 and libc.unshare(NEWUSER | NEWNET) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
"""


@cache
def why_no_kernel() -> str | None:
    """Why this machine can't run tests in network namespaces; None if it can."""
    if sys.platform != "linux":
        return f"needs Linux, this is {sys.platform}"
    if shutil.which("ss", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None:
        return "needs ss: install iproute2"
    tried = subprocess.run(
        [sys.executable, "-c", MAY_UNSHARE], check=False, capture_output=True, encoding="utf-8"
    )
    if tried.returncode != 0:
        return f"network namespaces are refused here: {tried.stderr.strip()}"
    return None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--need-kernel",
        action="store_true",
        help="fail, instead of skipping, where tests in network namespaces can't run",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kernel = [item for item in items if item.get_closest_marker("kernel")]
    if not kernel or (why_not := why_no_kernel()) is None:
        return
    if config.getoption("--need-kernel"):
        raise pytest.UsageError(f"{len(kernel)} tests can't run: {why_not}")
    for item in kernel:
        item.add_marker(pytest.mark.skip(reason=why_not))
