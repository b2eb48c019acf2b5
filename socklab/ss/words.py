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


# key: (attribute of Info or pair of them, converter, what the value is when it reads)
_Field = tuple[str, Callable[[str], Any], str]
# One field of the text, two attributes of Info.
_PAIRS = {
    "wscale": ("snd_wscale", "rcv_wscale"),
    "rtt": ("rtt_s", "rttvar_s"),
    "pacing_rate": ("pacing_rate_bps", "max_pacing_rate_bps"),
    "rwnd_limited": ("rwnd_limited_s", "rwnd_limited_share"),
    "sndbuf_limited": ("sndbuf_limited_s", "sndbuf_limited_share"),
    "retrans": ("retrans", "retrans_total"),
}
_COUNT, _MS = "a whole number", "a number of milliseconds"
_KEYS: dict[str, _Field] = {
    "wscale": (
        "wscale",
        lambda text: _pair(text, ",", _whole),
        "two numbers with a comma",
    ),
    "rto": ("rto_s", _from_ms, _MS),
    "rtt": (
        "rtt",
        lambda text: _pair(text, "/", _from_ms),
        "two numbers of milliseconds with a slash",
    ),
    "ato": ("ato_s", _from_ms, _MS),
    "dctcp": ("dctcp", _dctcp, "fields in brackets"),
    "bbr": ("bbr", _bbr, "fields in brackets"),
    "busy": ("busy_s", lambda text: _limited(text)[0], _MS),
    "rwnd_limited": ("rwnd_limited", _limited, _MS),
    "sndbuf_limited": ("sndbuf_limited", _limited, _MS),
    "retrans": (
        "retrans",
        lambda text: _pair(text, "/", _whole),
        "two whole numbers with a slash",
    ),
    "rcv_rtt": ("rcv_rtt_s", _from_ms, _MS),
    "minrtt": ("minrtt_s", _from_ms, _MS),
    "md5keys": ("md5keys", _keys, "a list of keys"),
}
for _key in ("lastsnd", "lastrcv", "lastack"):
    _KEYS[_key] = (f"{_key}_s", _from_ms, _MS)
_COUNTS = """
    backoff qack cwnd ssthresh bytes_sent bytes_retrans bytes_acked bytes_received segs_out
    segs_in data_segs_out data_segs_in delivered delivered_ce unacked lost sacked dsack_dups
    fackets reordering reord_seen rcv_ooopack rehash
"""
for _key in _COUNTS.split():
    _KEYS[_key] = (_key, _whole, _COUNT)
_BYTES = "mss pmtu rcvmss advmss rcv_space rcv_ssthresh notsent snd_wnd rcv_wnd"
for _key in _BYTES.split():
    _KEYS[_key] = (f"{_key}_bytes", _whole, _COUNT)


def _pacing(text: str) -> tuple[float, float | None]:
    rate, found, limit = text.partition("/")
    return _rate(rate), _rate(limit) if found else None


_BLANK_KEYS: dict[str, _Field] = {
    "send": ("send_bps", _rate, "a rate"),
    "pacing_rate": ("pacing_rate", _pacing, "one or two rates"),
    "delivery_rate": ("delivery_rate_bps", _rate, "a rate"),
}


# Most words are in many rows (`mss:1448`, `rto:204`): remembering them makes a long listing
# twice as fast. The bound holds what a few hundred rows say.
@lru_cache(maxsize=8192)
def _keyed(word: str) -> tuple[str, Any] | None:
    """Attribute and value of `key:value`; None where the key is not known."""
    key, _, value = word.partition(":")
    field = _KEYS.get(key)
    return None if field is None else (field[0], _convert(key, field, value))


def _convert(key: str, field: _Field, value: str) -> Any:
    _, convert, kind = field
    try:
        return convert(value)
    except ValueError:
        raise Unreadable(f"the field {key} says {value!r}, which is not {kind}") from None


def parse_info(text: str) -> Info | None:
    """What `-i` says in `text`, or None where it says nothing.

    Raises:
        Unreadable: a word has none of the four shapes, a known field has no value of its
            kind, or a field comes twice.
    """
    if not text.isascii():
        raise Unreadable("a word that is not ASCII stands among the fields of TCP")
    values: dict[str, Any] = {}
    unknown: dict[str, str] = {}
    words: list[str] = []
    unnamed: list[str] = []  # words before the first key that are no option: the last is the name
    said = 0
    rest = iter(text.split())
    for word in rest:
        if ":" in word:
            keyed = _keyed(word)
            if keyed is None:
                _keep_unknown(word, unknown)
            else:
                values[keyed[0]] = keyed[1]
                said += 1
        elif (field := _BLANK_KEYS.get(word)) is not None:
            values[field[0]] = _convert(word, field, next(rest, ""))
            said += 1
        elif _WORD.fullmatch(word) is None:
            raise Unreadable(f"{word!r} is neither a field nor a word of TCP")
        elif word.startswith("tcp-ulp-"):
            values["upper_layer"] = _upper_layer(word[8:], rest)
            said += 1
        elif values or unknown or word in _OPTIONS or word in _OTHER_WORDS:
            words.append(word)
        else:
            unnamed.append(word)
    if said > len(values):
        raise Unreadable("a field of TCP comes twice")
    if unnamed:
        if not (values or unknown):
            raise Unreadable(f"{unnamed[0]!r} stands there without any field of TCP")
        values["congestion_control"] = unnamed.pop()
        words = unnamed + words
    if not (values or unknown or words):
        return None
    for pair, (first, second) in _PAIRS.items():
        if pair in values:
            values[first], values[second] = values.pop(pair)
    if values.get("reordering") == 0 and "mss_bytes" not in values:
        _from_proc(values)
    values["words"] = tuple(words)
    values["unknown"] = unknown
    return Info.of(values)


def _keep_unknown(word: str, unknown: dict[str, str]) -> None:
    key, _, value = word.partition(":")
    if key in unknown:
        raise Unreadable(f"the field {key} comes twice")
    if key in _DETAILS:
        raise Unreadable(f"{word!r} does not read, or not there")
    if _WORD.fullmatch(key) is None or not value:
        raise Unreadable(f"{word!r} is neither a field nor a word of TCP")
    unknown[key] = value


def _from_proc(values: dict[str, Any]) -> None:
    # Where sock_diag is refused ss reads /proc/net/tcp, and prints rto and ato in seconds.
    # Known by what it can't know there: there is no mss, and reordering is 0.
    for name in ("rto_s", "ato_s"):
        if name in values:
            values[name] *= 1000


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
        r, rb, t, tb, f, w, o = map(int, match.groups()[:7])
        bl, d = (int(n) if n else None for n in match.group(8, 9))
        return Memory(r, t, _signed(f), w, rb, tb, o, bl, d)
    if match := _MEM.fullmatch(text):
        r, w, f, t = map(int, match.groups())
        return Memory(r, t, _signed(f), w)
    raise Unreadable(f"the memory {text!r} does not read")


def _signed(number: int) -> int:
    # sk_forward_alloc is signed in the kernel and printed with %u: -4096 as 4294963200.
    return number - (1 << 32) if number >= 1 << 31 else number
