"""From the words of `ss -i` and `ss -m` to `Info` and `Memory`.

The text has four shapes, told apart by blanks: `key:value` (`key:(...)` among them), bare
words, and three keys with a blank before their value (`send 1.2Mbps`). What follows
`tcp-ulp-NAME` belongs to the upper layer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from socklab.ss.errors import Unreadable
from socklab.ss.info import Bbr, Dctcp, Info, Memory, UpperLayer

_WORD = re.compile(r"[A-Za-z][\w.+-]*", re.ASCII)
_RATE = re.compile(r"(\d+(?:\.\d+)?(?:e[+-]\d+)?)([kKMGT]?)bps", re.ASCII)
_LIMITED = re.compile(r"(\d+)ms(?:\((\d+(?:\.\d+)?)%\))?", re.ASCII)
_PREFIX = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}

_UNSET_RTT_S = 4294.967
"""2^32 - 1 us and what `%g` makes of it (4.29497e+06 ms): no round trip yet, from here on."""

# Options that stand before the name of the congestion control, which has no key of its own.
_OPTIONS = frozenset({"ts", "usec_ts", "sack", "ecn", "ecnseen", "fastopen"})
_OTHER_WORDS = frozenset({"bidir", "app_limited"})

# What stands before the fields of TCP. Found among them, it did not read where it stood.
_DETAILS = frozenset(
    {"users", "timer", "uid", "ino", "sk", "fwmark", "cgroup", "v6only", "tos", "tclass"}
    | {"class_id", "inet-sockopt", "skmem", "mem"}
)


def _whole(text: str) -> int:
    if text.isdigit() or (text[:1] == "-" and text[1:].isdigit()):
        return int(text)
    raise ValueError


def _number(text: str) -> float:
    # float() takes more than ss prints: blanks (none are left here), "inf", "nan" and "1_0".
    if not text[:1].isdigit() or "_" in text:
        raise ValueError
    return float(text)


def _from_ms(text: str) -> float:
    if text.isdigit():
        return int(text) / 1000
    # By way of whole microseconds, which is what the kernel has: 0.009 ms is 9e-06 s, while
    # 0.009 / 1000 is 8.999999999999999e-06.
    return round(_number(text) * 1000) / 1e6


def _rate(text: str) -> float:
    if text[-3:] == "bps" and text[:-3].isdigit():  # what -n gives since 5.2
        return float(text[:-3])
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError
    # Whole bits: 4.1 * 1e6 is 4099999.9999999995.
    return float(round(float(match[1]) * _PREFIX[match[2]]))


def _pair(text: str, separator: str, one: Callable[[str], Any]) -> tuple[Any, Any]:
    first, found, second = text.partition(separator)
    if not found:
        raise ValueError
    return one(first), one(second)


def _limited(text: str) -> tuple[float, float | None]:
    match = _LIMITED.fullmatch(text)
    if match is None:
        raise ValueError
    # 47.2 % is 0.472, while 47.2 / 100 is 0.47200000000000003.
    share = None if match[2] is None else round(float(match[2]) / 100, 6)
    return int(match[1]) / 1000, share


def _group(text: str) -> dict[str, str]:
    """`(bw:0bps,mrtt:0.06)` as a mapping."""
    if text[:1] != "(" or text[-1:] != ")":
        raise ValueError
    return dict(_pair(each, ":", str) for each in text[1:-1].split(","))


def _bbr(text: str) -> Bbr:
    group = _group(text)
    known: dict[str, Any] = {}
    if "bw" in group:
        known["bw_bps"] = _rate(group.pop("bw"))
    if "mrtt" in group and (mrtt_s := _from_ms(group.pop("mrtt"))) < _UNSET_RTT_S:
        known["mrtt_s"] = mrtt_s
    for gain in ("pacing_gain", "cwnd_gain"):
        if gain in group:
            known[gain] = _number(group.pop(gain))
    return Bbr(**known, unknown=group)


def _dctcp(text: str) -> Dctcp:
    if text == "fallback_mode":
        return Dctcp(fallback_mode=True)
    group = _group(text)
    known = {
        name: _whole(group.pop(name))
        for name in ("ce_state", "alpha", "ab_ecn", "ab_tot")
        if name in group
    }
    return Dctcp(**known, unknown=group)  # type: ignore[arg-type]


def _keys(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))  # a comma inside a key is escaped


_SLOT = {name: slot for slot, name in enumerate(Info._fields)}

# key: (where its value goes in an Info, converter, what the value is when it reads)
_Field = tuple[int, Callable[[str], Any], str]
_COUNT, _MS = "a whole number", "a number of milliseconds"
_KEYS: dict[str, _Field] = {
    "wscale": (
        _SLOT["snd_wscale"],
        lambda text: _pair(text, ",", _whole),
        "two numbers with a comma",
    ),
    "rto": (_SLOT["rto_s"], _from_ms, _MS),
    "rtt": (
        _SLOT["rtt_s"],
        lambda text: _pair(text, "/", _from_ms),
        "two numbers of milliseconds with a slash",
    ),
    "ato": (_SLOT["ato_s"], _from_ms, _MS),
    "dctcp": (_SLOT["dctcp"], _dctcp, "fields in brackets"),
    "bbr": (_SLOT["bbr"], _bbr, "fields in brackets"),
    "busy": (_SLOT["busy_s"], lambda text: _limited(text)[0], _MS),
    "rwnd_limited": (_SLOT["rwnd_limited_s"], _limited, _MS),
    "sndbuf_limited": (_SLOT["sndbuf_limited_s"], _limited, _MS),
    "retrans": (
        _SLOT["retrans"],
        lambda text: _pair(text, "/", _whole),
        "two whole numbers with a slash",
    ),
    "rcv_rtt": (_SLOT["rcv_rtt_s"], _from_ms, _MS),
    "minrtt": (_SLOT["minrtt_s"], _from_ms, _MS),
    "md5keys": (_SLOT["md5keys"], _keys, "a list of keys"),
}
for _key in ("lastsnd", "lastrcv", "lastack"):
    _KEYS[_key] = (_SLOT[f"{_key}_s"], _from_ms, _MS)
_COUNTS = """
    backoff qack cwnd ssthresh bytes_sent bytes_retrans bytes_acked bytes_received segs_out
    segs_in data_segs_out data_segs_in delivered delivered_ce unacked lost sacked dsack_dups
    fackets reordering reord_seen rcv_ooopack rehash
"""
for _key in _COUNTS.split():
    _KEYS[_key] = (_SLOT[_key], _whole, _COUNT)
_BYTES = "mss pmtu rcvmss advmss rcv_space rcv_ssthresh notsent snd_wnd rcv_wnd"
for _key in _BYTES.split():
    _KEYS[_key] = (_SLOT[f"{_key}_bytes"], _whole, _COUNT)


def _pacing(text: str) -> tuple[float, float | None]:
    rate, found, limit = text.partition("/")
    return _rate(rate), _rate(limit) if found else None


_BLANK_KEYS: dict[str, _Field] = {
    "send": (_SLOT["send_bps"], _rate, "a rate"),
    "pacing_rate": (_SLOT["pacing_rate_bps"], _pacing, "one or two rates"),
    "delivery_rate": (_SLOT["delivery_rate_bps"], _rate, "a rate"),
}
# These convert to two values, and the second goes to the next slot.
_PAIRS = tuple(
    (_BLANK_KEYS.get(key) or _KEYS[key])[0]
    for key in ("wscale", "rtt", "pacing_rate", "rwnd_limited", "sndbuf_limited", "retrans")
)
_WORDS, _CONGESTION_CONTROL = _SLOT["words"], _SLOT["congestion_control"]
_REORDERING, _MSS = _SLOT["reordering"], _SLOT["mss_bytes"]
_UPPER_LAYER, _UNKNOWN = _SLOT["upper_layer"], _SLOT["unknown"]
_NOTHING_SAID = tuple(Info._field_defaults.values())
_new: Callable[[type[Info], list[Any]], Info] = tuple.__new__


def parse_info(text: str) -> Info | None:
    """What `-i` says in `text`, or None where it says nothing.

    Raises:
        Unreadable: a word has none of the four shapes, a known field has no value of its
            kind, or a field comes twice.
    """
    if not text.isascii():
        raise Unreadable("a word that is not ASCII stands among the fields of TCP")
    slots: list[Any] = list(_NOTHING_SAID)
    said = False
    unknown: dict[str, str] = {}
    words: list[str] = []
    unnamed: list[str] = []  # words before the first key that are no option: the last is the name
    known, blank_keys = _KEYS.get, _BLANK_KEYS.get
    rest = iter(text.split())
    for word in rest:
        key, colon, value = word.partition(":")
        if colon:
            field = known(key)
            if field is None:
                _keep_unknown(word, unknown)
                said = True
                continue
        else:
            field = blank_keys(word)
            if field is None:
                if _WORD.fullmatch(word) is None:
                    raise Unreadable(f"{word!r} is neither a field nor a word of TCP")
                if word.startswith("tcp-ulp-"):
                    slots[_UPPER_LAYER] = _upper_layer(word[8:], rest)
                    said = True
                elif said or word in _OPTIONS or word in _OTHER_WORDS:
                    words.append(word)
                else:
                    unnamed.append(word)
                continue
            value = next(rest, "")
        slot, convert, kind = field
        if slots[slot] is not None:
            raise Unreadable(f"the field {key} comes twice")
        try:
            # Most fields are counts: they are done here, for a call takes as long again.
            if convert is _whole and value.isdigit():
                slots[slot] = int(value)
            else:
                slots[slot] = convert(value)
        except ValueError:
            raise Unreadable(f"the field {key} says {value!r}, which is not {kind}") from None
        said = True
    if unnamed:
        if not said:
            raise Unreadable(f"{unnamed[0]!r} stands there without any field of TCP")
        slots[_CONGESTION_CONTROL] = unnamed.pop()
        words = unnamed + words
    if not (said or words):
        return None
    for slot in _PAIRS:
        if slots[slot] is not None:
            slots[slot : slot + 2] = slots[slot]
    if slots[_REORDERING] == 0 and slots[_MSS] is None:
        _from_proc(slots)
    slots[_WORDS] = tuple(words)
    if unknown:
        slots[_UNKNOWN] = unknown
    return _new(Info, slots)


def _keep_unknown(word: str, unknown: dict[str, str]) -> None:
    key, _, value = word.partition(":")
    if key in unknown:
        raise Unreadable(f"the field {key} comes twice")
    if key in _DETAILS:
        raise Unreadable(f"{word!r} does not read, or not there")
    if _WORD.fullmatch(key) is None or not value:
        raise Unreadable(f"{word!r} is neither a field nor a word of TCP")
    unknown[key] = value


def _from_proc(slots: list[Any]) -> None:
    # Where sock_diag is refused ss reads /proc/net/tcp, and prints rto and ato in seconds.
    # Known by what it can't know there: there is no mss, and reordering is 0.
    for slot in (_SLOT["rto_s"], _SLOT["ato_s"]):
        if slots[slot] is not None:
            slots[slot] = round(slots[slot] * 1000, 6)


def _upper_layer(name: str, rest: Iterator[str]) -> UpperLayer:
    fields: dict[str, str] = {}
    words = []
    for word in rest:
        key, colon, value = word.partition(":")
        if not colon:
            words.append(word)
            continue
        value = value or next(rest, "")  # tls has a blank after the colon
        if key in fields or not value:
            raise Unreadable(f"the field {key} of {name} comes twice or says nothing")
        fields[key] = value
    return UpperLayer(name, fields, tuple(words))


_SKMEM = re.compile(
    r"skmem:\(r(\d+),rb(\d+),t(\d+),tb(\d+),f(\d+),w(\d+),o(\d+)(?:,bl(\d+))?(?:,d(\d+))?\)",
    re.ASCII,
)
_MEM = re.compile(r"mem:\(r(\d+),w(\d+),f(\d+),t(\d+)\)", re.ASCII)


@lru_cache(maxsize=1024)  # most sockets hold nothing, and say so in the same words
def parse_memory(text: str) -> Memory:
    """What `skmem:(...)`, or `mem:(...)` of old kernels, says.

    Raises:
        Unreadable: an entry is not one that `ss` prints, or one is missing.
    """
    if match := _SKMEM.fullmatch(text):
        r, rb, t, tb, f, w, o = map(int, match.group(1, 2, 3, 4, 5, 6, 7))
        bl, d = (None if n is None else int(n) for n in match.group(8, 9))
        return Memory(r, t, _signed(f), w, rb, tb, o, bl, d)
    if match := _MEM.fullmatch(text):
        r, w, f, t = map(int, match.groups())
        return Memory(r, t, _signed(f), w)
    raise Unreadable(f"the memory {text!r} does not read")


def _signed(number: int) -> int:
    # sk_forward_alloc is signed in the kernel and printed with %u: -4096 as 4294963200.
    return number - (1 << 32) if number >= 1 << 31 else number
