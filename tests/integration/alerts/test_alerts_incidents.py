"""Hazards become incidents in the transaction of their readings; officers merge and split them."""

import asyncio
import random
from datetime import timedelta

import asyncpg
import pytest
from register_support import EAST, NORTH, NOW, Street

from alerts import regrouping
from alerts.cases import UnknownIncidentError
from alerts.stages import StageError

SENSORS_IN_STORM = 10_000


async def wells(street: Street, *metres: float, **attributes: str) -> list[str]:
    codes = [f"g{number}" for number in range(len(metres))]
    for code, place in zip(codes, metres, strict=True):
        await street.stand("gas", code, place, **attributes)
    return codes


async def test_hazards_nearby_are_one_incident_with_one_story(street: Street) -> None:
    await wells(street, 0, 100, 400)
    await street.say(-300, g0=91, g2=91)
    await street.say(-240, g1=55)
    assert await street.members() == [["g0", "g1"], ["g2"]]
    first = await street.incident()
    (opened, detail), (joined, more) = await street.events(first["incident_id"])
    g0, g1 = await street.hazard_ids(["g0", "g1"])
    assert (opened, detail["hazard_id"], detail["grade"]) == ("opened", g0, 1)
    assert (joined, more) == ("joined", {"hazard_ids": [g1]})
    assert (first["family"], first["source"], first["active_at"]) == ("gas", "sensor", NOW - timedelta(seconds=240))


async def test_one_batch_or_many_make_the_same_incidents(street: Street, pool: asyncpg.Pool) -> None:
    await wells(street, 0, 140, 300, 430)
    for code in ("g0", "g1", "g2", "g3"):
        await street.say(-60, **{code: 91})
    apart = await street.members()
    await pool.execute("TRUNCATE hazard, incident CASCADE")
    street.service.engine.forget()
    await street.say(-50, g3=91, g2=91, g1=91, g0=91)
    assert apart == [["g0", "g1"], ["g2", "g3"]] == await street.members()


async def test_a_chamber_is_one_incident_whatever_the_distance(street: Street) -> None:
    await wells(street, 0, 5000, chamber="north", placement="chamber")
    await street.stand("gas", "lost", None, chamber="north")
    await street.say(-60, g0=91)
    await street.say(-30, g1=91, lost=91)
    assert await street.members() == [["g0", "g1", "lost"]]
    assert (await street.incident())["chamber"] == "north"


async def test_what_is_open_elsewhere_counts_in_a_storm(street: Street) -> None:
    """Of gas, 20 incidents are a storm's: what lies apart comes together once so many are open, wherever they are."""
    far = await wells(street, *(10_000 * number for number in range(1, 20)))
    for code, place in (("a", 0), ("b", 500), ("c", 3000), ("d", 3500)):
        await street.stand("gas", code, place)
    await street.say(-60, **dict.fromkeys(far, 91))
    await street.say(-50, a=91)
    assert len(await street.members()) == 20
    await street.say(-40, c=91)
    await street.say(-30, b=91, d=91)
    assert await street.members() == [*([code] for code in far), ["a", "b"], ["c", "d"]]


async def test_severity_follows_the_worst_open_hazard_and_the_event_level_does_not(
    street: Street, pool: asyncpg.Pool
) -> None:
    await wells(street, 0, 100)
    await street.say(-4000, g0=91, g1=30)
    await street.say(-3970, g1=30)
    incident_id = (await street.incident())["incident_id"]
    async with pool.acquire() as connection:
        await regrouping.set_event_level(connection, incident_id, 3, "key:duty", NOW, "one street")
    for minute in range(41):
        await street.say(-3900 + 60 * minute, g0=1, g1=30)
    incident = await street.incident()
    assert (incident["grade"], incident["peak_grade"], incident["event_level"]) == (3, 1, 3)
    graded = [detail["grade"] for event, detail in await street.events(incident_id) if event == "regraded"]
    assert graded == [2, 3]
    await street.say(-900, g1=85)
    assert (await street.incident())["grade"] == 1


async def test_a_closed_or_verified_incident_takes_in_nothing(street: Street, pool: asyncpg.Pool) -> None:
    await wells(street, 0, 10, 20)
    await street.say(-60, g0=91)
    await pool.execute("UPDATE incident SET stage = 'verified'")
    await street.say(-50, g1=91)
    await pool.execute("UPDATE incident SET closed_at = now()")
    await street.say(-40, g2=91)
    assert await street.members() == [["g0"], ["g1"], ["g2"]]


async def test_a_hazard_finds_another_place_when_its_incident_closes_under_its_hands(
    street: Street, pool: asyncpg.Pool
) -> None:
    await wells(street, 0, 10)
    await street.say(-60, g0=91)
    async with pool.acquire() as officer:
        closing = officer.transaction()
        await closing.start()
        await officer.execute("UPDATE incident SET closed_at = now(), stage = 'closed'")
        taking = asyncio.create_task(street.say(-50, g1=91))
        async with asyncio.timeout(10):
            while not await pool.fetchval(  # until the engine waits for the incident
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ):
                pass
        await closing.commit()
        await taking
    assert await street.members() == [["g0"], ["g1"]]


async def test_a_hazard_that_was_yellow_for_a_moment_is_an_incident_in_any_batch(
    street: Street, pool: asyncpg.Pool
) -> None:
    await street.stand("manhole", "m0", 0, road="pavement")
    await street.say(-60, m0="open")
    await street.say(0, m0="closed")
    assert await street.members() == [["m0"]]


async def test_incidents_are_merged_by_hand(street: Street, pool: asyncpg.Pool) -> None:
    await wells(street, 0, 400)
    await street.say(-60, g0=55)
    await street.say(-50, g1=91)
    one, other = [row["incident_id"] for row in await pool.fetch("SELECT incident_id FROM incident ORDER BY 1")]
    async with pool.acquire() as connection, connection.transaction():
        await regrouping.merge(connection, other, one, "key:duty", NOW, "the same main")
    assert await street.members() == [["g0", "g1"]]
    gone, stays = await street.incident(other), await street.incident(one)
    assert (gone["stage"], gone["closed_at"], gone["merged_into"]) == ("closed", NOW, one)
    assert (stays["grade"], stays["closed_at"]) == (1, None)
    assert (await street.events(other))[-1] == ("merged", {"into": one, "reason": "the same main"})
    assert [event for event, _ in await street.events(one)] == ["opened", "joined", "regraded"]
    await street.say(-40, g1=99)
    assert await street.members() == [["g0", "g1"]]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("UPDATE incident SET stage = 'handling'", "cancel its task first"),
        ("UPDATE incident SET closed_at = now()", "is closed"),
        (
            "UPDATE incident SET stage = 'verified' WHERE incident_id = (SELECT min(incident_id) FROM incident)",
            "nothing new",
        ),
    ],
)
async def test_what_can_not_be_merged_is_refused(
    street: Street, pool: asyncpg.Pool, change: str, complaint: str
) -> None:
    await wells(street, 0, 400)
    await street.say(-60, g0=91, g1=91)
    one, other = [row["incident_id"] for row in await pool.fetch("SELECT incident_id FROM incident ORDER BY 1")]
    await pool.execute(change)
    async with pool.acquire() as connection:
        with pytest.raises(StageError, match=complaint):
            await regrouping.merge(connection, other, one, "key:duty", NOW)
        with pytest.raises(StageError, match="with itself"):
            await regrouping.merge(connection, one, one, "key:duty", NOW)
        with pytest.raises(UnknownIncidentError):
            await regrouping.merge(connection, one, 10**9, "key:duty", NOW)
    assert await street.members() == [["g0"], ["g1"]]


async def test_an_incident_is_split_by_hand(street: Street, pool: asyncpg.Pool) -> None:
    await wells(street, 0, 140)
    await street.say(-60, g0=91, g1=55)
    incident_id = (await street.incident())["incident_id"]
    g0, g1 = await street.hazard_ids(["g0", "g1"])
    async with pool.acquire() as connection, connection.transaction():
        fresh = await regrouping.split(connection, incident_id, [g0], "key:duty", NOW, "two leaks")
    assert await street.members() == [["g1"], ["g0"]]
    old, new = await street.incident(incident_id), await street.incident(fresh)
    assert (old["grade"], old["peak_grade"], new["grade"], new["stage"]) == (2, 1, 1, "reported")
    assert (new["longitude"], new["latitude"], new["title_en"]) == (EAST, NORTH, "g0: combustible gas")
    off = {"off": fresh, "hazard_ids": [g0], "reason": "two leaks"}
    assert ("split", off) in await street.events(incident_id)
    async with pool.acquire() as connection:
        for chosen, complaint in (([g1], "not all"), ([], "not none"), ([g0], "has no hazard")):
            with pytest.raises(StageError, match=complaint):
                await regrouping.split(connection, incident_id, chosen, "key:duty", NOW)


@pytest.mark.parametrize("spread_degrees", [0.02, 0.25], ids=["town", "county"])
async def test_a_storm_becomes_tens_of_incidents(street: Street, pool: asyncpg.Pool, spread_degrees: float) -> None:
    chance = random.Random(441223)
    await pool.executemany(
        "INSERT INTO sensor (code, kind, longitude, latitude) VALUES ($1, 'waterlogging', $2, $3)",
        [
            (
                f"w{n}",
                EAST + chance.uniform(-spread_degrees, spread_degrees),
                NORTH + chance.uniform(-spread_degrees, spread_degrees),
            )
            for n in range(SENSORS_IN_STORM)
        ],
    )
    await street.service.follow_once(NOW)
    everywhere = {f"w{n}": 0.3 for n in range(SENSORS_IN_STORM)}
    await street.say(-600, **everywhere)
    await street.say(-300, **everywhere)
    assert await pool.fetchval("SELECT count(*) FROM hazard WHERE incident_id IS NOT NULL") == SENSORS_IN_STORM
    assert 10 <= await pool.fetchval("SELECT count(*) FROM incident") < 100
