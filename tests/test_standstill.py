"""The one private name that socklab takes from Trio is the public one."""

from __future__ import annotations

import trio.testing

from socklab.standstill import wait_all_tasks_blocked


def test_it_is_the_public_one() -> None:
    assert wait_all_tasks_blocked is trio.testing.wait_all_tasks_blocked
