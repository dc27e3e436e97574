"""Child processes that never outlive the process that started them."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lifeline.errors import HubError

_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Account:
    """Numbers of the user and the group that a child runs as."""

    uid: int
    gid: int


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """What a child runs before its program, so that the kernel signals it when its parent is gone.

    Linux only; elsewhere nothing can be promised about a parent that is killed. The kernel watches the parent's
    thread, so children are to be started from the main one.
    """
    parent = os.getpid()

    def bind() -> None:
        if _prctl is not None:
            _prctl(_PR_SET_PDEATHSIG, int(death_signal))
            if os.getppid() != parent:  # it died before we asked
                os._exit(1)

    return bind


def spawn(
    arguments: Sequence[str | Path],
    *,
    death_signal: signal.Signals,
    output: IO[bytes] | None = None,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a program in a process group of its own, which gets ``death_signal`` when this process is gone.

    The group of its own keeps a Ctrl-C at the terminal for us alone: what runs is stopped in order. ``output`` takes
    both of its output streams. Raises HubError when the program can't be started.
    """
    try:
        return subprocess.Popen(
            [str(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output is not None else None,
            env=dict(environment) if environment is not None else None,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            process_group=0,
            preexec_fn=die_with_parent(death_signal),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise HubError(f"can't start {Path(arguments[0]).name}: {error}") from error


def stop(process: "subprocess.Popen[bytes]", *signals: signal.Signals, patience_s: float = 10.0) -> int:
    """Send ``signals`` one after the other, each with ``patience_s`` to take effect, SIGKILL at last; exit status."""
    for number in (*signals, signal.SIGKILL):
        if process.poll() is not None:
            break
        process.send_signal(number)
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            continue
    return process.wait()
