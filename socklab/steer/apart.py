"""A lab written in a process of its own, for a caller who can't run one.

To run a lab takes a process without threads: one that shows a screen has some.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial

import trio

from socklab.errors import ExperimentError, LabError, MachineError, SocklabError, ToolError
from socklab.record import Record
from socklab.steer.draft import Written, write_lab

FAMILIES = {family.__name__: family for family in (ExperimentError, LabError, MachineError)}

CODE = f"from {__name__} import answer; answer()"


def write_lab_apart(
    record: Record, name: str, *, leads_to: str, link: str, patience_s: float = 1e9
) -> Written:
    """What `write_lab` gives.

    Raises:
        SocklabError: the same as there.
    """
    asked: dict[str, object] = {"record": record.to_json(), "name": name, "leads_to": leads_to}
    asked |= {"link": link, "patience_s": patience_s}
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        check=False,
        input=json.dumps(asked).encode(),
        capture_output=True,
        # As this process found socklab, however it was started.
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        answered = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.decode(errors="replace").split("\n") or [""])[-2:][0]
        raise ToolError(f"the process that writes the lab ended: {last}") from None
    if "error" in answered:
        raise FAMILIES.get(answered["family"], ToolError)(answered["error"])
    return Written(**answered)


def answer() -> None:
    """Runs in the process of its own: what is asked stands on standard input."""
    asked = json.load(sys.stdin)
    record = Record.from_json(asked.pop("record"))
    try:
        written = trio.run(partial(write_lab, record, **asked))
    except SocklabError as refused:
        family = next((each for each in FAMILIES if isinstance(refused, FAMILIES[each])), "")
        json.dump({"family": family, "error": str(refused)}, sys.stdout)
    else:
        json.dump({"text": written.text, "has_control": written.has_control}, sys.stdout)
