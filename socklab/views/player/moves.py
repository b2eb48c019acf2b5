"""A move in a sentence, for those who don't know yet how moves are written."""

from __future__ import annotations

from socklab.views.rungs import TIMERS


def sentence(move: str) -> str:
    """What a move lets happen; the move itself if it is none that is known here.

    Args:
        move: as text, such as `carry client 1 SYN`.
    """
    verb, _, rest = move.partition(" ")
    who, _, what = rest.partition(" ")
    _, _, named = what.partition(" ")
    kind = named.removesuffix(" copy")
    if kind != named:
        kind = f"copied {kind}"
    match verb:
        case "call" if what:
            # Where its name alone would not do, the move says it in full: shutdown(SHUT_WR).
            return f"{who} calls {what if '(' in what else what + '()'}"
        case "carry" if kind:
            return f"The {kind} of {who} arrives"
        case "drop" if kind:
            return f"The {kind} of {who} is lost"
        case "duplicate" if kind:
            return f"The {kind} of {who} arrives, and stays on the wire to arrive again"
        case "postpone" if kind:
            return f"The {kind} of {who} goes behind the others"
        case "delay" if kind:
            kind, _, seconds = kind.rpartition(" ")
            return f"The {kind} of {who} is delayed by {seconds} s"
        case "unreachable" if kind:
            kind, _, why = kind.rpartition(" ")
            return f"The {kind} of {who} is lost, and a router says: {why} unreachable"
        case "inject" if what:
            return f"A forged {what.partition(' ')[0]} arrives, as if from {who}"
        case "destroy" if what:
            return f"`ss -K` destroys the socket of {who} in {what}"
        case "cut" if rest:
            return f"The wire is cut: nothing that {' and '.join(rest.split())} send arrives"
        case "join" if rest:
            return f"The wire is whole again: what {' and '.join(rest.split())} send arrives"
        case "wait" if what:
            return f"Time passes until the {TIMERS.get(what, what)} timer of {who} has fired"
    return move
