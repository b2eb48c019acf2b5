"""Questions about the next move of a run, and what became of the answers.

A run of a lab has moments of which something can be asked: which states will both ends be in, what
will be put on the wire, what does a call come to. `moments` finds them in a Record, `choices` makes
the wrong answers, `judge` compares an answer with another run. The way there, a module each:
`shown` (what a move led to), `situation` (what one has to know before it), `why` (which arrow it
was), `pick` (which moments of many), `sheet` (questions as they are asked and answered), `score`.

Pure: it reads Records, and runs nothing.
"""

from socklab.quiz.judging import judge, judge_words
from socklab.quiz.moments import Asks, Moment, moments
from socklab.quiz.pick import chance, order, sample
from socklab.quiz.score import Score
from socklab.quiz.sheet import KINDS, WORDS, Answered, Posed, Verdict, pose, pose_words

__all__ = [
    "KINDS",
    "WORDS",
    "Answered",
    "Asks",
    "Moment",
    "Posed",
    "Score",
    "Verdict",
    "chance",
    "judge",
    "judge_words",
    "moments",
    "order",
    "pose",
    "pose_words",
    "sample",
]
