"""Cases through their stages in the database: guards, clocks, appeals, and events that stay."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from register_support import NOW, Street

from alerts.cases import UnknownIncidentError, appeal, close_finished, decide_appeal, overdue, take_steps
from alerts.clockbook import clocks_in_force, default_clocks, load_clocks
from alerts.clocks import Calendar, Clocks
from alerts.stages import Action, StageError, Step

# A Friday afternoon; 工作时 go on on Monday.
FRIDAY = datetime(2026, 6, 5, 17, tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def case(street: Street) -> int:
    """An incident with one open hazard: water on a road."""
    await street.stand("waterlogging", "w0")
    await street.say(-600, w0=0.3)
    await street.say(-300, w0=0.3)
    return int((await street.incident())["incident_id"])


async def take(
    pool: asyncpg.Pool, case: int, *actions: Action, at: datetime = NOW, actor: str = "key:duty", reason: str = "why"
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await take_steps(connection, [Step(case, action, actor, at, reason) for action in actions])


async def test_a_case_goes_its_way_and_each_step_is_on_record(street: Street, case: int, pool: asyncpg.Pool) -> None:
    await take(pool, case, "file", "dispatch", reason="")
    await take(pool, case, "handle", "feed_back", actor="squad:water-1", reason="")
    assert (await street.incident())["stage"] == "fed_back"
    await pool.execute("UPDATE hazard SET cleared_at = $1", NOW)
    await take(pool, case, "verify", "close", reason="")
    incident = await street.incident()
    assert (incident["stage"], incident["closed_at"]) == ("closed", NOW)
    assert (incident["verified_how"], incident["verified_by"], incident["verified_at"]) == ("sensor", "key:duty", NOW)
    events = [event for event, _ in await street.events(case)]
    assert events == ["opened", "filed", "dispatched", "handling", "fed_back", "verified", "closed"]
    actors = await pool.fetch("SELECT actor FROM incident_event WHERE event IN ('handling', 'closed') ORDER BY 1")
    assert [row["actor"] for row in actors] == ["key:duty", "squad:water-1"]


async def test_the_sensor_must_agree_or_an_officer_overrides_with_a_reason(
    street: Street, case: int, pool: asyncpg.Pool
) -> None:
    await take(pool, case, "file", "dispatch", "feed_back")
    with pytest.raises(StageError, match="still open by their sensors"):
        await take(pool, case, "verify")
    with pytest.raises(StageError, match="needs a reason"):
        await take(pool, case, "override", reason="")
    assert (await street.incident())["stage"] == "fed_back"
    await take(pool, case, "override", reason="the gauge hangs in a puddle")
    incident = await street.incident()
    assert (incident["stage"], incident["verified_how"]) == ("verified", "override")
    assert (await street.events(case))[-1] == (
        "verified",
        {"reason": "the gauge hangs in a puddle", "verified_how": "override"},
    )


async def test_a_failed_step_leaves_nothing_behind(street: Street, case: int, pool: asyncpg.Pool) -> None:
    with pytest.raises(StageError, match="close is not possible"):
        await take(pool, case, "file", "close")
    assert (await street.incident())["stage"] == "reported"
    assert [event for event, _ in await street.events(case)] == ["opened"]
    with pytest.raises(UnknownIncidentError, match="no incident 999"):
        await take(pool, 999, "file")


async def test_finished_cases_close_by_themselves_and_others_do_not(
    street: Street, case: int, pool: asyncpg.Pool
) -> None:
    async def close(at: datetime) -> list[int]:
        async with pool.acquire() as connection, connection.transaction():
            return await close_finished(connection, "dispatcher", at)

    await take(pool, case, "file", "dispatch", "feed_back")
    assert await close(NOW) == []
    await pool.execute("UPDATE hazard SET cleared_at = $1", NOW)
    told = await pool.fetchval(  # a call without a sensor waits for a person
        "INSERT INTO incident (kind, hazard_type, grade, skill, title_zh, title_en, opened_at, stage, source)"
        " VALUES ('manhole', 'cover_rattling', 4, 'cover', 'x', 'x', now(), 'fed_back', 'hotline')"
        " RETURNING incident_id"
    )
    assert await close(NOW + HOUR) == [case]
    assert (await street.incident(case))["verified_how"] == "sensor"
    await take(pool, told, "verify", "close")
    assert (await street.incident(told))["verified_how"] == "person"


async def test_the_clock_runs_from_dispatch_to_hand_back_in_working_time(
    street: Street, case: int, pool: asyncpg.Pool
) -> None:
    await take(pool, case, "file", "dispatch", at=FRIDAY)
    due = FRIDAY + timedelta(days=3) - 6 * HOUR  # Monday at eleven
    assert (await street.incident())["due_at"] == due
    async with pool.acquire() as connection:
        assert await overdue(connection, due) == []
        [late] = await overdue(connection, due + HOUR)
    assert (late.incident_id, late.stage, late.by) == (case, "dispatched", HOUR)
    await take(pool, case, "feed_back", at=due + HOUR)
    incident = await street.incident()
    assert (incident["fed_back_at"], incident["overtime"]) == (due + HOUR, True)
    async with pool.acquire() as connection:
        assert await overdue(connection, due + 9 * HOUR) == []
    assert (await street.events(case))[-1][1]["overtime"] is True


async def test_a_return_stops_the_clock_and_the_next_dispatch_starts_it_anew(
    street: Street, case: int, pool: asyncpg.Pool
) -> None:
    await take(pool, case, "file", "dispatch", at=FRIDAY)
    await take(pool, case, "return", at=FRIDAY + HOUR, actor="squad:water-1", reason="not our road")
    assert (await street.incident())["due_at"] is None
    assert (await street.events(case))[-1] == ("returned", {"reason": "not our road"})
    monday = FRIDAY + timedelta(days=3)
    await take(pool, case, "dispatch", at=monday)
    assert (await street.incident())["due_at"] == monday + timedelta(hours=18)
    assert (await street.incident())["overtime"] is False


async def test_an_appealed_overtime_is_exempted_and_stays_on_record(
    street: Street, case: int, pool: asyncpg.Pool
) -> None:
    await take(pool, case, "file", "dispatch", at=FRIDAY)
    async with pool.acquire() as connection:
        with pytest.raises(StageError, match="nothing to appeal"):
            await appeal(connection, case, "key:unit", "rain", FRIDAY + HOUR)
        late = FRIDAY + timedelta(days=4)
        with pytest.raises(StageError, match="needs a reason"):
            await appeal(connection, case, "key:unit", " ", late)
        await appeal(connection, case, "key:unit", "the road was closed", late)
        with pytest.raises(StageError, match="is pending"):
            await appeal(connection, case, "key:unit", "again", late)
        with pytest.raises(StageError, match="who appealed"):
            await decide_appeal(connection, case, True, "key:unit", "we are right", late)
        await take_steps(connection, [Step(case, "feed_back", "squad:water-1", late)])
        await decide_appeal(connection, case, True, "key:centre", "it was", late)
        with pytest.raises(StageError, match="no appeal to decide"):
            await decide_appeal(connection, case, False, "key:centre", "it was not", late)
    incident = await street.incident()
    assert (incident["overtime"], incident["appeal"]) == (True, "granted")
    assert (await street.events(case))[-1] == ("appeal_granted", {"reason": "it was"})


async def test_the_newest_clocks_are_in_force(pool: asyncpg.Pool) -> None:
    default = default_clocks()
    shifts = default.calendar.shifts[:1]
    mornings = Clocks(Calendar(shifts), default.limits)
    async with pool.acquire() as connection:
        assert await clocks_in_force(connection) == default
        assert await load_clocks(connection, default, NOW)
        assert not await load_clocks(connection, default, NOW)
        assert await load_clocks(connection, mornings, NOW)
        assert await clocks_in_force(connection) == mornings
        assert not await load_clocks(connection, mornings, NOW)
    assert await pool.fetchval("SELECT count(*) FROM case_clock") == 2


async def test_a_case_that_never_was_one_is_dismissed(street: Street, case: int, pool: asyncpg.Pool) -> None:
    await take(pool, case, "dismiss", reason="a test of the device")
    incident = await street.incident()
    assert (incident["stage"], incident["closed_at"], incident["verified_how"]) == ("closed", NOW, None)
    assert (await street.events(case))[-1] == ("dismissed", {"reason": "a test of the device"})
