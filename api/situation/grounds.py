"""What a hazard was judged by: the rule's revision, the values against its limits, and what stands nearby."""

from datetime import datetime, timedelta
from math import cos, radians
from pathlib import Path
from typing import Any, Literal

import asyncpg
from fastapi import APIRouter
from pydantic import BaseModel, Field

from alerts.neighbours import distance_m
from alerts.rulefile import parse_rule
from alerts.rules import Rule
from alerts.tracks import ZONE
from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.errors import NotFound
from api.fields import Bilingual, Grade, Position, RowId, position
from api.sensors.shapes import rounded
from database.pool import Connection
from database.queries import load_queries
from ingest.kinds import KINDS, Quantity

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_NEAR_M = 1000.0
_MOST_NEAR = 8
_MOST_VALUES = 500
_BEFORE = timedelta(hours=2)
_LATEST_WITHIN = timedelta(days=1)
_METRES_PER_DEGREE = 111_320.0
router = APIRouter(prefix=PREFIX, tags=["hazards"], route_class=GuardedRoute)


class JudgedBy(BaseModel):
    """A revision of a rule."""

    kind: str
    hazard_type: str
    revision: int
    title: Bilingual
    source: str = Field(description="Where its limits come from")
    certainty: Literal["norm", "vendor", "general", "proposal"]
    approved_by: str | None
    effective_from: datetime | None


class Measured(BaseModel):
    """A quantity or a state of the kind."""

    name: str
    title: Bilingual
    unit: str | None = Field(description="Null for a state, which has words")


class Value(BaseModel):
    """What was measured when."""

    time: datetime
    value: float | str


class Near(BaseModel):
    """A sensor of the same kind nearby."""

    code: str
    name: Bilingual
    distance_m: int
    grade: Grade | None = Field(description="Of its gravest open hazard")
    time: datetime | None
    value: float | str | None = Field(description="Its latest of the same quantity, not older than a day")


class Stands(BaseModel):
    """Where the sensor is and who looks after it."""

    code: str
    name: Bilingual
    position: Position | None
    owner_unit: str
    responsible_person: str
    responsible_phone: str
    camera_id: str | None
    camera_url: str | None


class Grounds(BaseModel):
    """Why it is a hazard."""

    rule: JudgedBy
    sensor: Stands
    measured: Measured | None = Field(description="Null: the rule looks at silence or at faults")
    direction: Literal["above", "below"]
    limits: dict[str, float] = Field(description="Colour to limit, for this sensor at this hour")
    words: dict[str, str] = Field(description="Word of a state to colour")
    values: list[Value] = Field(description="Since two hours before it was raised, at most the newest 500, in order")
    near: list[Near] = Field(description="At most 8 within 1 km, the nearest first")


_EXAMPLE: dict[str, Any] = {
    "rule": {
        "kind": "gas",
        "hazard_type": "gas_combustible",
        "revision": 1,
        "title": {"zh": "可燃气体浓度超限", "en": "combustible gas"},
        "source": "GB/T 50493-2019",
        "certainty": "norm",
        "approved_by": "user:zhao",
        "effective_from": "2026-01-01T00:00:00Z",
    },
    "sensor": {
        "code": "GAS-0001",
        "name": {"zh": "南街燃气井 1 号", "en": "South Street gas chamber 1"},
        "position": {"longitude": 112.4406, "latitude": 23.6346},
        "owner_unit": "广宁燃气",
        "responsible_person": "李强",
        "responsible_phone": "0758-0000000",
        "camera_id": "44122300001320000001",
        "camera_url": None,
    },
    "measured": {"name": "ch4_lel_pct", "title": {"zh": "甲烷", "en": "methane"}, "unit": "%LEL"},
    "direction": "above",
    "limits": {"blue": 10.0, "yellow": 20.0, "orange": 50.0, "red": 80.0},
    "words": {},
    "values": [{"time": "2026-05-01T08:00:00Z", "value": 53.0}],
    "near": [
        {
            "code": "GAS-0002",
            "name": {"zh": "南街燃气井 2 号", "en": "South Street gas chamber 2"},
            "distance_m": 80,
            "grade": None,
            "time": "2026-05-01T07:50:00Z",
            "value": 4.1,
        }
    ],
}


@router.get(
    "/hazards/{hazard_id}/grounds",
    summary="What a hazard was judged by",
    description="The revision of the rule that gave its grade, the limits that hold for its sensor, the values since"
    " two hours before it was raised, and sensors of the same kind nearby with their latest.",
    responses=answers(_EXAMPLE, 404),
)
async def show_grounds(store: Reach, now: Now, _caller: CallerOf, hazard_id: RowId) -> Grounds:
    async with store.reading() as connection:
        row = await connection.fetchrow(_SQL.hazard, hazard_id)
        if row is None:
            raise NotFound(
                zh=f"没有编号为 {hazard_id} 的隐患；全部见 /api/v1/hazards。",
                en=f"There is no hazard {hazard_id}; /api/v1/hazards lists them.",
            )
        rule = parse_rule(f"rule {row['hazard_type']}, revision {row['revision']}", row["rule_kind"], row["body"])
        quantity = _column(row["kind"], rule.quantity)
        limits, words = _limits(rule, row["attributes"], row["graded_at"])
        return Grounds(
            rule=JudgedBy(
                kind=row["rule_kind"],
                hazard_type=row["hazard_type"],
                revision=row["revision"],
                title=Bilingual(zh=rule.title.zh, en=rule.title.en),
                source=row["source"],
                certainty=rule.certainty,
                approved_by=row["approved_by"],
                effective_from=row["effective_from"],
            ),
            sensor=_stands(row),
            measured=quantity,
            direction=rule.direction,
            limits=limits,
            words=words,
            values=await _values(connection, row, quantity),
            near=await _near(connection, row, quantity, now),
        )


def _limits(rule: Rule, attributes: dict[str, Any], at: datetime) -> tuple[dict[str, float], dict[str, str]]:
    hour = at.astimezone(ZONE).hour
    for case in rule.cases:
        if case.applies(attributes) and case.holds_at(hour):
            return {str(colour): level for colour, level in case.limits.items()}, {
                word: str(colour) for word, colour in case.words.items()
            }
    return {}, {}


def _column(kind: str, name: str | None) -> Measured | None:
    if name is None or kind not in KINDS:
        return None
    for column in KINDS[kind].columns:
        if column.name == name:
            title = Bilingual(zh=column.zh, en=column.en)
            return Measured(name=name, title=title, unit=column.unit if isinstance(column, Quantity) else None)
    return None


def _stands(row: asyncpg.Record) -> Stands:
    return Stands(
        name=Bilingual(zh=row["name_zh"], en=row["name_en"]),
        position=position(row["longitude"], row["latitude"]),
        **{name: row[name] for name in Stands.model_fields if name not in ("name", "position")},
    )


def _rounded(kind: str, name: str, value: Any) -> Any:
    """A number to the resolution of its quantity; the word of a state as it is."""
    if not isinstance(value, float):
        return value
    return rounded([value], KINDS[kind].quantity(name).resolution)[0]


async def _values(connection: Connection, row: asyncpg.Record, quantity: Measured | None) -> list[Value]:
    if quantity is None:
        return []
    statement = _SQL.values.format(table=KINDS[row["kind"]].table, column=quantity.name)
    found = await connection.fetch(statement, row["sensor_id"], row["raised_at"] - _BEFORE, _MOST_VALUES)
    return [
        Value(time=one["time"], value=_rounded(row["kind"], quantity.name, one["value"])) for one in reversed(found)
    ]


async def _near(connection: Connection, row: asyncpg.Record, quantity: Measured | None, now: datetime) -> list[Near]:
    if quantity is None or row["longitude"] is None or row["latitude"] is None:
        return []
    here = (row["longitude"], row["latitude"])
    high = _NEAR_M / _METRES_PER_DEGREE
    wide = high / max(0.1, cos(radians(here[1])))
    statement = _SQL.near.format(table=KINDS[row["kind"]].table, column=quantity.name)
    found = await connection.fetch(
        statement, row["kind"], row["exercise_id"], *here, high, wide, now - _LATEST_WITHIN, row["code"]
    )
    near = [
        Near(
            code=one["code"],
            name=Bilingual(zh=one["name_zh"], en=one["name_en"]),
            distance_m=round(distance_m(here, (one["longitude"], one["latitude"]))),
            grade=one["grade"],
            time=one["time"],
            value=_rounded(row["kind"], quantity.name, one["value"]),
        )
        for one in found
    ]
    return sorted((one for one in near if one.distance_m <= _NEAR_M), key=lambda one: one.distance_m)[:_MOST_NEAR]
