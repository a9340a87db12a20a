"""proctor: releases, checks, verifies and grades the course's assignments.

A test cell needs four names: ``student`` asks the student's code for values, ``rng`` draws inputs, ``assert_close`` and
its kin judge. Everything else is behind the command line; see ``proctor --help`` and CONTRIBUTING.md.
"""

from proctor.asserts import assert_close, assert_equal, assert_raises
from proctor.calls import StudentError, Unanswered
from proctor.proxy import student
from proctor.seeds import rng

__all__ = ["StudentError", "Unanswered", "assert_close", "assert_equal", "assert_raises", "rng", "student"]
