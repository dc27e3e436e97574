"""What a process takes of the machine."""

import os
from pathlib import Path


def cpu_s(pid: int) -> float:
    """Seconds of a core that a process has taken; none if it has just ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
