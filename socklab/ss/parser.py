"""From the text of `ss` to rows.

How it works: `_HEAD` reads state, queues and addresses at the place where a row begins; a
row that ends there is done, and this is what makes a plain listing fast. Otherwise the
list of users is read first, for it alone can hold a newline (inside a process's name);
then the record ends at the next line that does not begin with a blank, and the rest of it
is read from left to right. A row that `_HEAD` does not know goes to `_odd_head`.

Columns are never cut by their width or split at blanks: they touch (iproute2 4.15 to
4.19), and each block of a long listing has widths of its own.

What it leaves out: any table but TCP's, `-s`, `-b`, and the rows of `-M`.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import NoReturn

from socklab.ss.addresses import Address, parse_address
from socklab.ss.errors import SsError, Unreadable
from socklab.ss.rows import SPELLINGS, TIMERS, Row, Timer, User
from socklab.ss.words import parse_info, parse_memory
from socklab.tcp import State

_STATE = "|".join(SPELLINGS)
# The last group matches where nothing follows: neither on the line nor on a second one.
# `++` and `*+` give nothing back once matched: a row that is not one fails at once.
_HEAD = re.compile(
    rf"(({_STATE}) ++(-?\d++) ++(-?\d++) ++(\S++) ++(\S++)) *+(\n(?![\t ])|\Z)?", re.ASCII
)
_ODD_HEAD = re.compile(
    rf"(?:(\S+) +|(\S*?))({_STATE}) *(-?\d+) +(-?\d+) +(\S+:\S+) +(\S+:\S+)", re.ASCII
)
_STATELESS = re.compile(r"(?:tcp *)?(-?\d+) +(-?\d+) +(\S+:\S+) +(\S+:\S+)", re.ASCII)
_HEADER = re.compile(
    r"\S*?(?:Netid *)?(?:State *)?(?:Recv-Q *Send-Q +)?Local Address:Port +Peer Address:Port"
    r" *(?:Process)? *(?:\n|\Z)",
    re.ASCII,
)
_BLANK = re.compile(r"[ \t]*\n|[ \t]+\Z")

# A name cannot hold `)`: ss reads it up to the first. All else it can, a newline and text
# such as `x",pid=1` too, so an entry is what ends at the first `)` and says its numbers last.
# A task's name has 15 bytes, a kernel worker's up to 63.
_USER = (
    r'\("([^)]{0,64})",pid=(\d+),(?:tid=(\d+),)?(?:proc_ctx=([^)\n]*),)?fd=(\d+)'
    r"(?:,sock_ctx=([^)\n]*))?\)"
)
_USERS = re.compile(rf" +users:\(((?:{_USER}(?:,(?=\())?)+)\)(?=[ \n]|\Z)", re.ASCII)
_ONE_USER = re.compile(_USER, re.ASCII)
_USERS_BEGIN = re.compile(r" +users:\(")

FIELD_BYTES = 65535
"""The longest field that `ss` holds; what is over is not printed. Measured on 6.1: the field
counts from the blank before `users:`."""
# The word that a cut may have hit, and the one before it where the two belong together.
_PARTIAL_WORD = re.compile(
    r"(?:\s(?:send|pacing_rate|delivery_rate|ino:\d+|\w+:))?\s\S*\Z", re.ASCII
)

_DETAILS = re.compile(
    r"""
    (?: \ timer:\(([^,()\s]*),([^,()\s]*),(\d+)\) )?
    (?: \ uid:(\d+) )?
    (?: \ ino:(\d+)\ sk:([0-9a-f]+) )?
    (?: \ fwmark:0x([0-9a-f]+) )?
    # The path can hold blanks and any text; the arrows, which come with it, end it.
    (?: \ cgroup:(unreachable:[0-9a-f]+|/.*?)
        (?= \ v6only:[01]\ [<-]-[>-] | \ [<-]-[>-](?:\s|\Z)) )?
    (?: \ v6only:([01]) )?
    (?: \ ([<-])-([>-])(?=\s|\Z) )?
    (?: \ tos:(0x[0-9a-f]+|0) )?
    (?: \ tclass:(0x[0-9a-f]+|0) )?
    (?: \ class_id:(0x[0-9a-f]+|0) )?
    """,
    re.ASCII | re.VERBOSE,
)
# --cgroup without -e has no arrows. The path then goes up to what is sure to be no path: the
# end of the line or a bracket; else to the first blank.
_CGROUP = re.compile(
    r" cgroup:(unreachable:[0-9a-f]+|/[^\n]*?(?=\ inet-sockopt:\ \(|\ skmem:\(|\s*\n)|/\S*)(?!\S)",
    re.ASCII,
)
_SOCKOPT = re.compile(r"\s+inet-sockopt: \(((?: [a-z0-9_]+)*)\)", re.ASCII)
_MEMORY = re.compile(r"\s+((?:sk)?mem:\([^()\s]*\))", re.ASCII)

_LEFT = re.compile(r"(?:(\d+)min)?(?:(\d+)sec|(\d+\.\d{3})(?:ms|sec)|(\d{3})ms)?", re.ASCII)

_new: Callable[[type[Row], tuple[object, ...]], Row] = tuple.__new__


COLLECTED_CHARACTERS = 1 << 20
"""Above this (some thousand rows with every extra) the garbage collector rests meanwhile."""


@contextmanager
def _uncollected() -> Iterator[None]:
    # 100,000 rows with every extra are five million new objects in no cycle, and the collector
    # looks through all of them again and again: 18,000 rows a second with it, 27,000 without.
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def parse(text: str, *, state: State | None = None) -> list[Row]:
    r"""The rows of what `ss -t` printed, in its order.

    Args:
        text: What `ss` wrote to stdout, with or without -H, -O, -n and any of -o -i -m -e -p
            -T -Z -z --tos --cgroup --inet-sockopt. Process names are bytes: decode with
            `errors="surrogateescape"`. Lines may end in `\r\n` (a terminal does that).
        state: The state that `ss` was asked for, when it was just one: it then prints none.

    Returns:
        A row for each socket; none where there is only a header, or nothing.

    Raises:
        SsError: A line that does not read; nothing is skipped and nothing guessed.

    Source:
        ss(8); iproute2's misc/ss.c from 4.9 to 7.1.
    """
    if "\r\n" in text and text.count("\r\n") == text.count("\n"):
        text = text.replace("\r\n", "\n")
    with _uncollected() if len(text) > COLLECTED_CHARACTERS else nullcontext():
        return _rows(text, state)


def _rows(text: str, asked: State | None) -> list[Row]:
    rows: list[Row] = []
    add = rows.append
    head = _HEAD.match
    # Rows share addresses: a listener's end is in each of its connections.
    addresses: dict[str, Address] = {}
    known = addresses.get
    states = dict(SPELLINGS)  # quicker to ask than the read-only view of it
    position, end = 0, len(text)
    try:
        while position < end:
            match = head(text, position)
            if match is None:
                position = _odd(text, position, rows, asked)
                continue
            shown, spelled, recv_q, send_q, local_text, peer_text, plain = match.groups()
            local = known(local_text)
            if local is None:
                local = addresses[local_text] = parse_address(local_text)
            peer = known(peer_text)
            if peer is None:
                peer = addresses[peer_text] = parse_address(peer_text)
            if plain is None:
                row, position = _record(
                    text,
                    position,
                    match.end(1),
                    (states[spelled], int(recv_q), int(send_q), local, peer),
                )
                add(row)
                continue
            position = match.end()
            # fmt: off
            add(_new(Row, (
                states[spelled], int(recv_q), int(send_q), local, peer, shown,
                None, (), None, None, None, None, None, None, None, None,
                None, None, None, None, None, None, False,
            )))
            # fmt: on
    except Unreadable as problem:
        _fail(text, position, str(problem), problem)
    return rows


def _fail(text: str, position: int, reason: str, cause: Exception) -> NoReturn:
    line = text[position:].partition("\n")[0]
    raise SsError(reason, line, text.count("\n", 0, position) + 1) from cause


def _odd(text: str, position: int, rows: list[Row], asked: State | None) -> int:
    """Read what is at `position` and not a row of its own kind; gives where it ends."""
    for skipped in (_BLANK, _HEADER):
        if match := skipped.match(text, position):
            return match.end()
    head_match = _ODD_HEAD.match(text, position)
    if head_match is not None:
        netid, glued, spelled, recv_q, send_q, local, peer = head_match.groups()
        _check_what_precedes(netid, glued, first=not rows)
        state = SPELLINGS[spelled]
    else:
        head_match = _STATELESS.match(text, position)
        if head_match is None:
            raise Unreadable(_why_not_a_row(text[position:].partition("\n")[0]))
        if asked is None:
            raise Unreadable(
                "it has no state, as when ss is asked for one state only: ask for all, or say which"
            )
        recv_q, send_q, local, peer = head_match.groups()
        state = asked
    head = (state, int(recv_q), int(send_q), parse_address(local), parse_address(peer))
    row, end = _record(text, position, head_match.end(), head)
    rows.append(row)
    return end


def _check_what_precedes(netid: str | None, glued: str | None, *, first: bool) -> None:
    # A table's name stands before the state when ss was asked for more than one; in 4.15 to
    # 4.19 the two can touch. From 4.15 to 6.7 ss also prints the bytes of TCP-MD5 keys ahead
    # of all else, glued to the first word of the first line: only there can it be anything.
    if netid is not None:
        if netid == "tcp" or (first and netid.endswith("tcp") and not netid.endswith("mptcp")):
            return
        raise Unreadable(f"it is a row of {netid!r}, and socklab reads those of tcp")
    if glued in {"", "tcp"} or (first and glued != "mptcp"):
        return
    raise Unreadable(f"{glued!r} stands before the state")


def _why_not_a_row(line: str) -> str:
    if line[:1] in {" ", "\t"}:
        return "it continues a row, and there is none before it"
    first = re.match(r"(UNKNOWN|UNDEF)\b", line)
    if first:
        return f"the state is {first[1]}, which TCP does not have"
    if re.match(rf"(?:{_STATE}) +\S+:\S+ +\S+:\S+", line, re.ASCII):
        return "it has no Recv-Q and Send-Q: leave out -Q"
    return "it is not a state, two queues and two addresses"


def _record(
    text: str, start: int, position: int, head: tuple[State, int, int, Address, Address]
) -> tuple[Row, int]:
    """The row that begins at `start`, its head read up to `position`; and where it ends."""
    head_end = position
    users: tuple[User, ...] = ()
    match = _USERS.match(text, position)
    if match is not None:
        position = match.end()
        users = tuple(map(_user, _ONE_USER.findall(match[1])))
    end = _end_of_record(text, position)
    rest = text[position:end]
    cut = False
    if match is None and _USERS_BEGIN.match(rest):
        users, rest = _cut_users(rest)
        cut = True
    elif end - head_end > FIELD_BYTES // 4 and _is_cut(text[head_end:end]):
        rest = _PARTIAL_WORD.sub("", rest.rstrip())
        cut = True
    rest = " " + rest.strip()

    details = _DETAILS.match(rest)
    assert details is not None  # all of it is optional
    (
        timer, left, retransmissions, uid, inode, cookie, fwmark, cgroup, v6only,
        receive, send, tos, tclass, class_id,
    ) = details.groups()  # fmt: skip
    position = details.end()
    if rest.startswith(" cgroup:", position):  # --cgroup says it once more, or for the first time
        if cgroup is not None and rest.startswith(cgroup, position + 8):
            position += 8 + len(cgroup)
        elif cgroup is None and (match := _CGROUP.match(rest, position)):
            cgroup = match[1]
            position = match.end()
    sockopt = None
    if match := _SOCKOPT.match(rest, position):
        sockopt = tuple(match[1].split())
        position = match.end()
    memory = None
    if match := _MEMORY.match(rest, position):
        memory = parse_memory(match[1])
        position = match.end()
    words = rest[position:]
    if cut and ":" not in words:
        words = ""  # what they belong to is gone
    ino = None if inode is None else int(inode)
    row = (
        *head,
        text[start:end].rstrip(),
        None if timer is None else _timer(timer, left, int(retransmissions)),
        users,
        # ss leaves out a uid of 0. Without an inode the kernel says 0 for want of an owner.
        int(uid) if uid is not None else 0 if ino else None,
        ino,
        cookie,
        None if fwmark is None else int(fwmark, 16),
        None if cut and receive is None else cgroup,  # the arrows are its end
        None if v6only is None else v6only == "1",
        None if receive is None else receive == "-",
        None if send is None else send == "-",
        None if tos is None else int(tos, 16),
        None if tclass is None else int(tclass, 16),
        None if class_id is None else int(class_id, 16),
        sockopt,
        memory,
        parse_info(words),
        cut,
    )
    return _new(Row, row), end


def _end_of_record(text: str, position: int) -> int:
    end = text.find("\n", position) + 1
    while end and text[end : end + 1] in {" ", "\t"}:
        end = text.find("\n", end) + 1
    return end or len(text)


def _user(groups: tuple[str, str, str, str, str, str]) -> User:
    name, pid, tid, process_context, fd, socket_context = groups
    return User(
        name,
        int(pid),
        int(fd),
        int(tid) if tid else None,
        process_context or None,
        socket_context or None,
    )


def _timer(name: str, left: str, retransmissions: int) -> Timer:
    match = _LEFT.fullmatch(left)
    if name not in TIMERS or match is None:
        raise Unreadable(f"the timer ({name},{left}) is not one that ss prints")
    minutes, whole_seconds, seconds, milliseconds = match.groups()
    # `1.948ms` is 1.948 seconds: up to 6.10 ss puts "ms" after the fraction of a second.
    left_s = (
        60.0 * int(minutes or 0)
        + int(whole_seconds or 0)
        + float(seconds or 0)
        + int(milliseconds or 0) / 1000
    )
    return Timer(name, left_s, retransmissions)


def _is_cut(field: str) -> bool:
    # To 6.7 users and all that follows share one field of FIELD_BYTES. One byte less is a row
    # cut after a blank. Longer than that are only rows of two fields (6.8+), which are whole.
    return FIELD_BYTES - 1 <= len(_as_bytes(field.strip())) + 1 <= FIELD_BYTES


def _cut_users(rest: str) -> tuple[tuple[User, ...], str]:
    """The users that are whole in a list without an end, and what stands after the list."""
    field = _as_bytes(rest.lstrip(" "))
    held = FIELD_BYTES - 1  # one is the blank before
    if len(field.rstrip(b"\n")) < held:
        raise Unreadable("the list of users does not read")
    listed = field[:held].decode("utf-8", "surrogateescape")
    users = []
    position = len("users:(")
    while match := _ONE_USER.match(listed, position):
        users.append(_user(match.groups("")))  # type: ignore[arg-type]
        position = match.end() + 1  # and the comma
    return tuple(users), field[held:].decode("utf-8", "surrogateescape")


def _as_bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise Unreadable("it holds characters that no bytes decode to") from None
