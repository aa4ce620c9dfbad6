"""Children of forks, for tests: each has a time in which it must end.

This module checks nothing.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable

import pytest

#: For tests that fork on purpose while threads run, which Python from 3.12 on warns of.
FORKS = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")

#: Seconds after which a child counts as hanging. Its work takes some hundredths.
CHILD_SECONDS = 10


def in_a_child(work: Callable[[], object]) -> Callable[[], bool]:
    """Run `work` in a fork of this process; return a function that waits, and tells whether what it returned is true.

    A child that hangs is ended by the system, whatever it waits for.
    """
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(CHILD_SECONDS)
        code = 1
        try:
            code = 0 if work() else 1
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return lambda: os.waitpid(child, 0)[1] == 0
