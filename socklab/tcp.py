"""TCP's states and the steps between them, as data: RFC 9293's figure 5 and what Linux adds.

`STEPS` is RFC 9293's machine, `LINUX_STEPS` what Linux does beyond it; a step of the RFC that
Linux does not take has `on_linux=False` and says why. No other module decides what may follow what.

How to read a step from what `ss` shows: one row is one connection, named by its two addresses and
ports, and a connection without a row is CLOSED. RFC 9293 has one record that goes from LISTEN to
SYN-RECEIVED; Linux keeps the listener in LISTEN and adds a row for the child, so there the same
event reads CLOSED to SYN-RECEIVED, and a child that is reset goes to CLOSED, not back to LISTEN.
`STEPS` has the first reading, `LINUX_STEPS` the second.

Left out: what never changes a state (data in ESTABLISHED, challenge ACKs, retransmissions that are
answered), Multipath TCP, and kernel TLS.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final

from socklab.errors import LabError


class State(Enum):
    """One of the eleven states of a TCP connection; `str()` gives its name in RFC 9293."""

    CLOSED = "CLOSED"
    LISTEN = "LISTEN"
    SYN_SENT = "SYN-SENT"
    SYN_RECEIVED = "SYN-RECEIVED"
    ESTABLISHED = "ESTABLISHED"
    FIN_WAIT_1 = "FIN-WAIT-1"
    FIN_WAIT_2 = "FIN-WAIT-2"
    CLOSE_WAIT = "CLOSE-WAIT"
    CLOSING = "CLOSING"
    LAST_ACK = "LAST-ACK"
    TIME_WAIT = "TIME-WAIT"

    def __str__(self) -> str:
        return self.value

    @classmethod
    def named(cls, text: str) -> State:
        """The state with this name.

        Args:
            text: An RFC 9293 name in any case, with dashes, underscores or blanks.

        Raises:
            LabError: No state has that name; the message offers the nearest one.
        """
        wanted = "-".join(text.replace("_", " ").replace("-", " ").upper().split())
        for state in cls:
            if state.value == wanted:
                return state
        raise LabError(f"{text!r} is not a TCP state.{_nearest(wanted)}")


def _nearest(wanted: str) -> str:
    # Imported here, since only a mistake needs it.
    from difflib import get_close_matches  # noqa: PLC0415

    names = [state.value for state in State]
    near = get_close_matches(wanted, names, n=1, cutoff=0.5)
    return f" Did you mean {near[0]}?" if near else f" The states are {', '.join(names)}."


CLOSED: Final = State.CLOSED
LISTEN: Final = State.LISTEN
SYN_SENT: Final = State.SYN_SENT
SYN_RECEIVED: Final = State.SYN_RECEIVED
ESTABLISHED: Final = State.ESTABLISHED
FIN_WAIT_1: Final = State.FIN_WAIT_1
FIN_WAIT_2: Final = State.FIN_WAIT_2
CLOSE_WAIT: Final = State.CLOSE_WAIT
CLOSING: Final = State.CLOSING
LAST_ACK: Final = State.LAST_ACK
TIME_WAIT: Final = State.TIME_WAIT

SYNCHRONIZED: Final = frozenset(State) - {CLOSED, LISTEN, SYN_SENT, SYN_RECEIVED}
"""States in which both ends know each other's sequence numbers (RFC 9293 section 3.5.2)."""

TRANSIENT: Final = frozenset({SYN_SENT, SYN_RECEIVED, FIN_WAIT_1, CLOSING, LAST_ACK})
"""States that wait for a segment in flight, so that they stand still only on a held wire.

The others wait for a call of this program or the peer's (LISTEN, ESTABLISHED, CLOSE-WAIT,
FIN-WAIT-2), for a timer (TIME-WAIT) or for nothing (CLOSED).
"""


class Cause(Enum):
    """The three reasons for which a connection changes its state."""

    CALL = "call"
    SEGMENT = "segment"
    TIMER = "timer"

    def __str__(self) -> str:
        return self.value


class On(Enum):
    """What triggers a step; `str()` words it for people, `cause` says which of the three it is."""

    PASSIVE_OPEN = ("listen()", Cause.CALL)
    ACTIVE_OPEN = ("connect()", Cause.CALL)
    SEND = ("send()", Cause.CALL)
    CLOSE = ("close() or shutdown(SHUT_WR)", Cause.CALL)
    SHUTDOWN_READ = ("shutdown(SHUT_RD)", Cause.CALL)
    ABORT = ("close() with SO_LINGER 0", Cause.CALL)
    CLOSE_UNREAD = ("close() with unread data", Cause.CALL)
    CLOSE_TO_OWN_PEER = ("close() of a self-connection", Cause.CALL)
    CLOSE_BEYOND_ORPHAN_LIMIT = ("close() beyond tcp_max_orphans", Cause.CALL)
    CLOSE_OF_LISTENER = ("close() of its listener before accept()", Cause.CALL)
    CONNECT_TO_SELF = ("connect() to its own address and port", Cause.CALL)
    DISCONNECT = ("connect(AF_UNSPEC)", Cause.CALL)
    REPAIR = ("connect() or close() with TCP_REPAIR", Cause.CALL)
    DESTROY = ("ss -K (SOCK_DESTROY)", Cause.CALL)
    RST_SENT = ("RST sent, and remembered", Cause.CALL)

    SYN = ("SYN", Cause.SEGMENT)
    SYN_AND_COOKIE = ("SYN with data and a Fast Open cookie", Cause.SEGMENT)
    SYN_ACK = ("SYN+ACK", Cause.SEGMENT)
    ACK_OF_SYN = ("ACK of SYN", Cause.SEGMENT)
    ACK_OF_SYN_COOKIE = ("ACK of a SYN cookie", Cause.SEGMENT)
    ACK_OF_SYN_REFUSED = ("ACK of SYN without room or listener", Cause.SEGMENT)
    ACK_OF_SYN_AFTER_SHUTDOWN = ("ACK of SYN after shutdown(SHUT_WR)", Cause.SEGMENT)
    FIN = ("FIN", Cause.SEGMENT)
    FIN_AND_ACK_OF_SYN = ("FIN and ACK of SYN", Cause.SEGMENT)
    FIN_AND_ACK_OF_SYN_COOKIE = ("FIN and ACK of a SYN cookie", Cause.SEGMENT)
    FIN_AND_ACK_OF_SYN_AFTER_SHUTDOWN = (
        "FIN and ACK of SYN after shutdown(SHUT_WR)",
        Cause.SEGMENT,
    )
    ACK_OF_FIN = ("ACK of FIN", Cause.SEGMENT)
    FIN_AND_ACK_OF_FIN = ("FIN and ACK of FIN", Cause.SEGMENT)
    DATA_BEFORE_FIN = ("data that a FIN was waiting for", Cause.SEGMENT)
    DATA_BEFORE_FIN_AND_ACK_OF_FIN = (
        "data that a FIN was waiting for, and ACK of FIN",
        Cause.SEGMENT,
    )
    DATA_TO_NOBODY = ("data after close() or shutdown(SHUT_RDWR)", Cause.SEGMENT)
    RST = ("RST", Cause.SEGMENT)
    UNREACHABLE = ("ICMP unreachable", Cause.SEGMENT)

    TIME_WAIT_TIMEOUT = ("2 MSL timeout", Cause.TIMER)
    USER_TIMEOUT = ("user timeout", Cause.TIMER)
    RETRANSMISSION_TIMEOUT = ("retransmissions exhausted", Cause.TIMER)
    KEEPALIVE_TIMEOUT = ("keep-alive probes unanswered", Cause.TIMER)
    PROBE_TIMEOUT = ("zero-window probes exhausted", Cause.TIMER)
    FIN_WAIT_2_TIMEOUT = ("FIN-WAIT-2 timeout", Cause.TIMER)

    def __init__(self, text: str, cause: Cause) -> None:
        self.text = text
        self.cause = cause

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Step:
    """One arrow of the state diagram: in `state`, on `on`, to `next`."""

    state: State
    on: On
    next: State
    source: str
    """Where the arrow is written: a section of an RFC, or `Linux: ` and a kernel function."""
    linux: str = ""
    """How Linux takes a step of the RFC, or why it does not; empty if there is nothing to add."""
    on_linux: bool = True
    """Whether Linux takes it."""

    @property
    def opens(self) -> bool:
        """Whether a new connection begins with it: from nothing, or over the remains of an old."""
        return self.state in (CLOSED, TIME_WAIT, FIN_WAIT_2) and self.next in _OPENED


_OPENED: Final = frozenset({LISTEN, SYN_SENT, SYN_RECEIVED, ESTABLISHED, CLOSE_WAIT})


def _from(
    states: tuple[State, ...],
    on: On,
    next_state: State,
    source: str,
    linux: str = "",
    *,
    on_linux: bool = True,
) -> tuple[Step, ...]:
    """One row for several states that share all the rest."""
    return tuple(Step(state, on, next_state, source, linux, on_linux) for state in states)


# fmt: off
STEPS: Final[tuple[Step, ...]] = (
    # The arrows that figure 5 draws, from top to bottom.
    Step(CLOSED, On.PASSIVE_OPEN, LISTEN, "RFC 9293 §3.3.2 figure 5"),
    Step(CLOSED, On.ACTIVE_OPEN, SYN_SENT, "RFC 9293 §3.3.2 figure 5"),
    Step(LISTEN, On.CLOSE, CLOSED, "RFC 9293 §3.3.2 figure 5",
         "close(); shutdown(SHUT_WR) leaves a listener as it is"),
    Step(LISTEN, On.SYN, SYN_RECEIVED, "RFC 9293 §3.3.2 figure 5",
         "in a row of its own: the listener stays in LISTEN"),
    Step(LISTEN, On.SEND, SYN_SENT, "RFC 9293 §3.3.2 figure 5",
         "send() on a listener fails with EPIPE", on_linux=False),
    Step(SYN_SENT, On.SYN, SYN_RECEIVED, "RFC 9293 §3.3.2 figure 5"),
    Step(SYN_SENT, On.SYN_ACK, ESTABLISHED, "RFC 9293 §3.3.2 figure 5"),
    Step(SYN_SENT, On.CLOSE, CLOSED, "RFC 9293 §3.3.2 figure 5"),
    Step(SYN_RECEIVED, On.RST, LISTEN, "RFC 9293 §3.3.2 figure 5 note 1",
         "only the child's row goes: the listener never left LISTEN"),
    Step(SYN_RECEIVED, On.ACK_OF_SYN, ESTABLISHED, "RFC 9293 §3.3.2 figure 5"),
    Step(SYN_RECEIVED, On.CLOSE, FIN_WAIT_1, "RFC 9293 §3.3.2 figure 5",
         "close(); shutdown(SHUT_WR) waits for the ACK of SYN"),
    Step(ESTABLISHED, On.CLOSE, FIN_WAIT_1, "RFC 9293 §3.3.2 figure 5"),
    Step(ESTABLISHED, On.FIN, CLOSE_WAIT, "RFC 9293 §3.3.2 figure 5"),
    Step(FIN_WAIT_1, On.ACK_OF_FIN, FIN_WAIT_2, "RFC 9293 §3.3.2 figure 5"),
    Step(FIN_WAIT_1, On.FIN, CLOSING, "RFC 9293 §3.3.2 figure 5"),
    Step(FIN_WAIT_1, On.FIN_AND_ACK_OF_FIN, TIME_WAIT, "RFC 9293 §3.3.2 figure 5 note 2"),
    Step(FIN_WAIT_2, On.FIN, TIME_WAIT, "RFC 9293 §3.3.2 figure 5"),
    Step(CLOSE_WAIT, On.CLOSE, LAST_ACK, "RFC 9293 §3.3.2 figure 5"),
    Step(CLOSING, On.ACK_OF_FIN, TIME_WAIT, "RFC 9293 §3.3.2 figure 5"),
    Step(LAST_ACK, On.ACK_OF_FIN, CLOSED, "RFC 9293 §3.3.2 figure 5"),
    Step(TIME_WAIT, On.TIME_WAIT_TIMEOUT, CLOSED, "RFC 9293 §3.3.2 figure 5",
         "60 s (TCP_TIMEWAIT_LEN), which no sysctl changes"),

    # What the figure leaves out "for legibility", and what the text of section 3.10 adds.
    *_from((SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT),
           On.RST_SENT, TIME_WAIT, "RFC 9293 §3.3.2 figure 5 note 3",
           "who sends a RST is in CLOSED at once", on_linux=False),
    *_from((ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK),
           On.RST, CLOSED, "RFC 9293 §3.10.7.4", "tcp_reset"),
    Step(TIME_WAIT, On.RST, CLOSED, "RFC 9293 §3.10.7.4, its hazard: RFC 1337",
         "unless tcp_rfc1337=1"),
    Step(SYN_SENT, On.RST, CLOSED, "RFC 9293 §3.10.7.3"),
    Step(SYN_RECEIVED, On.SYN, LISTEN, "RFC 9293 §3.10.7.4",
         "a SYN in the window is answered with a RST, and the child's row goes"),
    Step(SYN_RECEIVED, On.SYN_ACK, ESTABLISHED, "RFC 9293 §3.5 figure 7"),
    Step(TIME_WAIT, On.SYN, SYN_RECEIVED, "RFC 9293 §3.6.1 MAY-2, RFC 6191",
         "tcp_timewait_state_process: a newer timestamp or sequence number, and a listener"),
    Step(LISTEN, On.ACTIVE_OPEN, SYN_SENT, "RFC 9293 §3.10.1",
         "connect() on a listener fails with EISCONN", on_linux=False),
    *_from((LISTEN, SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT,
            CLOSING, LAST_ACK),
           On.ABORT, CLOSED, "RFC 9293 §3.10.5", "__tcp_close with SO_LINGER 0"),
    Step(TIME_WAIT, On.ABORT, CLOSED, "RFC 9293 §3.10.5",
         "no descriptor holds a TIME-WAIT: close() leaves it as it is", on_linux=False),
    *_from((ESTABLISHED, FIN_WAIT_2, CLOSE_WAIT),
           On.CLOSE_UNREAD, CLOSED, "RFC 9293 §3.6.1 SHLD-3", "__tcp_close: data_was_unread"),
    *_from((FIN_WAIT_1, FIN_WAIT_2),
           On.DATA_TO_NOBODY, CLOSED, "RFC 9293 §3.6.1 SHLD-3",
           "tcp_rcv_state_process: TCPAbortOnData"),
    *_from((SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING,
            LAST_ACK),
           On.USER_TIMEOUT, CLOSED, "RFC 9293 §3.10.8", "TCP_USER_TIMEOUT"),
    Step(SYN_SENT, On.RETRANSMISSION_TIMEOUT, CLOSED, "RFC 9293 §3.8.3 R2",
         "tcp_syn_retries, TCP_SYNCNT"),
    Step(SYN_RECEIVED, On.RETRANSMISSION_TIMEOUT, CLOSED, "RFC 9293 §3.8.3 R2",
         "tcp_synack_retries"),
    *_from((ESTABLISHED, FIN_WAIT_1, CLOSE_WAIT, CLOSING, LAST_ACK),
           On.RETRANSMISSION_TIMEOUT, CLOSED, "RFC 9293 §3.8.3 R2",
           "tcp_retries2, after close() tcp_orphan_retries"),
    *_from((ESTABLISHED, FIN_WAIT_2, CLOSE_WAIT),
           On.KEEPALIVE_TIMEOUT, CLOSED, "RFC 9293 §3.8.4", "SO_KEEPALIVE, TCP_KEEPCNT"),
)
"""RFC 9293's steps: figure 5, its notes, and the text around it."""

LINUX_STEPS: Final[tuple[Step, ...]] = (
    # A connection's row appears, beside its listener's.
    Step(CLOSED, On.SYN, SYN_RECEIVED, "Linux: tcp_conn_request"),
    Step(CLOSED, On.SYN_AND_COOKIE, SYN_RECEIVED, "Linux: tcp_fastopen_create_child, RFC 7413"),
    Step(CLOSED, On.ACK_OF_SYN_COOKIE, ESTABLISHED, "Linux: cookie_v4_check, tcp_syncookies"),
    Step(CLOSED, On.FIN_AND_ACK_OF_SYN_COOKIE, CLOSE_WAIT, "Linux: cookie_v4_check, tcp_fin"),
    Step(CLOSED, On.CONNECT_TO_SELF, ESTABLISHED,
         "Linux: the own SYN comes back over lo before connect() returns"),
    Step(CLOSED, On.REPAIR, ESTABLISHED, "Linux: tcp_connect, TCP_REPAIR"),

    # Opening.
    *_from((LISTEN, SYN_SENT), On.SHUTDOWN_READ, CLOSED, "Linux: inet_shutdown"),
    *_from((SYN_SENT, SYN_RECEIVED), On.UNREACHABLE, CLOSED,
           "Linux: tcp_v4_err, tcp_v6_err; once established only a soft error"),
    Step(SYN_RECEIVED, On.RST, CLOSED, "Linux: tcp_check_req, tcp_reset"),
    Step(SYN_RECEIVED, On.SYN, CLOSED, "Linux: tcp_check_req, embryonic_reset"),
    Step(SYN_RECEIVED, On.FIN_AND_ACK_OF_SYN, CLOSE_WAIT, "Linux: tcp_rcv_state_process, tcp_fin"),
    Step(SYN_RECEIVED, On.ACK_OF_SYN_AFTER_SHUTDOWN, FIN_WAIT_1,
         "Linux: tcp_rcv_state_process calls the deferred tcp_shutdown"),
    Step(SYN_RECEIVED, On.FIN_AND_ACK_OF_SYN_AFTER_SHUTDOWN, CLOSING,
         "Linux: tcp_rcv_state_process calls the deferred tcp_shutdown, then tcp_fin"),
    Step(SYN_RECEIVED, On.ACK_OF_SYN_REFUSED, CLOSED,
         "Linux: tcp_check_req, tcp_abort_on_overflow; tcp_v4_rcv without a listener"),

    # A FIN that came before its data has been waiting in the out-of-order queue.
    Step(ESTABLISHED, On.DATA_BEFORE_FIN, CLOSE_WAIT, "Linux: tcp_ofo_queue, tcp_fin"),
    Step(FIN_WAIT_1, On.DATA_BEFORE_FIN, CLOSING, "Linux: tcp_ofo_queue, tcp_fin"),
    Step(FIN_WAIT_1, On.DATA_BEFORE_FIN_AND_ACK_OF_FIN, TIME_WAIT, "Linux: tcp_ofo_queue, tcp_fin"),
    Step(FIN_WAIT_2, On.DATA_BEFORE_FIN, TIME_WAIT, "Linux: tcp_ofo_queue, tcp_fin"),

    # Closing.
    Step(ESTABLISHED, On.CLOSE_TO_OWN_PEER, TIME_WAIT,
         "Linux: the own FIN and its ACK come back over lo before the call returns"),
    Step(FIN_WAIT_2, On.FIN_WAIT_2_TIMEOUT, CLOSED, "Linux: tcp_fin_timeout, TCP_LINGER2"),
    Step(FIN_WAIT_2, On.CLOSE, CLOSED,
         "Linux: __tcp_close, TCP_LINGER2 below 0; tcp_time_wait, tcp_max_tw_buckets"),
    Step(FIN_WAIT_1, On.ACK_OF_FIN, CLOSED,
         "Linux: tcp_rcv_state_process, TCP_LINGER2 below 0; tcp_time_wait, tcp_max_tw_buckets"),
    Step(FIN_WAIT_1, On.FIN_AND_ACK_OF_FIN, CLOSED, "Linux: tcp_time_wait, tcp_max_tw_buckets"),
    Step(FIN_WAIT_2, On.FIN, CLOSED, "Linux: tcp_time_wait, tcp_max_tw_buckets"),
    Step(CLOSING, On.ACK_OF_FIN, CLOSED, "Linux: tcp_time_wait, tcp_max_tw_buckets"),
    *_from((SYN_RECEIVED, FIN_WAIT_1, CLOSING, LAST_ACK), On.CLOSE_UNREAD, CLOSED,
           "Linux: __tcp_close, data_was_unread"),
    *_from((SYN_RECEIVED, ESTABLISHED, CLOSE_WAIT), On.CLOSE_OF_LISTENER, CLOSED,
           "Linux: inet_csk_listen_stop"),
    *_from((SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK),
           On.CLOSE_BEYOND_ORPHAN_LIMIT, CLOSED, "Linux: tcp_check_oom"),
    *_from((ESTABLISHED, FIN_WAIT_1, CLOSE_WAIT, CLOSING, LAST_ACK), On.PROBE_TIMEOUT, CLOSED,
           "Linux: tcp_probe_timer, tcp_retries2"),
    *_from((LISTEN, SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT,
            CLOSING, LAST_ACK),
           On.DISCONNECT, CLOSED, "Linux: tcp_disconnect"),
    *_from((SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING,
            LAST_ACK),
           On.REPAIR, CLOSED, "Linux: __tcp_close, TCP_REPAIR: no segment leaves"),
    *_from((LISTEN, SYN_SENT, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT,
            CLOSING, LAST_ACK, TIME_WAIT),
           On.DESTROY, CLOSED, "Linux: tcp_abort"),

    # A new connection over the remains of the old one.
    Step(TIME_WAIT, On.ACTIVE_OPEN, SYN_SENT, "Linux: tcp_twsk_unique, tcp_tw_reuse"),
    Step(TIME_WAIT, On.SYN, CLOSED,
         "Linux: tcp_timewait_state_process gives way, then a full accept queue drops the SYN"),
    Step(FIN_WAIT_2, On.SYN, CLOSED, "Linux: tcp_timewait_state_process, after close(): RST"),
    Step(FIN_WAIT_2, On.ACTIVE_OPEN, SYN_SENT, "Linux: tcp_twsk_unique, after close()"),
)
# fmt: on
"""What Linux does beyond RFC 9293, as its rows in `ss` show it."""

_ON_LINUX: Final = tuple(step for step in STEPS + LINUX_STEPS if step.on_linux)


def steps(was: State, now: State) -> tuple[Step, ...]:
    """The steps that explain one change of a connection's state on Linux.

    Returns:
        Every step from `was` to `now`, RFC 9293's first; empty if there is none, so that the change
        cannot be (or took more than one step). A state that stays the same needs no step.
    """
    return tuple(step for step in _ON_LINUX if step.state is was and step.next is now)


@cache
def can_become(was: State, now: State) -> bool:
    """Whether a connection seen in `was` may be in `now` when it is looked at again, on Linux."""
    # Reachable, not adjacent: who looks only now and then is a sampler, and a state that lasts
    # microseconds falls between two samples of a perfectly legal close. But a new connection begins
    # only as the first step: through CLOSED every state would be reachable from every other, and a
    # row that vanished and came back is another connection.
    seen = {was}
    ahead = [step.next for step in _ON_LINUX if step.state is was]
    while ahead:
        state = ahead.pop()
        if state not in seen:
            seen.add(state)
            ahead += [step.next for step in _ON_LINUX if step.state is state and not step.opens]
    return now in seen


def table(rows: tuple[Step, ...] = STEPS + LINUX_STEPS) -> str:
    """These rows as a Markdown table, a line each, with a newline at its end."""
    lines = ["| State | On | Cause | Next | Source | On Linux |", "|---|---|---|---|---|---|"]
    for step in rows:
        linux = step.linux if step.on_linux else f"no: {step.linux}"
        cells = (step.state, step.on, step.on.cause, step.next, step.source, linux)
        lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(lines) + "\n"
