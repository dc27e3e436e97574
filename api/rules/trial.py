"""Trying rules before they are proposed: how they differ, and what they would have made of stored readings."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from alerts.backtest import Comparison, Episode, Side, backtest
from alerts.grades import GRADES, grade_of
from alerts.rulebook import in_force
from alerts.rulefile import rule_diff
from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Exports, Now, Reach
from api.errors import InvalidValue
from api.fields import Bilingual, Grade, Instant
from api.rules.entry import RulesEntry
from database.queries import load_queries
from ingest.kinds import KINDS

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_LONGEST = timedelta(days=31)
_MOST_READINGS = 200_000  # some seconds of work
_SHOWN = 200
_NUMBER: dict[str, int] = {grade.colour: grade.number for grade in GRADES}
router = APIRouter(prefix=f"{PREFIX}/rules", tags=["rules"], route_class=GuardedRoute)


class Difference(BaseModel):
    """A rule beside the one in force."""

    hazard_type: str
    change: Literal["new", "changed", "same"]
    diff: str = Field(description="Unified diff of both as YAML; empty when they are the same")


class Differences(BaseModel):
    """Each of the rules beside the one in force."""

    items: list[Difference]


class Trial(RulesEntry):
    """Rules, and the stored readings to try them on."""

    start: Instant = Field(alias="from", description="First time, included; at most 31 days before `to`")
    to: Instant = Field(description="End, not included")


class DayCount(BaseModel):
    """Hazards raised on one local day whose gravest grade was this one."""

    day: date
    grade: Grade
    hazards: int


class Outcome(BaseModel):
    """What one set of rules made of the readings."""

    hazards: int
    open_h: float = Field(description="How long they were open, added up", json_schema_extra={"x-unit": "h"})
    flapping: int = Field(description="Raised within half an hour after the same one had cleared")
    tasks: int = Field(description="Those that would call a squad, at most")
    per_day: list[DayCount]


class FoundHazard(BaseModel):
    """A hazard that one set of rules found."""

    sensor: str
    hazard_type: str
    grade: Grade = Field(description="The gravest")
    raised_at: datetime
    cleared_at: datetime | None
    reason: Bilingual


class Regraded(BaseModel):
    """A hazard that both sets found, with other grades."""

    in_force: FoundHazard
    proposed: FoundHazard


class TrialResult(BaseModel):
    """The proposal beside the rules in force. Of each list the first 200; the counts are of all."""

    readings: int
    in_force: Outcome
    proposed: Outcome
    added_count: int
    dropped_count: int
    regraded_count: int
    added: list[FoundHazard]
    dropped: list[FoundHazard]
    regraded: list[Regraded]


_OUTCOME = {
    "hazards": 1,
    "open_h": 2.5,
    "flapping": 0,
    "tasks": 1,
    "per_day": [{"day": "2026-05-01", "grade": 3, "hazards": 1}],
}
_NOTHING = {"hazards": 0, "open_h": 0.0, "flapping": 0, "tasks": 0, "per_day": []}
_FOUND = {
    "sensor": "gas-0001",
    "hazard_type": "oxygen",
    "grade": 3,
    "raised_at": "2026-05-01T00:10:00Z",
    "cleared_at": "2026-05-01T02:40:00Z",
    "reason": {"zh": "氧含量异常：氧气 19.1 %vol", "en": "oxygen out of range: oxygen 19.1 %vol"},
}
_RESULT: dict[str, Any] = {
    "readings": 48,
    "in_force": _NOTHING,
    "proposed": _OUTCOME,
    "added_count": 1,
    "dropped_count": 0,
    "regraded_count": 0,
    "added": [_FOUND],
    "dropped": [],
    "regraded": [],
}
_DIFF = "--- gas/oxygen in force\n+++ gas/oxygen proposed\n@@ -3 +3 @@\n-    yellow: 19.5\n+    yellow: 19.0\n"


def _outcome(side: Side) -> Outcome:
    return Outcome(
        hazards=len(side.episodes),
        open_h=round(side.open_for / timedelta(hours=1), 2),
        flapping=side.flapping,
        tasks=side.tasks,
        per_day=[
            DayCount(day=day, grade=_NUMBER[colour], hazards=count)
            for (day, colour), count in sorted(side.per_day.items(), key=lambda item: (item[0][0], _NUMBER[item[0][1]]))
        ],
    )


def _found(episode: Episode) -> FoundHazard:
    return FoundHazard(
        sensor=episode.sensor,
        hazard_type=episode.hazard_type,
        grade=grade_of(episode.severity).number,
        raised_at=episode.raised_at,
        cleared_at=episode.cleared_at,
        reason=Bilingual(zh=episode.reason_zh, en=episode.reason_en),
    )


def _result(found: Comparison) -> TrialResult:
    return TrialResult(
        readings=found.readings,
        in_force=_outcome(found.current),
        proposed=_outcome(found.proposed),
        added_count=len(found.added),
        dropped_count=len(found.dropped),
        regraded_count=len(found.regraded),
        added=[_found(one) for one in found.added[:_SHOWN]],
        dropped=[_found(one) for one in found.dropped[:_SHOWN]],
        regraded=[Regraded(in_force=_found(old), proposed=_found(new)) for old, new in found.regraded[:_SHOWN]],
    )


@router.post(
    "/diff",
    summary="Compare rules with those in force",
    description="Shows line by line what a proposal would change. Nothing is kept.",
    responses=answers({"items": [{"hazard_type": "oxygen", "change": "changed", "diff": _DIFF}]}, body=True),
)
async def diff_rules(store: Reach, now: Now, _caller: CallerOf, given: RulesEntry) -> Differences:
    file = given.read()
    async with store.reading() as connection:
        current = (await in_force(connection, now)).of(file.kind)
    items = []
    for name, rule in file.hazards.items():
        old = current[name][1] if name in current else None
        diff = rule_diff(f"{file.kind}/{name}", old, rule)
        change: Literal["new", "changed", "same"] = "new" if old is None else "changed" if diff else "same"
        items.append(Difference(hazard_type=name, change=change, diff=diff))
    return Differences(items=items)


@router.post(
    "/backtest",
    summary="Try rules on stored readings",
    description="Replays the readings of the kind in a range of time under the rules given and under those in force."
    " At most 31 days and 200000 readings; for more use `lifeline rules backtest`. Nothing is kept.",
    responses=answers(_RESULT, body=True),
)
async def backtest_rules(store: Reach, now: Now, exports: Exports, _caller: CallerOf, given: Trial) -> TrialResult:
    if not timedelta(0) < given.to - given.start <= _LONGEST:
        raise InvalidValue(
            "body.to", zh="to 应晚于 from，且相隔不超过 31 天。", en="`to` lies after `from`, at most 31 days."
        )
    file = given.read()
    count = _SQL.count_readings.format(table=KINDS[file.kind].table)
    async with exports, store.reading() as connection:
        if await connection.fetchval(count, given.start, given.to, _MOST_READINGS + 1) > _MOST_READINGS:
            raise InvalidValue(
                "body.from",
                zh=f"该时段的读数超过 {_MOST_READINGS} 条，请缩短，或改用 `lifeline rules backtest`。",
                en=f"There are over {_MOST_READINGS} readings: take a shorter time, or use `lifeline rules backtest`.",
            )
        found = await backtest(
            connection, await in_force(connection, now), file, given.start, given.to, lambda *progress: None
        )
    return _result(found)
