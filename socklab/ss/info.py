"""What the kernel knows of a TCP connection: the words of `ss -i`, as numbers in SI units.

`ss` never prints a zero, and each release prints more than the one before. So None means
"zero, unknown, or not yet printed by this release", and only the text can say no more than that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Bbr:
    """The model of congestion control `bbr`. Source: `struct tcp_bbr_info`, inet_diag.h."""

    bw_bps: float | None = None
    """Estimated bandwidth, bit/s."""
    mrtt_s: float | None = None
    """Smallest round trip; None before the first (the kernel then holds 2^32 - 1 us)."""
    pacing_gain: float | None = None
    cwnd_gain: float | None = None
    unknown: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Dctcp:
    """The state of congestion control `dctcp`. Source: `struct tcp_dctcp_info`, inet_diag.h."""

    fallback_mode: bool = False
    """The peer has no ECN: this connection does what `reno` does, and the rest is None."""
    ce_state: int | None = None
    alpha: int | None = None
    """Moving average of marked data, in 1/1024."""
    ab_ecn: int | None = None
    ab_tot: int | None = None
    unknown: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class UpperLayer:
    """What lies on top of TCP, as words: "tls" or "mptcp" (`ss` prints `tcp-ulp-NAME`).

    The numbers of `mptcp` are hexadecimal up to iproute2 6.13 and decimal after, which the
    text does not tell: so they stay text.
    """

    name: str
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Such as version "1.3" and cipher "aes-gcm-128" (tls), flags "Mec" (mptcp)."""
    words: tuple[str, ...] = ()
    """Such as "zc_ro_tx"."""


_NOTHING: Mapping[str, str] = {}


# A tuple, not a frozen dataclass: built from the list that the parser fills it takes 0.4 us,
# where 62 times `object.__setattr__` takes 6.5 us. Fields are asked for by name; their order
# is no promise, but that `unknown` is the last.
class Info(NamedTuple):
    """What `ss -i` says of one socket; names are those of ss(8) with the unit at the end.

    `_s` is seconds, `_bytes` bytes, `_bps` bit/s; without one it is a count (cwnd and
    ssthresh count segments). None: zero, unknown, or not printed by this release.
    Source: ss(8), `struct tcp_info` in linux/tcp.h.
    """

    words: tuple[str, ...] = ()
    """Bare words in order: "ts", "sack", "ecn", "ecnseen", "fastopen", "app_limited", ..."""
    congestion_control: str | None = None
    snd_wscale: int | None = None
    rcv_wscale: int | None = None
    rto_s: float | None = None
    """Retransmission timeout. Not printed when it is exactly 3 s."""
    backoff: int | None = None
    rtt_s: float | None = None
    rttvar_s: float | None = None
    ato_s: float | None = None
    """Delayed-ACK timeout."""
    qack: int | None = None
    mss_bytes: int | None = None
    pmtu_bytes: int | None = None
    rcvmss_bytes: int | None = None
    advmss_bytes: int | None = None
    cwnd: int | None = None
    ssthresh: int | None = None
    """Not printed from 65535 on: None is most often "no threshold yet"."""
    bytes_sent: int | None = None
    bytes_retrans: int | None = None
    bytes_acked: int | None = None
    """Counts the SYN as one, and the FIN."""
    bytes_received: int | None = None
    segs_out: int | None = None
    segs_in: int | None = None
    data_segs_out: int | None = None
    data_segs_in: int | None = None
    dctcp: Dctcp | None = None
    bbr: Bbr | None = None
    send_bps: float | None = None
    """cwnd * mss / rtt: what the window allows, not what is sent."""
    lastsnd_s: float | None = None
    lastrcv_s: float | None = None
    lastack_s: float | None = None
    pacing_rate_bps: float | None = None
    max_pacing_rate_bps: float | None = None
    delivery_rate_bps: float | None = None
    delivered: int | None = None
    delivered_ce: int | None = None
    busy_s: float | None = None
    rwnd_limited_s: float | None = None
    rwnd_limited_share: float | None = None
    """Part of the busy time, 0 to 1."""
    sndbuf_limited_s: float | None = None
    sndbuf_limited_share: float | None = None
    unacked: int | None = None
    """Segments on the way. LISTEN: connections waiting, the same as Recv-Q."""
    retrans: int | None = None
    """Retransmitted segments now on the way; `retrans_total` counts all there ever were."""
    retrans_total: int | None = None
    lost: int | None = None
    sacked: int | None = None
    dsack_dups: int | None = None
    fackets: int | None = None
    reordering: int | None = None
    """Not printed when it is 3, the usual start."""
    reord_seen: int | None = None
    rcv_rtt_s: float | None = None
    rcv_space_bytes: int | None = None
    rcv_ssthresh_bytes: int | None = None
    notsent_bytes: int | None = None
    minrtt_s: float | None = None
    rcv_ooopack: int | None = None
    snd_wnd_bytes: int | None = None
    rcv_wnd_bytes: int | None = None
    rehash: int | None = None
    md5keys: tuple[str, ...] | None = None
    """`address/prefix=key`, escaped as `ss` escapes it. Up to iproute2 6.7 the key is missing."""
    upper_layer: UpperLayer | None = None
    unknown: Mapping[str, str] = _NOTHING
    """Fields that socklab does not know, with the text after their colon."""

    def __hash__(self) -> int:
        return hash(self[:-1])  # a mapping has none

    def __repr__(self) -> str:
        """What was said: most of the sixty fields are None."""
        said = (
            f"{name}={value!r}"
            for name, value in zip(self._fields, self, strict=True)
            if value != self._field_defaults[name]
        )
        return f"Info({', '.join(said)})"

    @property
    def app_limited(self) -> bool:
        """Whether the delivery rate was limited by the program, not by the network."""
        return "app_limited" in self.words


class Memory(NamedTuple):  # a tuple for the same reason
    """What the socket's buffers hold (`-m`); names are those of ss(8).

    The five that can be None are not in the short form `mem:(...)` that old kernels give.
    """

    rmem_alloc_bytes: int
    """Received and not yet read, with the kernel's overhead."""
    wmem_alloc_bytes: int
    """Handed to the device and not yet gone."""
    fwd_alloc_bytes: int
    """Set aside and not in use; can be below zero."""
    wmem_queued_bytes: int
    """Queued to be sent or acknowledged."""
    rcv_buf_bytes: int | None = None
    snd_buf_bytes: int | None = None
    opt_mem_bytes: int | None = None
    back_log_bytes: int | None = None
    sock_drop: int | None = None
    """Packets dropped before they were put into the socket."""
