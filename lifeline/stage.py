"""Live drills that the API is asked for: each a process of its own, which ends its exercise when it is stopped."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import structlog

from api.fields import Bilingual
from api.stage import Drill, DrillStart
from lifeline.offspring import die_with_parent


@cache
def _shipped() -> tuple[Drill, ...]:
    # Read when somebody looks: the start of the API doesn't wait for the simulators.
    from lifeline.demonstration.script import COUNTY
    from simulators.drill import DRILLS, load_drill
    from simulators.roster import read_roster

    sensors = read_roster(COUNTY / "sensors.csv")
    found = [load_drill(path, sensors) for path in sorted(DRILLS.glob("*.yaml"))]
    return tuple(
        Drill(
            name=drill.name,
            title=Bilingual(zh=drill.title.zh, en=drill.title.en),
            duration_s=drill.duration_s,
            wanted=len(drill.wanted),
        )
        for drill in found
    )


@dataclass(slots=True)
class LiveStage:
    """Holds drills on the hub that this process is part of; its settings are in the environment."""

    _held: set["asyncio.Task[None]"] = field(default_factory=set)

    def drills(self) -> Sequence[Drill]:
        """Those that ship."""
        return _shipped()

    async def start(self, drill: str, start: DrillStart) -> None:
        """Begin one in a process of its own."""
        # With an equals sign, so that a name is never taken for an option.
        chosen = [] if start.seed is None else [f"--seed={start.seed}"]
        chosen += [f"--squad={squad}" for squad in start.squads]
        chosen += [f"--person={person}" for person in start.people]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "lifeline", "drill", "run", drill, "--live", *chosen),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            # Interrupted, as by Ctrl-C, it ends its exercise before it goes.
            preexec_fn=die_with_parent(signal.SIGINT),
        )
        structlog.get_logger().info("drill_started", drill=drill, pid=process.pid)
        task = asyncio.create_task(_follow(drill, process), name=f"drill {drill}")
        self._held.add(task)
        task.add_done_callback(self._held.discard)

    async def close(self) -> None:
        """End what is being held."""
        for task in self._held:
            task.cancel()
        await asyncio.gather(*self._held, return_exceptions=True)


async def _follow(drill: str, process: asyncio.subprocess.Process) -> None:
    log = structlog.get_logger()
    try:
        _out, said = await process.communicate()
    except asyncio.CancelledError:
        process.send_signal(signal.SIGINT)
        await process.wait()
        raise
    # 1 when something wanted did not happen, or when it could not be held: what it said tells.
    log.info("drill_over", drill=drill, status=process.returncode, said=said[-500:].decode(errors="replace"))
