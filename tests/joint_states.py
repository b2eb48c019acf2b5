"""Joint states for tests: written by hand in a line, or of a kernel that is a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import strategies as st

from socklab.explore.probe import Found, Try
from socklab.joint.graph import Graph, Terms
from socklab.joint.state import Joint, Role, Socket
from socklab.lab import Lab
from socklab.tcp import CLOSED, State

GRAPHS = Path(__file__).resolve().parents[1] / "docs" / "graphs"


def socket(state: str, *, held: bool = True, recv_q: int = 0, timer: str = "") -> Socket:
    """A socket of which nothing else matters."""
    return Socket(state, recv_q, 0, timer, held, "", 80)


def state(
    client: str = "ESTABLISHED",
    server: str = "ESTABLISHED",
    *,
    wire: Sequence[str] = (),
    made: Mapping[str, Sequence[str]] | None = None,
    standing: Mapping[str, Sequence[str]] | None = None,
    held: bool = True,
    faults: int = 0,
) -> Joint:
    """A joint state of a client and a server, each with one socket, or with none for CLOSED."""
    return Joint(
        {
            host: () if name == str(CLOSED) else (socket(name, held=held),)
            for host, name in (("client", client), ("server", server))
        },
        tuple(wire),
        {
            name: Role(
                tuple((made or {}).get(name, ())), tuple((standing or {}).get(name, ())), (), False
            )
            for name in ("client", "server")
        },
        faults,
    )


# --- Any joint state at all -------------------------------------------------------------------

words = st.text('abcdefghij ()=:.*"\\é→', max_size=12)
names = st.sampled_from([str(each) for each in State])
sockets = st.builds(
    Socket,
    names,
    st.integers(0, 2**31),
    st.integers(0, 2**31),
    st.sampled_from(["", "on", "timewait", "keepalive"]),
    st.booleans(),
    st.sampled_from(["", "r", "w", "rw"]),
    st.integers(0, 65535),
)
tuples = st.lists(words, max_size=3).map(tuple)
roles = st.builds(Role, tuples, tuples, tuples, st.booleans(), words)
joints = st.builds(
    Joint,
    st.dictionaries(
        st.sampled_from(["client", "server", "third"]), st.lists(sockets, max_size=3).map(tuple)
    ),
    tuples,
    st.dictionaries(st.sampled_from(["client", "server"]), roles),
    st.integers(0, 3),
)


# --- A kernel that is a table -----------------------------------------------------------------


@dataclass
class Kernel:
    """From each place, where which move leads; as a prober.

    Args:
        table: the places, by the moves that lead there.
        start: where all begins.
        faults: moves that are faults.
        fails: moves that make a program fail.
        wrong: what is wrong at which end.
        lies: places that look like another one.
    """

    table: Mapping[str, Mapping[str, str]]
    start: str = "start"
    faults: frozenset[str] = frozenset()
    fails: frozenset[str] = frozenset()
    wrong: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __call__(
        self, lab: Lab, terms: Terms, tries: Sequence[Try], link: str, stop_on: Sequence[int]
    ) -> list[Found]:
        return [self.probe(terms, each) for each in tries]

    def probe(self, terms: Terms, tried: Try) -> Found:
        place = self.start
        for move in (*tried.way, *([tried.move] if tried.move is not None else [])):
            if move in self.fails:
                return Found(tried, None, trouble=f"{move} made the client fail")
            place = self.table[place][move]
        following = [
            move
            for move in self.table[place]
            if move not in self.faults or tried.faults < terms.most_faults
        ]
        faults = tuple(move for move in following if move in self.faults)
        end = len(faults) == len(following)
        return Found(
            tried,
            state(wire=(place,), faults=tried.faults if terms.faults else 0),
            tuple(following),
            faults,
            end,
            self.wrong.get(place, ()) if end else (),
        )


def places(graph: Graph) -> dict[str, tuple[str, ...]]:
    """The places of a graph that was searched in a table, and the way to each."""
    return {node.joint.wire[0]: node.way for node in graph.nodes}


def walked(kernel: Kernel) -> Iterator[tuple[str, int]]:
    """Every place of a table, and its distance: found by a search of ten lines."""
    level, seen, depth = [kernel.start], {kernel.start}, 0
    while level:
        yield from ((place, depth) for place in level)
        following = [to for place in level for to in kernel.table[place].values()]
        level = [to for to in dict.fromkeys(following) if to not in seen]
        seen.update(level)
        depth += 1


@st.composite
def kernels(draw: st.DrawFn) -> Kernel:
    """A table of some places."""
    count = draw(st.integers(1, 9))
    numbers = st.integers(0, count - 1)
    table = {
        f"p{place}": {
            f"call client m{move}": f"p{target}"
            for move, target in enumerate(draw(st.lists(numbers, max_size=3)))
        }
        for place in range(count)
    }
    return Kernel(table, "p0")
