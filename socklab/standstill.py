"""When every Trio task is blocked: the one thing on which settling stands.

The public name of this is in trio.testing, which imports pytest wherever that is installed:
a tenth of a second that no run of a lab has to spare. A test sees that both are the same.
"""

from trio._core import wait_all_tasks_blocked  # type: ignore[attr-defined]

__all__ = ["wait_all_tasks_blocked"]
