"""`socklab run --pause`: a failed run stands still, and its reader looks for himself."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from socklab.record import Record, Trouble

if TYPE_CHECKING:
    from socklab.bench import Bench
    from socklab.lab import Story

LOOK = "ss -tanoe"


def pausing(story: Story, show: Callable[[Record], None]) -> Story:
    """The same story, but where it fails the hosts stay as they are until Enter.

    Args:
        story: what to tell.
        show: what to do with the Record so far, before waiting.
    """
    outside = _users()

    async def told(bench: Bench) -> None:
        try:
            await story(bench)
        except Exception as failed:
            show(_so_far(bench.record, failed))
            own_users = _users() != outside
            print("\n".join(_invitation(bench, own_users=own_users)), file=sys.stderr, flush=True)
            # Not in a thread: nobody could end one that reads.
            await trio.lowlevel.wait_readable(sys.stdin)
            sys.stdin.readline()
            raise

    return told


def _users() -> int:
    """The user namespace that this process is in, by its inode."""
    return Path("/proc/self/ns/user").stat().st_ino


def _so_far(record: Record, failed: Exception) -> Record:
    """The Record as it will be, with what went wrong at its end."""
    if any(record.of(Trouble)):  # A role's own error tells itself.
        return record
    text = getattr(failed, "summary", str(failed))
    at_s = record.events[-1].at_s if record.events else 0.0
    trouble = Trouble(at_s, "story", text, getattr(failed, "advice", ()))
    return replace(record, events=[*record.events, trouble])


def _invitation(bench: Bench, *, own_users: bool) -> Iterator[str]:
    yield "The hosts stand still. Look at them from another terminal:"
    # A plain user's hosts belong to a user namespace, which one has to step into first.
    users = "--user --preserve-credentials " if own_users else ""
    for host in bench.hosts.values():
        if host.caretaker is None:
            yield f"  {host.name}: {LOOK}"
        else:
            pid = host.caretaker.pid
            yield f"  {host.name}: nsenter --target {pid} {users}--net {LOOK}"
    if not users and os.geteuid() == 0:
        yield "Both commands want root, as this run does."
    yield "Press Enter to go on: the hosts will be gone."
