"""What labs have witnessed, as text and as what pictures are inked with."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from socklab.coverage import FIGURE_5, Column, Coverage, Reached, Seen, coverage
from socklab.record import Record
from socklab.tcp import CLOSED, ESTABLISHED, LINUX_STEPS, LISTEN, STEPS, SYN_SENT, TIME_WAIT
from socklab.views.coverage import heading, inks, summary, table
from socklab.views.diagram import Line
from tests.records import NASTY, kept

WIDTHS = (40, 60, 80, 120, 200)

SGR = re.compile(r"\x1b\[[0-9;]*m")


def counted(*names: str) -> Coverage:
    return coverage(kept(name) for name in names)


def renamed(count: int) -> list[Record]:
    """A run under so many names."""
    return [replace(kept("half-close"), lab=f"lab-{number}") for number in range(count)]


def told(text: str, arrow: str) -> str:
    """What stands beneath an arrow, in one line."""
    lines = text.splitlines()
    begin = next(n for n, line in enumerate(lines) if arrow in line)
    found = []
    for line in lines[begin + 1 :]:
        if not line.startswith("    "):
            break
        found.append(line.strip())
    return " ".join(found)


def test_an_arrow_tells_its_labs_end_by_end() -> None:
    text = table(counted("half-close", "simultaneous-close"))
    assert "✓ ESTABLISHED → FIN-WAIT-1       close() or shutdown(SHUT_WR)\n" in text
    assert (
        told(text, "ESTABLISHED → FIN-WAIT-1")
        == "client in half-close, simultaneous-close server in simultaneous-close"
    )


def test_of_many_labs_the_first_are_named_and_all_if_asked() -> None:
    many = coverage(renamed(7))
    brief = told(table(many, width=200), "CLOSED → LISTEN")
    assert brief == "server in lab-0, lab-1, lab-2 and 4 more"
    full = told(table(many, width=200, verbose=True), "CLOSED → LISTEN")
    assert full == "server in " + ", ".join(f"lab-{n}" for n in range(7))


def test_a_lost_arrow_says_which_lab_would_find_it() -> None:
    text = table(counted("half-close"))
    assert "✗ CLOSING → TIME-WAIT            ACK of FIN\n" in text
    assert told(text, "CLOSING → TIME-WAIT") == (
        "not seen: it takes a lab that carries ACK of FIN to an end in CLOSING"
    )


def test_the_arrow_that_takes_a_minute_is_no_loss_unless_it_was_waited_for() -> None:
    seen = counted("half-close")
    assert "– TIME-WAIT → CLOSED" in table(seen, slow=False)
    assert "takes a minute: --slow" in table(seen, slow=False)
    assert "✗ TIME-WAIT → CLOSED" in table(seen, slow=True)


def test_what_is_not_on_linux_says_why_and_who_saw_it() -> None:
    (arrow,) = (step for step in FIGURE_5 if not step.on_linux)
    seen = counted("half-close")
    assert "which no lab has shown" in summary(seen)
    assert "✗ LISTEN → SYN-SENT" in table(seen)
    seen.not_taken[arrow] = [Seen("send-on-listener", "server", "EPIPE, and it stays in LISTEN")]
    assert summary(seen).endswith("1 is not there on Linux, as a lab shows.")
    text = table(seen)
    assert "– LISTEN → SYN-SENT              send()\n" in text
    assert told(text, "LISTEN → SYN-SENT") == (
        "not on Linux: send() on a listener fails with EPIPE "
        "server in send-on-listener: EPIPE, and it stays in LISTEN"
    )


def test_the_steps_beyond_the_figure_come_if_asked() -> None:
    seen = counted("half-close", "mishaps")
    assert "What Linux adds:" not in table(seen)
    text = table(seen, all_steps=True)
    assert told(text, "CLOSED → SYN-RECEIVED") == "server in half-close, mishaps"
    assert "RST: FIN-WAIT-1, FIN-WAIT-2, CLOSE-WAIT" in text
    assert "\nNot there, which no lab has shown:\n" in text
    assert "    connect(): LISTEN → SYN-SENT\n" in text


def test_events_are_a_table_where_there_is_room() -> None:
    seen = coverage(renamed(12))
    lines = table(seen).splitlines()
    begin = next(n for n, line in enumerate(lines) if "SYN +ACK" in line)
    assert lines[begin - 1].split() == ["SYN", "in", "be-", "close", "shut-", "time-"]
    rows = {line.split()[0]: line.split()[1:] for line in lines[begin + 1 :]}
    assert rows["LISTEN"] == ["12", *"..........."]
    assert rows["FIN-WAIT-2"] == [*"...", "12", "12", *"..", "12", *"...."]
    narrow = table(seen, width=60)
    assert "FIN-WAIT-2: data 12, FIN 12, in window 12\n" in narrow
    assert "TIME-WAIT: none\n" in narrow


def test_a_run_on_loopback_is_told_to_be_left_out() -> None:
    text = table(counted("half-close-loopback"))
    assert "Not counted, since nobody sees segments on loopback: half-close\n" in text


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("all_steps", [False, True])
def test_no_line_is_wider_than_the_terminal(width: int, all_steps: bool) -> None:
    many = coverage([*renamed(5), kept("simultaneous-close"), kept("refused")])
    text = table(many, width=width, all_steps=all_steps, verbose=True)
    assert max(map(len, text.splitlines())) <= width
    assert not any(line.endswith(" ") for line in text.splitlines())


def test_color_changes_nothing_but_the_color() -> None:
    seen = counted("half-close")
    colored = table(seen, color=True, all_steps=True)
    assert "\x1b[" in colored
    assert SGR.sub("", colored) == table(seen, all_steps=True)


def test_ascii_will_do() -> None:
    text = table(counted("half-close"), ascii=True, all_steps=True)
    assert text.isascii()
    assert "ok CLOSED -> LISTEN" in text


@pytest.mark.parametrize("nasty", NASTY)
def test_a_lab_may_have_any_name(nasty: str) -> None:
    seen = coverage([replace(kept("half-close"), lab=nasty)])
    assert all(c.isprintable() or c == "\n" for c in table(seen))


# --- Pictures ---------------------------------------------------------------------------------


def test_an_arrow_is_inked_by_who_saw_it() -> None:
    seen = counted("half-close", "simultaneous-close")
    drawn = {(step.state, step.next): ink for step, ink in inks(seen, slow=False).items()}
    assert len(drawn) == 21
    assert (drawn[CLOSED, LISTEN].line, drawn[CLOSED, LISTEN].note) == (Line.INKED, "2 labs")
    closing = next(ink for (_, now), ink in drawn.items() if str(now) == "CLOSING")
    assert closing.note == "simultaneous-close"
    assert closing.title == "client in simultaneous-close; server in simultaneous-close"
    assert (drawn[TIME_WAIT, CLOSED].line, drawn[TIME_WAIT, CLOSED].note) == (
        Line.FAINT,
        "takes 60 s",
    )
    assert inks(seen, slow=True)[FIGURE_5[-1]].note == "not seen"
    refused = drawn[LISTEN, SYN_SENT]
    assert (refused.line, refused.note) == (Line.CROSSED, "not there: no lab shows so")


def test_a_picture_says_what_it_is_of() -> None:
    record = kept("half-close")
    record.machine["kernel"] = "6.18.1-arch"
    assert heading(coverage([record]))[:2] == [
        "RFC 9293, figure 5, on Linux 6.18",
        "11 of 21 arrows seen on real ends, in 1 lab",
    ]


def test_every_step_can_be_drawn() -> None:
    assert set(inks(counted("half-close"), STEPS + LINUX_STEPS, slow=True)) == {
        *STEPS,
        *LINUX_STEPS,
    }


def test_a_cell_is_of_one_state_and_one_event() -> None:
    seen = Coverage(labs=["one", "two"])
    seen.events[Reached(ESTABLISHED, Column.RST)] = ["two", "one"]
    assert seen.cell(ESTABLISHED, Column.RST) == ["one", "two"]
    assert seen.cell(ESTABLISHED, Column.FIN) == []
