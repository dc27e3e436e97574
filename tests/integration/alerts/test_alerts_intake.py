"""Calls, hand-overs, patrols and other systems: incidents that begin without a sensor."""

from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
from register_support import NORTH, NOW, Street, east

from alerts.intake import Report, ReportError, Taken, reports_of, take_report

CALL = Report(
    "hotline",
    "gas_smell",
    3,
    "中华路 12 号",
    "闻到燃气味",
    NOW - timedelta(minutes=2),
    east(0),
    NORTH,
    reference="12319-1",
)


async def take(pool: asyncpg.Pool, report: Report, actor: str = "key:hotline") -> Taken:
    async with pool.acquire() as connection, connection.transaction():
        return await take_report(connection, report, actor)


async def test_a_call_opens_an_incident_and_a_sensor_nearby_joins_it(street: Street, pool: asyncpg.Pool) -> None:
    taken = await take(pool, CALL)
    assert taken.opened
    incident = await street.incident()
    assert (incident["source"], incident["family"], incident["skill"], incident["grade"]) == (
        "hotline",
        "gas",
        "gas",
        3,
    )
    assert (incident["title_zh"], incident["title_en"]) == ("中华路 12 号 燃气异味", "中华路 12 号: smell of gas")
    await street.stand("gas", "g0", 100)
    await street.stand("gas", "g1", 600)
    await street.say(-60, g0=91, g1=91)
    assert await street.members() == [["g0"], ["g1"]]
    joined = await street.incident(taken.incident_id)
    assert (joined["grade"], joined["stage"]) == (1, "reported")
    assert [event for event, _ in await street.events(taken.incident_id)] == ["opened", "joined", "regraded"]


async def test_when_the_sensor_is_calm_again_what_the_caller_said_still_counts(
    street: Street, pool: asyncpg.Pool
) -> None:
    taken = await take(pool, replace(CALL, reported_at=NOW - timedelta(hours=1)))
    await street.stand("gas", "g0", 100)
    await street.say(-3500, g0=91)
    for minute in range(41):
        await street.say(-3400 + 60 * minute, g0=1)
    incident = await street.incident(taken.incident_id)
    assert (incident["grade"], incident["peak_grade"]) == (3, 1)


async def test_a_second_caller_joins_and_may_make_it_graver(street: Street, pool: asyncpg.Pool) -> None:
    first = await take(pool, CALL)
    hand_over = replace(CALL, source="police", reference="110-9", grade=2, text="有人头晕", longitude=east(90))
    assert await take(pool, hand_over) == Taken(first.incident_id, opened=False)
    incident = await street.incident()
    assert (incident["grade"], incident["source"]) == (2, "hotline")
    events = await street.events(first.incident_id)
    assert [event for event, _ in events] == ["opened", "reported"]
    assert events[1][1] == {"source": "police", "reference": "110-9", "grade": 2, "text": "有人头晕"}
    async with pool.acquire() as connection:
        told = await reports_of(connection, first.incident_id)
    assert [(row["source"], row["text"], row["actor"]) for row in told] == [
        ("hotline", "闻到燃气味", "key:hotline"),
        ("police", "有人头晕", "key:hotline"),
    ]


async def test_the_same_report_twice_is_one(street: Street, pool: asyncpg.Pool) -> None:
    first = await take(pool, CALL)
    assert await take(pool, CALL) == Taken(first.incident_id, opened=False, repeated=True)
    assert await pool.fetchval("SELECT count(*) FROM incident_report") == 1
    elsewhere = replace(CALL, longitude=east(5000), reference="12319-2")
    assert (await take(pool, elsewhere)).opened


async def test_a_call_about_what_a_sensor_has_seen_joins_its_incident(street: Street, pool: asyncpg.Pool) -> None:
    await street.stand("gas", "g0")
    await street.say(-60, g0=55)
    known = (await street.incident())["incident_id"]
    assert await take(pool, replace(CALL, hazard_type="gas_combustible")) == Taken(known, opened=False)
    assert (await street.incident())["grade"] == 2


async def test_without_a_position_a_report_stands_alone(street: Street, pool: asyncpg.Pool) -> None:
    lost = replace(CALL, longitude=None, latitude=None, reference=None, source="patrol")
    assert (await take(pool, lost)).incident_id != (await take(pool, lost)).incident_id


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"hazard_type": "ghost"}, "no hazard type ghost: expected .*cover_rattling.*ponding"),
        ({"text": " "}, "a place and a text"),
        ({"place": ""}, "a place and a text"),
        ({"grade": 5}, "1 .red. to 4"),
        ({"latitude": None}, "longitude and latitude"),
        ({"longitude": 200.0}, "between -180 and 180"),
        ({"grid_id": "nowhere"}, "no grid nowhere"),
    ],
)
async def test_a_report_that_can_not_be_taken_says_what_to_change(
    street: Street, pool: asyncpg.Pool, change: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ReportError, match=complaint):
        await take(pool, replace(CALL, **change))  # type: ignore[arg-type]
    assert await pool.fetchval("SELECT count(*) FROM incident") == 0
