"""The most memory that was resident: of this process, or of a program run in it (`python peak.py PROGRAM URL`).

What a parent learns from the system about its child (`ru_maxrss`) includes what the parent held when it started it;
the process's own status does not.
"""

import os
import resource
import sys


def resident() -> float:
    """Return the most that was resident in this process, in bytes."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            (line,) = (line for line in status if line.startswith("VmHWM:"))
    except (OSError, ValueError):  # no Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1.0 if sys.platform == "darwin" else 1024.0)
    return int(line.split()[1]) * 1024.0


def main() -> None:
    """Run a program as if it stood alone, and print its peak after what it prints."""
    program = sys.argv.pop(1)
    sys.path[0] = os.path.dirname(program)
    with open(program, encoding="utf-8") as source:
        code = compile(source.read(), program, "exec")
    exec(code, {"__name__": "__main__"})
    print(resident())


if __name__ == "__main__":
    main()
