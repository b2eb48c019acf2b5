"""What `socklab explore` does once all is known that was asked for: a search, or walks."""

from __future__ import annotations

import os
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

from socklab.cli.ending import Interrupted, complain
from socklab.cli.exploring import FREE, Progress, script, words
from socklab.cli.playing import LabFile, steps_in
from socklab.cli.streams import put
from socklab.errors import ExperimentError, LabError, SocklabError

if TYPE_CHECKING:
    from socklab.joint.goal import Goal
    from socklab.joint.graph import Graph, Terms
    from socklab.joint.walk import Walk
    from socklab.lab import Lab
    from socklab.views.joint_graph.text import Paper


class Work:
    """Explores a lab.

    Args:
        lab: which.
        asked: the lab as it was named; None for free play.
        jobs: how many processes work at the same time; None for one for each processor.
        link: "tun", "veth" or "auto".
    """

    def __init__(self, lab: Lab, asked: str | None, jobs: int | None, link: str) -> None:
        self._lab = lab
        self._asked = asked
        self._at_once = jobs or len(os.sched_getaffinity(0))
        self._link = link

    def begin(self, start: str, *, ipv6: bool) -> tuple[str, ...]:
        """The moves of a start.

        Raises:
            LabError: there is none of that name, or it can't be made.
        """
        from socklab.cli.signals import ENDING
        from socklab.explore.begin import established, moves_of
        from socklab.steer.free import STARTS

        if self._lab.name == FREE and start in STARTS:
            return STARTS[start]
        if start == "nothing":
            return ()
        if start == "established":
            steps = [established(self._lab)]
        elif start == "listening":
            raise LabError("--start listening is for free play; a lab starts from nothing")
        elif Path(start).exists() or start == "-":
            steps = steps_in(Path(start))
        else:
            raise LabError(
                f"--start: there is no file {start}, and no start of that name; "
                f"there are {', '.join(STARTS)}"
            )
        moves, signum = moves_of(self._lab, steps, link=self._link, ipv6=ipv6, stop_on=ENDING)
        if signum is not None:
            raise Interrupted(signum)
        return moves

    def search(
        self,
        graph: Graph,
        goal: Goal | None,
        paper: Paper,
        *,
        shows: bool,
        verbose: bool,
        quiet: bool,
    ) -> tuple[int, int | None]:
        """Search, and tell what was found; the exit code, and the signal that stopped it.

        What stops it otherwise is told, and what was found until then is kept.

        Raises:
            SocklabError: it can't even begin.
        """
        from socklab.cli.signals import ENDING
        from socklab.explore.search import Search
        from socklab.views.joint_graph.goal import goal_text
        from socklab.views.joint_graph.text import explored_text, sums, wrong

        if goal is not None and graph.nodes:
            goal.met(graph.nodes[0].joint)  # or it names what is not there
        progress = Progress(quiet=quiet)
        known, began, code = graph.runs, time.perf_counter(), 0
        search = Search(
            self._lab,
            graph,
            at_once=self._at_once,
            link=self._link,
            stop_on=ENDING,
            watch=progress.level(graph),
        )
        try:
            search.run(goal)
        except SocklabError as refused:
            if len(graph.nodes) <= 1:
                raise
            complain(refused)
            code = refused.exit_code
        finally:
            progress.close()
        took_s = time.perf_counter() - began
        lines = script(graph.terms, self._asked)
        reached = goal is None or next(graph.reached(goal), None) is not None
        if any(graph.violations()) or (not reached and search.stopped_by is None):
            code = code or ExperimentError.exit_code
        if graph.nodes and shows:
            # Of a search that went on, what was known before took none of this time.
            rate_s = took_s if known == 0 else None
            if goal is not None:
                stopped = search.stopped_by is not None
                text = goal_text(graph, goal, lines, paper=paper, stopped=stopped)
            elif quiet:
                text = "\n".join([*wrong(graph, lines, paper), *sums(graph, paper, rate_s)])
            else:
                text = explored_text(graph, lines, paper=paper, verbose=verbose, took_s=rate_s)
            put(text.removesuffix("\n"))
        return code, search.stopped_by

    def save(self, graph: Graph, goal: Goal, file: LabFile, *, quiet: bool) -> int:
        """Make the way to the goal once more, and write it as a lab; the exit code."""
        from socklab.cli.scripting import Scripted
        from socklab.cli.signals import Signals
        from socklab.moves import Move

        node = next(graph.reached(goal))
        moves = [Move.parse(text) for text in (*graph.terms.start, *node.way)]
        with Signals() as signals:
            made = Scripted(
                self._lab, signals, link=self._link, ipv6=graph.terms.ipv6, document=quiet
            )
            made.run([], moves)
            made.write(file)
        if made.interrupted is not None:
            raise made.interrupted
        return max(made.codes)

    def walk(
        self,
        terms: Terms,
        start: str | None,
        seed: int,
        count: int,
        paper: Paper,
        *,
        quiet: bool,
    ) -> int:
        """Walk, and tell what was found; the exit code.

        Raises:
            Interrupted: by a signal; what was found until then is told.
        """
        from socklab.cli.signals import ENDING
        from socklab.explore.walk import Walks
        from socklab.views.joint_graph.walks import walked_text

        progress = Progress(quiet=quiet)
        began = time.perf_counter()
        walks = Walks(
            self._lab,
            terms,
            range(seed, seed + count),
            at_once=self._at_once,
            link=self._link,
            stop_on=ENDING,
        )
        made: list[Walk] = []
        try:
            for walk in walks.run():
                made.append(walk)
                progress.show(f"{len(made)} of {count} walks", last=len(made) == count)
        except SocklabError as refused:
            if not made or isinstance(refused, LabError):
                raise
            complain(refused)
            code = refused.exit_code
        else:
            code = 0
        finally:
            progress.close()
        started = ["--start", start] if start is not None else []

        def again(seed: int) -> str:
            own = words(terms, self._asked)
            more = ["--random", "--seed", str(seed), "--runs", "1"]
            return shlex.join(["socklab", "explore", *own, *started, *more])

        if made:
            took_s = time.perf_counter() - began
            put(walked_text(made, again, paper=paper, took_s=took_s).removesuffix("\n"))
        if walks.stopped_by is not None:
            raise Interrupted(walks.stopped_by)
        if any(any(walk.findings) for walk in made):
            code = code or ExperimentError.exit_code
        return code
