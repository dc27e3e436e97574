"""Muting at one place: a graver hazard in a chamber keeps a lesser one at another sensor there from being raised.

At one sensor that is part of its state (``alerts.sensorstate``). Around it, the few hazards that are about to be raised
are held against the register and the batch itself, so the order of a batch doesn't matter and a restart judges as
before. What is held back is looked at again a minute later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import asyncpg

from alerts.assessment import bar
from alerts.enginestats import KnownSensor
from alerts.hazards import Finding, Lapsed
from alerts.sensorstate import SensorState
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_AGAIN = timedelta(seconds=60)

Pair = tuple[int, str]
"""Sensor and hazard type."""
Place = tuple[int, str, str]
"""Exercise, 0 for none, kind and chamber."""


async def mute(
    pool: asyncpg.Pool,
    sensors: Mapping[int, KnownSensor],
    states: Mapping[int, SensorState],
    findings: Sequence[Finding],
) -> tuple[list[Finding], list[int]]:
    """The findings that are told, and the sensors with one that is held back and therefore barred for a minute."""
    wanted: dict[Pair, tuple[Place, tuple[str, ...]]] = {}
    for finding in findings:
        track, place = finding.track, _place_of(sensors[finding.sensor_id])
        if finding.change.before == 0 and not isinstance(track, Lapsed) and track.rule.muted_by and place is not None:
            wanted[finding.sensor_id, track.hazard_type] = (place, track.rule.muted_by)
    if not wanted:
        return list(findings), []
    graver = [
        (_place_of(sensors[finding.sensor_id]), finding.sensor_id, finding.track.hazard_type, finding.change.after)
        for finding in findings
    ]
    chambers, types = (
        {place[2] for place, _ in wanted.values()},
        {name for _, names in wanted.values() for name in names},
    )
    for number, hazard_type, grade in await pool.fetch(_SQL.open_in, list(chambers), list(types)):
        if number in sensors:
            graver.append((_place_of(sensors[number]), number, hazard_type, 5 - grade))
    muted = {
        (sensor_id, hazard_type): max(
            (
                severity
                for where, other, name, severity in graver
                if where == place and other != sensor_id and name in muters
            ),
            default=0,
        )
        for (sensor_id, hazard_type), (place, muters) in wanted.items()
    }
    told, held = _told(findings, muted)
    for (sensor_id, hazard_type), last in held.items():
        state = states[sensor_id]
        names = [track.hazard_type for track in state.watch.tracks]
        index = names.index(hazard_type)
        assert state.standings is not None
        state.amend(index, bar(state.standings[index], last.change.at + _AGAIN))
    return told, [sensor_id for sensor_id, _ in held]


def _told(findings: Sequence[Finding], muted: Mapping[Pair, int]) -> tuple[list[Finding], dict[Pair, Finding]]:
    """What remains of findings, and the last of each pair that is held back at the end."""
    told: list[Finding] = []
    held: dict[Pair, Finding] = {}
    for finding in findings:
        pair, change = (finding.sensor_id, finding.track.hazard_type), finding.change
        if change.before != 0 and pair not in held:
            told.append(finding)
        elif 0 < change.after <= muted.get(pair, 0):
            held[pair] = finding
        elif held.pop(pair, None) is None or change.after:
            told.append(replace(finding, change=replace(change, before=0)))
    return told, held


def _place_of(sensor: KnownSensor) -> Place | None:
    chamber = sensor.attributes.get("chamber")
    return (sensor.exercise_id, sensor.kind, chamber) if isinstance(chamber, str) else None
