"""What every test may rely on: the `kernel` marker, and a Hypothesis that never counts seconds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from socklab.host import Host
from socklab.link import Link, LinkKind
from socklab.namespaces import be_allowed
from socklab.weather import CALM, Pin
from tests import side_by_side
from tests.stand import Stand, made, must_have, standing

# Deadlines would make a verdict hang on how busy the machine is.
settings.register_profile("socklab", deadline=None)
settings.load_profile("socklab")

# A developer's own labs are no part of a test.
os.environ.pop("SOCKLAB_LABS", None)

ROOT = Path(__file__).resolve().parents[1]

# In a child, because what it tries can't be taken back.
TRY = """
import sys
from socklab.errors import MachineError
from socklab.namespaces import be_allowed, new_namespace
from socklab.tools import find
try:
    find("ss")
    be_allowed()
    new_namespace().close()
except MachineError as lack:
    print(lack)
    sys.exit(lack.exit_code)
"""


def why_no_kernel() -> str | None:
    """Why this machine can't run tests in network namespaces; None if it can."""
    tried = subprocess.run(
        [sys.executable, "-c", TRY], check=False, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8"
    )
    if tried.returncode == 3:
        return tried.stdout.strip()
    # Anything else that went wrong is a bug, and no reason to skip.
    tried.check_returncode()
    return None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--need-kernel",
        action="store_true",
        help="fail, instead of skipping, where tests in network namespaces can't run",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    return side_by_side.workers(config)


def pytest_configure(config: pytest.Config) -> None:
    if side_by_side.is_worker(config):
        config.addinivalue_line("filterwarnings", side_by_side.FORKS)


WHY_NOT = pytest.StashKey[str | None]()


def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    if side_by_side.has_workers(config):
        why_not = config.stash[WHY_NOT] = why_no_kernel()
        if why_not is None:
            be_allowed()
        elif config.getoption("--need-kernel"):
            raise pytest.UsageError(f"tests in network namespaces can't run: {why_not}")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput[side_by_side.WHY_NOT] = node.config.stash[WHY_NOT]


# Last, when only the tests that were asked for are left.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    side_by_side.longest_first(items)
    kernel = [item for item in items if item.get_closest_marker("kernel")]
    if not kernel:
        return
    worker = side_by_side.is_worker(config)
    why_not = side_by_side.told(config)[side_by_side.WHY_NOT] if worker else why_no_kernel()
    if why_not is None:
        # Here and not in a fixture: a plain user's process enters its user namespace while it
        # has a single thread, and stays there. Root stays where it is.
        be_allowed()
    elif config.getoption("--need-kernel"):
        raise pytest.UsageError(f"{len(kernel)} tests can't run: {why_not}")
    else:
        for item in kernel:
            item.add_marker(pytest.mark.skip(reason=why_not))


# --- Two hosts and a held wire ------------------------------------------------------------------


@pytest.fixture(params=list(LinkKind), ids=lambda kind: kind.value)
def kind(request: pytest.FixtureRequest) -> LinkKind:
    """Each kind of link; TUN is skipped where it can't be had."""
    wanted: LinkKind = request.param
    must_have(wanted)
    return wanted


@pytest.fixture(params=[False, True], ids=["IPv4", "IPv6"])
def ipv6(request: pytest.FixtureRequest) -> bool:
    """Each version of IP."""
    return bool(request.param)


@pytest.fixture
def weather() -> Mapping[str, Pin]:
    """The calm one; a test parametrises it to have another."""
    return CALM


@pytest.fixture
def pair(
    kind: LinkKind, ipv6: bool, weather: Mapping[str, Pin]
) -> Iterator[tuple[list[Host], Link]]:
    """A client, a server and their link."""
    with made(kind, ipv6=ipv6, weather=weather) as hosts_and_link:
        yield hosts_and_link


@pytest.fixture
async def stand(pair: tuple[list[Host], Link]) -> AsyncIterator[Stand]:
    """A client, a server and the wire between them, which holds."""
    async with standing(*pair) as stand:
        yield stand
