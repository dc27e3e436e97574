"""`lifeline <command>` in a process of its own, forked from one that has read what all commands share.

Reading that takes half a second of a processor, and tests give some seventy commands. Each reads the rest by itself.
"""

import asyncio
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

Lifeline = Callable[..., Awaitable["subprocess.CompletedProcess[str]"]]
"""From the words of a command, and variables of its environment, to how it ended and what it said."""

_WITHIN_S = 60
_STANDBY = """
import json, os, sys
import lifeline.reach
from lifeline.command import main

for line in sys.stdin:
    arguments, environment, output, errors = json.loads(line)
    pid = os.fork()
    if pid == 0:
        os.environ.clear()
        os.environ.update(environment)
        for number, path in enumerate((os.devnull, output, errors)):
            os.dup2(os.open(path, os.O_RDWR), number)
        sys.argv[1:] = arguments
        sys.exit(main())
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Standby:
    """Gives commands, one after the other."""

    process: "subprocess.Popen[str]"

    async def lifeline(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Give a command; ``variables`` are of its environment beside our own."""
        environment = {**os.environ, "COLUMNS": "240", **variables}
        with tempfile.TemporaryDirectory() as folder:
            output, errors = Path(folder) / "output", Path(folder) / "errors"
            output.touch()
            errors.touch()
            status = await asyncio.to_thread(self._give, [arguments, environment, str(output), str(errors)])
            return subprocess.CompletedProcess(arguments, status, output.read_text(), errors.read_text())

    def _give(self, order: object) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        ended, _, _ = select.select([self.process.stdout], [], [], _WITHIN_S)
        assert ended, f"not within {_WITHIN_S} s: {order}"
        return int(self.process.stdout.readline())


@contextmanager
def standing_by() -> Iterator[Standby]:
    """One that ends with the context."""
    command = [sys.executable, "-c", _STANDBY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Standby(process)
