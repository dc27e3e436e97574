"""``lifeline bench`` for a small county whose road leaves room for other tests: the same program with less to do."""

from typing import Any

from lifeline.bench import console, office, run
from lifeline.command import main

SENSORS, INCIDENTS, CONSOLES = 400, 40, 2
MOST_RATE = 1_500  # messages a second, where the road would go as fast as it can


def _at_most(*given: Any, rate: float | None) -> run.Run:
    return run.start_run(*given, rate=min(rate or MOST_RATE, MOST_RATE))


if __name__ == "__main__":
    console.SENSORS, console.INCIDENTS, console.CONSOLES = SENSORS, INCIDENTS, CONSOLES
    office.CONSOLES, run.REPORTING_SENSORS = CONSOLES, SENSORS
    console.start_run = _at_most
    main()
