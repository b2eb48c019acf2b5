"""What must have happened for a change of state to be a certain step: a line for each trigger.

Often several steps lead from one state to another: from SYN-SENT to CLOSED there are ten. Which
one it was is told by what happened to that one end between the two looks. `told` names the one
step whose evidence is there, and none where there is none or more than one: what can't be told is
not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from socklab.packet import ACK, DATA, FIN, RST, SYN, SYN_ACK, Kind, Packet
from socklab.tcp import (
    CLOSED,
    FIN_WAIT_2,
    LISTEN,
    STEPS,
    SYN_RECEIVED,
    SYN_SENT,
    On,
    State,
    Step,
    steps,
)

GIVES_UP: Final = frozenset({"close", "kill"})
"""Calls that take a descriptor from a socket: close(), and the death of who held it."""


@dataclass(frozen=True, slots=True)
class Happened:
    """All that happened to one end of a connection, or to a listener, between two looks.

    A move touches one thing, so of `segment`, `unreachable`, `call`, `destroyed` and `timer` at
    most one is there; the rest says more of it.
    """

    was: State
    now: State

    segment: Packet | None = None
    """The segment that it was given."""
    acks_syn: bool = False
    """Whether that acknowledges its SYN."""
    acks_fin: bool = False
    """Whether that acknowledges its FIN."""
    fast_opened: bool = False
    """Whether its SYN+ACK acknowledged the data of a SYN."""
    sent_reset: bool = False
    """Whether it put a RST on the wire."""

    unreachable: bool = False
    """Whether it was told by ICMP that a segment of its could not be delivered."""

    call: str = ""
    """The call that its host's program began."""
    on_it: bool = False
    """Whether that call was on this very socket."""
    argument: str = ""
    """The call's only argument, such as SHUT_WR."""
    unread: bool = False
    """Whether data had arrived that nobody had read."""
    linger_0: bool = False
    """Whether SO_LINGER was on, with 0 seconds."""
    linger2_below_0: bool = False
    """Whether TCP_LINGER2 was."""
    repair: bool = False
    """Whether TCP_REPAIR was on."""
    options_plain: bool = True
    """Whether none of these three was ever set on any socket of its host."""
    fast_open_connect: bool = False
    """Whether TCP_FASTOPEN_CONNECT was on, with which connect() waits for the first send()."""
    to_itself: bool = False
    """Whether both of its addresses are the same."""
    listener_gone: bool = False
    """Whether nobody had accepted it, and its listener went with it."""

    destroyed: bool = False
    """Whether ss(8) was let destroy the sockets of this state."""

    timer: str = ""
    """The timer that had run out, as `ss` names it."""
    held: bool = True
    """Whether a program held it before."""
    user_timeout: bool | None = False
    """Whether TCP_USER_TIMEOUT was on; None if there is no telling."""

    @property
    def kind(self) -> Kind | None:
        """The kind of the segment that it was given."""
        return None if self.segment is None else self.segment.kind

    def called(self, *names: str) -> bool:
        """Whether one of these calls was made on it."""
        return self.on_it and self.call in names

    @property
    def given_up(self) -> bool:
        """Whether it was closed, with no reason to be abrupt."""
        abrupt = self.linger_0 or self.repair or self.unread
        return self.called(*GIVES_UP) and not abrupt

    @property
    def resets_data(self) -> bool:
        """Whether it was given data, and sent a RST: nobody was there to read it."""
        brings = self.segment is not None and bool(self.segment.payload)
        return brings and self.sent_reset and not self.linger2_below_0


Evidence = Callable[[Happened], bool]
"""A question about what happened."""


def _closed(it: Happened) -> bool:
    writes_no_more = it.called("shutdown") and it.argument in ("SHUT_WR", "SHUT_RDWR")
    if it.now is not CLOSED:  # It goes on to say goodbye, which nothing abrupt does.
        return it.called(*GIVES_UP) or writes_no_more
    if it.was is FIN_WAIT_2:
        return it.given_up and (it.linger2_below_0 or not it.sent_reset)
    return it.given_up or (writes_no_more and it.was is SYN_SENT)


def _read_no_more(it: Happened) -> bool:
    # A listener heeds SHUT_RD alone, also within SHUT_RDWR; a SYN-SENT heeds either.
    wanted = ("SHUT_RD", "SHUT_RDWR") if it.was is LISTEN else ("SHUT_RD",)
    return it.called("shutdown") and it.argument in wanted


def _aborted(it: Happened) -> bool:
    return it.called(*GIVES_UP) and it.linger_0 and not (it.repair or it.unread)


def _beyond_orphan_limit(it: Happened) -> bool:
    # No Record tells how many orphans a machine has: so this is what remains.
    return it.given_up and it.sent_reset and it.options_plain


def _opened(it: Happened) -> bool:
    return it.called("connect") or (it.called("send") and it.fast_open_connect)


def _acks_syn(*kinds: Kind) -> Evidence:
    return lambda it: it.acks_syn and it.kind in kinds


def _refused(it: Happened) -> bool:
    return it.acks_syn and it.sent_reset and it.kind in (ACK, DATA, FIN)


def _fin(it: Happened) -> bool:
    return it.kind is FIN and not it.resets_data


def _acks_fin(it: Happened) -> bool:
    """An ACK of FIN that ends nothing by a FIN of its own, which may have to wait for data."""
    fin_waits = it.kind is FIN and it.now is not CLOSED
    return it.acks_fin and not it.resets_data and (it.kind in (ACK, DATA) or fin_waits)


def _ran_out(timer: str) -> Evidence:
    return lambda it: it.timer == timer and it.user_timeout is False


def _keepalive_ran_out(it: Happened) -> bool:
    orphan = it.was is FIN_WAIT_2 and not it.held  # whose time the same timer counts
    return it.timer == "keepalive" and it.user_timeout is False and not orphan


def _user_timeout(it: Happened) -> bool:
    return it.timer in ("on", "persist", "keepalive") and it.user_timeout is True


EVIDENCE: Final[Mapping[On, Evidence]] = {
    On.PASSIVE_OPEN: lambda it: it.called("listen"),
    On.ACTIVE_OPEN: _opened,
    On.CLOSE: _closed,
    On.SHUTDOWN_READ: _read_no_more,
    On.ABORT: _aborted,
    On.CLOSE_UNREAD: lambda it: it.called(*GIVES_UP) and it.unread and not it.repair,
    On.CLOSE_TO_OWN_PEER: lambda it: it.to_itself and it.call in ("shutdown", *GIVES_UP),
    On.CLOSE_BEYOND_ORPHAN_LIMIT: _beyond_orphan_limit,
    On.CLOSE_OF_LISTENER: lambda it: it.listener_gone,
    On.CONNECT_TO_SELF: lambda it: it.to_itself and it.call == "connect" and not it.repair,
    On.DISCONNECT: lambda it: it.called("disconnect") and not it.repair,
    On.REPAIR: lambda it: it.repair and it.called("connect", "disconnect", *GIVES_UP),
    On.DESTROY: lambda it: it.destroyed,
    On.SYN: lambda it: it.kind is SYN and not it.fast_opened,
    On.SYN_AND_COOKIE: lambda it: it.kind is SYN and it.fast_opened,
    On.SYN_ACK: lambda it: it.kind is SYN_ACK,
    On.ACK_OF_SYN: _acks_syn(ACK, DATA, FIN),
    On.ACK_OF_SYN_COOKIE: _acks_syn(ACK, DATA),
    On.ACK_OF_SYN_REFUSED: _refused,
    On.ACK_OF_SYN_AFTER_SHUTDOWN: _acks_syn(ACK, DATA, SYN_ACK),
    On.FIN: _fin,
    On.FIN_AND_ACK_OF_SYN: _acks_syn(FIN),
    On.FIN_AND_ACK_OF_SYN_COOKIE: _acks_syn(FIN),
    On.FIN_AND_ACK_OF_SYN_AFTER_SHUTDOWN: _acks_syn(FIN),
    On.ACK_OF_FIN: _acks_fin,
    On.FIN_AND_ACK_OF_FIN: lambda it: _fin(it) and it.acks_fin,
    On.DATA_BEFORE_FIN: lambda it: it.kind is DATA,
    On.DATA_BEFORE_FIN_AND_ACK_OF_FIN: lambda it: it.kind is DATA and it.acks_fin,
    On.DATA_TO_NOBODY: lambda it: it.resets_data,
    On.RST: lambda it: it.kind is RST,
    On.UNREACHABLE: lambda it: it.unreachable,
    On.TIME_WAIT_TIMEOUT: lambda it: it.timer == "timewait",
    On.USER_TIMEOUT: _user_timeout,
    On.RETRANSMISSION_TIMEOUT: _ran_out("on"),
    On.KEEPALIVE_TIMEOUT: _keepalive_ran_out,
    On.PROBE_TIMEOUT: _ran_out("persist"),
    On.FIN_WAIT_2_TIMEOUT: lambda it: not it.held and it.timer in ("timewait", "keepalive"),
}
"""Every trigger on which Linux takes a step, and the question whether it was that."""

NEVER: Final = frozenset({On.SEND, On.RST_SENT})
"""The triggers on which Linux takes none."""


def told(happened: Happened) -> Step | None:
    """The step that was taken, one of those that Linux takes; None if it can't be told."""
    fits = [step for step in steps(happened.was, happened.now) if EVIDENCE[step.on](happened)]
    return fits[0] if len(fits) == 1 else None


def in_the_figure(step: Step) -> Step | None:
    """The step as RFC 9293 reads it where Linux keeps the listener in a row of its own."""
    reading = {
        (CLOSED, SYN_RECEIVED): (LISTEN, SYN_RECEIVED),
        (SYN_RECEIVED, CLOSED): (SYN_RECEIVED, LISTEN),
    }.get((step.state, step.next))
    return next(
        (s for s in STEPS if (s.state, s.next) == reading and s.on is step.on and s.on_linux), None
    )
