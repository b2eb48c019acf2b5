from __future__ import annotations

import pytest

from socklab.claims import Claim, Evidence, Judged
from socklab.views.claims import text

FOR = Evidence("half-close", ("client send() EPIPE",))
AGAINST = Evidence("rst-abort", ("server recv() ECONNRESET",), after="call server recv")
CLAIM = Claim(7, "After its FIN an end can't send any more, ever.", "So it is.", (FOR,), (AGAINST,))


def lines(*met: Evidence, width: int = 80, ascii_only: bool = False) -> list[str]:
    judged = Judged(CLAIM, frozenset(met), ("6.18",))
    return text([judged], width=width, ascii_only=ascii_only).splitlines()


def test_a_claim_is_told_with_its_verdict_its_answer_and_its_evidence() -> None:
    assert lines(FOR) == [
        " 7  After its FIN an end can't send any more, ever.                         true",
        "    So it is.",
        "    ✓ for      half-close: client send() EPIPE",
        "    – against  rst-abort: server recv() ECONNRESET (after `call server recv`)",
        "",
        "1 claim: 1 true. Observed on Linux 6.18.",
    ]


def test_without_a_glyph_there_is_a_word() -> None:
    assert "    ok for      half-close: client send() EPIPE" in lines(FOR, ascii_only=True)
    assert any("-- against" in line for line in lines(FOR, ascii_only=True))


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, lines(FOR, AGAINST, width=width))) <= width
    assert "partly" in lines(FOR, AGAINST, width=width)[0]
