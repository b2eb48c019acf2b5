"""Tests side by side: a worker of pytest-xdist for each processor, a file of tests at a time.

That is for all of them. Who asks for some has them in one process, which starts a second sooner.

A worker has threads from its first line on, and a process with threads can't enter a user namespace
of its own. So the process that starts the workers enters one, for all of them; see `be_allowed`.
"""

from __future__ import annotations

import os

import pytest

LONGEST = (
    "test_docs.py",
    "test_docs_players.py",
    "test_labs.py",
    "test_player_chromium.py",
    "test_capture.py",
)
"""The files that take longest. They come first, so that none of them is left to one worker when the
others have nothing more to do. Nothing but time depends on it."""

FORKS = r"ignore:This process \(pid=\d+\) is multi-threaded:DeprecationWarning"
"""What Python from 3.12 on says where a worker forks. The other thread is xdist's, which waits for
messages; nothing that a forked child does asks for a lock of its."""

WHY_NOT = "why_no_kernel"
"""What a worker is told: why there are no tests in network namespaces, or None."""


def workers(config: pytest.Config) -> int:
    """How many workers `-n auto` means: one for each processor, or none at all."""
    asked = config.args_source is pytest.Config.ArgsSource.ARGS
    if asked or config.option.keyword or config.option.lf:
        return 0
    return len(os.sched_getaffinity(0))


def has_workers(config: pytest.Config) -> bool:
    """Whether this process leaves the tests to others."""
    return bool(getattr(config.option, "tx", None)) and not is_worker(config)


def is_worker(config: pytest.Config) -> bool:
    """Whether this is one of those others."""
    return hasattr(config, "workerinput")


def told(config: pytest.Config) -> dict[str, str | None]:
    """What a worker was told by the process that started it."""
    given: dict[str, str | None] = getattr(config, "workerinput", {})
    return given


def longest_first(items: list[pytest.Item]) -> None:
    """Put the files that take longest before the others, and leave all else in its order."""
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(LONGEST)))
