"""Every drill that ships, played on a hub on real servers in the drill's own time, and warned of."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import uvloop
from warning_support import check_cap, warn_of_the_gravest

from ingest.broker import Broker
from lifeline.county import read_county
from lifeline.preparedness import read_preparedness
from lifeline.rehearsal.rehearse import Rehearsed, rehearse
from simulators.drill import DRILLS, load_drill
from simulators.roster import read_roster

FOLDER = Path(__file__).parents[3] / "counties" / "guangning"
SENSORS = read_roster(FOLDER / "sensors.csv")
COUNTY, PREPARED = read_county(FOLDER), read_preparedness(FOLDER)
# Each of the three workers that `make test` starts is given a third of the tests, as they stand, and who is done early
# takes over from the ends of the others. So each third begins with what takes long.
LONGEST_FIRST = (
    "rainstorm-50-years",
    "mass-comms-failure",
    "rainstorm-20-years",
    "network-cut-in-storm",
    "two-reds-too-few-squads",
    "grid-outage",
)
SHORTER = sorted({path.stem for path in DRILLS.glob("*.yaml")} - set(LONGEST_FIRST))
NAMES = [name for third in range(3) for name in [*LONGEST_FIRST, *SHORTER][third::3]]
# Hazards of sensors alone, and none at all: there is nothing to warn the public of.
WITHOUT_INCIDENT = ("ageing-sensors", "rain-on-noise-meter")

pytestmark = pytest.mark.rehearsal


def rehearsed(name: str, database_url: str, broker_url: str, *, speed: float | None = None) -> Rehearsed:
    drill = load_drill(DRILLS / f"{name}.yaml", SENSORS)
    return uvloop.run(  # as `lifeline drill run` does
        rehearse(
            drill,
            COUNTY,
            PREPARED,
            SENSORS,
            database_url=database_url,
            broker=Broker.parse(broker_url),
            seed=drill.seed,
            speed=speed,
            look=lambda at_s: None,
        )
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_drill_goes_as_wanted(name: str, database_url: str, broker_url: str) -> None:
    result = rehearsed(name, database_url, broker_url)
    missed = [(outcome.wanted, outcome.reason.en) for outcome in result.report.outcomes if not outcome.met]
    assert missed == []
    # Playing it takes longest, so what the public would be told of it is seen here as well.
    assert (result.record.cases == ()) == (name in WITHOUT_INCIDENT)
    if name in WITHOUT_INCIDENT:
        return
    released, cancelled = uvloop.run(warn_of_the_gravest(database_url, over_at(result)))
    check_cap(released, "Alert")
    check_cap(cancelled, "Cancel")


def over_at(result: Rehearsed) -> datetime:
    """When the drill is over, by its own clock."""
    drill = result.drill
    return drill.starts.replace(tzinfo=COUNTY.time_zone) + timedelta(seconds=drill.last_s)


def test_the_outcome_is_the_same_at_any_speed(database_url: str, broker_url: str) -> None:
    fast = rehearsed("cover-knocked-loose", database_url, broker_url)
    paced = rehearsed("cover-knocked-loose", database_url, broker_url, speed=200)
    assert paced.took_s >= paced.drill.last_s / 200
    assert paced.record.observations == fast.record.observations
    assert [case.steps_s for case in paced.record.cases] == [case.steps_s for case in fast.record.cases]
    # The plan's second squad, for the traffic, is not to be had; the case itself never lacked one.
    assert [part.came for part in fast.record.parts] == [True, False]
    assert "unassigned" not in fast.record.cases[0].steps_s
    assert (paced.played.carried, paced.played.messages) == (fast.played.carried, fast.played.messages)
    told = [
        [(one["recipient"], one["attempts"], one["created_at"], one["received_at"]) for one in run.record.messages]
        for run in (fast, paced)
    ]
    assert told[0] == told[1]
    assert len(told[0]) >= 1
