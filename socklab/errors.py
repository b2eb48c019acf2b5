"""Whose turn it is when something went wrong: four families of errors, each with its exit code.

A message is one sentence with what happened and, where there is one, the cure.
"""


class SocklabError(Exception):
    """The base of every error that socklab raises on purpose."""

    exit_code = 1


class MachineError(SocklabError):
    """This machine cannot run it: a missing tool, a refused privilege. Its owner's turn."""

    exit_code = 3


class LabError(SocklabError):
    """A mistake in a lab or in the command: an unknown name, no story. Its author's turn."""

    exit_code = 2


class ToolError(SocklabError):
    """`ss`, `ip` or a packet said something that socklab does not read. Our turn."""

    exit_code = 3


class ExperimentError(SocklabError):
    """The experiment went otherwise than its story expects. The reader's turn to wonder why."""

    exit_code = 1
