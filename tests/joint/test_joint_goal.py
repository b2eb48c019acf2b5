"""Goals: what they say, what meets them, and what is told to who misspells one."""

from __future__ import annotations

import pytest

from socklab.errors import LabError
from socklab.joint.goal import Goal
from tests.joint_states import state

CALLS = {"client": ("recv(4096) = ECONNRESET", "send(b'data') = 4"), "server": ()}

MET = [
    ("client=CLOSING,server=CLOSING", state("CLOSING", "CLOSING")),
    ("client = closing , server = Closing", state("CLOSING", "CLOSING")),
    ("client=fin_wait_2", state("FIN-WAIT-2", "CLOSE-WAIT")),
    ("client=CLOSED", state("CLOSED", "TIME-WAIT")),
    ("wire=FIN", state(wire=["client FIN seq=1"])),
    ("wire=FIN+SYN+ACK", state(wire=["server SYN+ACK seq=0", "client FIN seq=1"])),
    ("wire=empty", state()),
    ("client.recv=ECONNRESET", state(made=CALLS)),
    ("client.send=4", state(made=CALLS)),
]

NOT_MET = [
    ("client=CLOSING,server=CLOSING", state("CLOSING", "FIN-WAIT-1")),
    ("client=CLOSED", state("TIME-WAIT", "TIME-WAIT")),
    ("wire=FIN", state()),
    ("wire=empty", state(wire=["client FIN seq=1"])),
    ("client.recv=0", state(made=CALLS)),
    ("server.recv=ECONNRESET", state(made=CALLS)),
]


@pytest.mark.parametrize(("text", "joint"), MET)
def test_a_goal_is_met(text: str, joint: object) -> None:
    assert Goal.parse(text).met(joint)  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "joint"), NOT_MET)
def test_a_goal_is_not_met(text: str, joint: object) -> None:
    assert not Goal.parse(text).met(joint)  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "_"), MET)
def test_a_goal_is_written_as_it_is_read(text: str, _: object) -> None:
    assert Goal.parse(str(Goal.parse(text))) == Goal.parse(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("client=CLOSIN", "Did you mean CLOSING"),
        ("", "a goal says what is looked for"),
        ("CLOSING", "'CLOSING' is no goal"),
        ("client=", "'client=' is no goal"),
        ("wire=FNI", "no kind of segment"),
    ],
)
def test_what_is_no_goal_is_told_with_what_could_be_meant(text: str, told: str) -> None:
    with pytest.raises(LabError, match=told):
        Goal.parse(text)


@pytest.mark.parametrize("text", ["clint=CLOSING", "clint.recv=0", "client=CLOSING,sever=CLOSED"])
def test_a_host_that_is_not_there_is_told_with_the_nearest(text: str) -> None:
    with pytest.raises(LabError, match=r"did you mean (client|server)\?"):
        Goal.parse(text).met(state())
