"""What officers say of hazards, and the views of the register."""

import re
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
from register_support import NOW, Street

from alerts import register
from alerts.evidence import trust_of

DAY = timedelta(days=1)


@pytest.fixture
async def hazard_id(street: Street) -> int:
    """A latched red: an open cover on a carriageway."""
    await street.stand("manhole", "m0", road="carriageway")
    await street.say(-60, m0="open")
    return (await street.hazard_ids(["m0"]))[0]


async def test_what_is_said_of_a_hazard_is_kept_in_order(street: Street, hazard_id: int, pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        await register.acknowledge(connection, hazard_id, "key:duty", NOW, "seen")
        await register.acknowledge(connection, hazard_id, "key:other", NOW + DAY)
        await register.comment(connection, hazard_id, "key:duty", NOW, "a truck stands on it")
        await register.check(connection, hazard_id, "key:duty", NOW, "closed again")
        await register.check(connection, hazard_id, "key:duty", NOW + DAY)
    assert await street.hazard_events(hazard_id) == ["raised", "latched", "acknowledged", "commented", "checked"]
    row = await pool.fetchrow("SELECT * FROM hazard")
    assert row is not None
    assert (row["acknowledged_by"], row["acknowledged_at"], row["checked_at"]) == ("key:duty", NOW, NOW)
    assert row["cleared_at"] is None
    words = await pool.fetchrow("SELECT * FROM hazard_event WHERE event = 'commented'")
    assert words is not None
    assert (words["reason_zh"], words["actor"], words["grade"]) == ("a truck stands on it", "key:duty", 1)


async def test_a_check_frees_the_latch_and_the_engine_clears(
    street: Street, hazard_id: int, pool: asyncpg.Pool
) -> None:
    for seconds in (0, 61, 122):
        await street.say(seconds, m0="closed")
    assert "cleared" not in await street.hazard_events(hazard_id)
    async with pool.acquire() as connection:
        await register.check(connection, hazard_id, "key:duty", NOW)
    await street.service.follow_once(NOW)
    for seconds in (183, 244):
        await street.say(seconds, m0="closed")
    assert (await street.hazard_events(hazard_id))[-1] == "cleared"


async def test_a_false_alarm_has_a_reason_and_frees_the_latch(
    street: Street, hazard_id: int, pool: asyncpg.Pool
) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(register.UnfoundedError, match="say why"):
            await register.call_false_alarm(connection, hazard_id, "key:duty", NOW, "  ")
        await register.call_false_alarm(connection, hazard_id, "key:duty", NOW, "the contact is loose")
        await register.call_false_alarm(connection, hazard_id, "key:other", NOW + DAY, "again")
    row = await pool.fetchrow("SELECT * FROM hazard")
    assert row is not None
    assert (row["false_alarm_at"], row["false_alarm_by"], row["checked_at"]) == (NOW, "key:duty", NOW)
    assert await street.hazard_events(hazard_id) == ["raised", "latched", "false_alarm"]


async def test_of_no_hazard_nothing_can_be_said(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        for say in (register.acknowledge, register.check):
            with pytest.raises(register.UnknownHazardError, match="no hazard 999"):
                await say(connection, 999, "key:duty", NOW)
        with pytest.raises(register.UnfoundedError):
            await register.comment(connection, 999, "key:duty", NOW, "")


async def enter(pool: asyncpg.Pool, code: str, raised_at: datetime, grade: int = 3, **columns: object) -> None:
    """A hazard as the engine leaves it, on a sensor that may be there already."""
    await pool.execute(
        "INSERT INTO sensor (code, kind, grid_id, owner_unit) VALUES ($1, 'gas', $2, $3) ON CONFLICT DO NOTHING",
        code,
        columns.pop("grid_id", None),
        columns.pop("owner_unit", ""),
    )
    await pool.execute(
        "INSERT INTO hazard (sensor_id, hazard_type, rule_id, grade, peak_grade, latched, reason_zh, reason_en,"
        " raised_at, graded_at, cleared_at, acknowledged_at, false_alarm_at)"
        " SELECT sensor_id, $2, (SELECT min(rule_id) FROM rule), $3, $3, false, '', '', $4, $4, $5, $6, $7"
        " FROM sensor WHERE code = $1",
        code,
        columns.get("hazard_type", "oxygen"),
        grade,
        raised_at,
        columns.get("cleared_at"),
        columns.get("acknowledged_at"),
        columns.get("false_alarm_at"),
    )


async def test_open_hazards_are_counted_in_five_ways(street: Street, pool: asyncpg.Pool) -> None:
    await pool.execute("INSERT INTO grid VALUES ('north', '', '', '', '', '', '', '{}')")
    minute = timedelta(minutes=1)
    await enter(pool, "a", NOW - minute, 1, grid_id="north", owner_unit="gas works")
    await enter(pool, "a", NOW - 2 * minute, 2, hazard_type="gas_co", acknowledged_at=NOW)
    await enter(pool, "b", NOW - 90 * minute, 3)
    await enter(pool, "c", NOW - 30 * DAY, 3)
    await enter(pool, "d", NOW - DAY, 1, cleared_at=NOW)
    async with pool.acquire() as connection:
        standing = await register.open_now(connection, NOW)
    views = {
        view: [(one.name, one.open) for one in standing if one.view == view] for view in {s.view for s in standing}
    }
    assert views == {
        "grade": [("1", 1), ("2", 1), ("3", 2)],
        "hazard_type": [("oxygen", 3), ("gas_co", 1)],
        "grid_id": [("north", 2), ("", 2)],
        "owner_unit": [("gas works", 2), ("", 2)],
        "age": [("up to 1 h", 2), ("over 7 d", 1), ("up to 6 h", 1)],
    }
    [north] = [one for one in standing if one.name == "north"]
    assert (north.unacknowledged, north.worst_grade, north.oldest_at) == (1, 1, NOW - 2 * minute)


async def test_what_comes_back_again_and_again_is_named(street: Street, pool: asyncpg.Pool) -> None:
    for days in (1, 2, 3):
        await enter(pool, "a", NOW - days * DAY, 4 - days, cleared_at=NOW - days * DAY + timedelta(hours=1))
    await enter(pool, "b", NOW - DAY)
    await enter(pool, "c", NOW - 2 * DAY, cleared_at=NOW - DAY, false_alarm_at=NOW)
    await enter(pool, "c", NOW - timedelta(hours=2))
    async with pool.acquire() as connection:
        first, second = await register.recurrence(connection, NOW - 9 * DAY, NOW)
        assert await register.recurrence(connection, NOW - 2.5 * DAY, NOW - DAY) == []
    assert (first.sensor, first.raised, first.worst_grade, first.open_for) == ("a", 3, 1, timedelta(hours=3))
    assert (second.sensor, second.false_alarms, second.open_for) == ("c", 1, timedelta(hours=26))
    assert first.latest_at == NOW - DAY


async def test_the_trend_goes_by_local_days_and_tells_quiet_ones(street: Street, pool: asyncpg.Pool) -> None:
    midnight = datetime(2026, 6, 1, 16, tzinfo=UTC)  # the second of June begins
    second = timedelta(seconds=1)
    await enter(pool, "a", midnight - second, 1, cleared_at=midnight)
    await enter(pool, "b", midnight, 4, false_alarm_at=midnight)
    await enter(pool, "c", midnight + DAY + DAY - second, 2, hazard_type="gas_co")
    async with pool.acquire() as connection:
        days = await register.trend(connection, date(2026, 6, 1), date(2026, 6, 4))
        gas = await register.trend(connection, date(2026, 6, 3), date(2026, 6, 3), "oxygen")
    assert [(one.day.day, one.raised, one.cleared) for one in days] == [(1, 1, 0), (2, 1, 1), (3, 1, 0), (4, 0, 0)]
    assert [(one.red, one.orange, one.yellow, one.blue) for one in days[:3]] == [
        (1, 0, 0, 0),
        (0, 0, 0, 1),
        (0, 1, 0, 0),
    ]
    assert [one.false_alarms for one in days] == [0, 1, 0, 0]
    assert [(one.raised, one.cleared) for one in gas] == [(0, 0)]


async def test_trust_is_stated_from_calibration_battery_and_lateness(street: Street, pool: asyncpg.Pool) -> None:
    await street.stand("gas", "sound", 0, calibration_due=f"{NOW.date() + DAY:%Y-%m-%d}")
    await street.stand("gas", "doubtful", 9000, calibration_due="2020-01-01")
    now = datetime.now(UTC)  # lateness is told by the database's clock
    begun_s = (now - NOW).total_seconds()
    await street.say(begun_s - 1, sound=91)
    await street.say(begun_s - 3600, doubtful=91)
    sound, doubtful = await street.hazard_ids(["sound", "doubtful"])
    async with pool.acquire() as connection:
        trust = await trust_of(connection, [sound, doubtful], now)
        assert trust[sound].level == "high"
        assert trust[doubtful].level == "low"
        # Lateness counts from when the row was written, which the database's own clock tells.
        assert [re.sub(r"\b\d+ min", "an hour", doubt.en) for doubt in trust[doubtful].doubts] == [
            "its calibration was due on 2020-01-01",
            "its data came an hour late",
        ]
        await pool.execute("UPDATE reading_gas SET battery_pct = 12")
        await pool.execute("UPDATE sensor SET calibration_due_on = '2026-01-01' WHERE code = 'sound'")
        later = await trust_of(connection, [sound], now + timedelta(hours=2))
        assert [doubt.en for doubt in later[sound].doubts] == [
            "its calibration was due on 2026-01-01",
            "it has not reported for 120 min",
            "its battery is at 12 %",
        ]
