"""What `ss` says of TCP sockets, as values: `parse(text)` gives a `Row` for each socket.

| name | what it is |
|---|---|
| `parse` | text of `ss -t` to rows; iproute2 4.9 to 7.1, any of -o -i -m -e -p |
| `Row` | one socket: state, queues, addresses, timer, users, inode, arrows, memory, info |
| `Address`, `Timer`, `User`, `Memory`, `Info` | what a row is made of |
| `Bbr`, `Dctcp`, `UpperLayer` | what an `Info` holds in brackets, and after `tcp-ulp-` |
| `SPELLINGS`, `SPELLED` | `ss` name to state, and state to `ss` name |
| `TIMERS` | the names of timers |
| `SsError` | a line that does not read |

The safest call is `ss -H -n -O -a -t` into a pipe with `LC_ALL=C` and without COLUMNS,
TCPDIAG_FILE, PROC_ROOT and PROC_NET_TCP in the environment: each of them changes the text
or its source. Without `-a` it hides LISTEN, SYN-RECV and TIME-WAIT.

>>> [row] = parse("FIN-WAIT-2 0 0 10.0.0.1:40000 10.0.0.2:80 timer:(keepalive,1.948ms,0)")
>>> row.state, row.peer.port, row.timer.left_s
(<State.FIN_WAIT_2: 'FIN-WAIT-2'>, 80, 1.948)
"""

from socklab.ss.addresses import Address
from socklab.ss.errors import SsError
from socklab.ss.info import Bbr, Dctcp, Info, Memory, UpperLayer
from socklab.ss.parser import parse
from socklab.ss.rows import SPELLED, SPELLINGS, TIMERS, Row, Timer, User

__all__ = [
    "SPELLED",
    "SPELLINGS",
    "TIMERS",
    "Address",
    "Bbr",
    "Dctcp",
    "Info",
    "Memory",
    "Row",
    "SsError",
    "Timer",
    "UpperLayer",
    "User",
    "parse",
]
