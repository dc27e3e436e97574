"""What happens meanwhile: alarms, the connection, the API process killed and back, keys, drills marked."""

from datetime import UTC, datetime

import pytest
from console_support import Desks, Hub
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _raise(hub: Hub, code: str, *, grade: int, drill: bool = False) -> int:
    """An incident with an open hazard, as the engine leaves them."""
    now = datetime.now(UTC)
    async with hub.pool.acquire() as connection, connection.transaction():
        real = await connection.fetchval(
            "INSERT INTO sensor (code, kind, longitude, latitude) VALUES ($1, 'gas', 112.4, 23.6) RETURNING sensor_id",
            code,
        )
        exercise = 0
        if drill:
            exercise = await connection.fetchval(
                "INSERT INTO exercise (drill, title_zh, title_en, seed, status, started_at)"
                " VALUES ('gas_leak', '演练', 'drill', 1, 'running', $1) RETURNING exercise_id",
                now,
            )
            real = await connection.fetchval(
                "INSERT INTO sensor (code, kind, exercise_id, twin_of) VALUES ($1, 'gas', $2, $3) RETURNING sensor_id",
                *(f"{code}-twin", exercise, real),
            )
        rule = await connection.fetchval(
            "INSERT INTO rule (kind, hazard_type, revision, body, source) VALUES ('gas', $1, 1, $2, 'test')"
            " RETURNING rule_id",
            code.lower().replace("-", "_"),
            {"title": {"zh": "泄漏", "en": "leak"}, "skill": "gas", "source": "test", "missed": {"red": 2}},
        )
        number = await connection.fetchval(
            "INSERT INTO incident (kind, hazard_type, grade, peak_grade, stage, skill, title_zh, title_en, opened_at,"
            " exercise_id) VALUES ('gas', 'gas_leak', $1, $1, 'filed', 'gas', $2, $2, $3, $4) RETURNING incident_id",
            *(grade, code, now, exercise),
        )
        hazard = await connection.fetchval(
            "INSERT INTO hazard (sensor_id, hazard_type, rule_id, grade, peak_grade, latched, reason_zh, reason_en,"
            " raised_at, graded_at, incident_id, exercise_id)"
            " VALUES ($1, 'gas_leak', $2, $3, $3, false, '高', 'high', $4, $4, $5, $6) RETURNING hazard_id",
            *(real, rule, grade, now, number, exercise),
        )
        await connection.execute(
            "INSERT INTO hazard_event (hazard_id, at, event, grade, reason_zh, reason_en, actor)"
            " VALUES ($1, $2, 'raised', $3, '高', 'high', 'engine')",
            *(hazard, now, grade),
        )
        await connection.execute("NOTIFY lifeline, 'incident'")
    return int(number)


async def test_an_orange_shows_until_it_is_acknowledged_by_key(desk: Desks, hub: Hub) -> None:
    at = await desk("officer")
    page = at.page
    await at.open("/board")
    number = await _raise(hub, "LIVE-1", grade=2)
    alarm = page.locator(".alarm-item", has_text="LIVE-1")
    await expect(alarm).to_be_visible()
    await page.locator(f'tr[data-id="{number}"]').focus()
    await page.keyboard.press("a")
    await expect(alarm).to_have_count(0)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


async def test_a_drill_is_marked_wherever_it_shows(desk: Desks, hub: Hub) -> None:
    number = await _raise(hub, "LIVE-2", grade=1, drill=True)
    at = await desk("officer", "zh")
    page = at.page
    await at.open("/board")
    row = page.locator(f'tr.exercise[data-id="{number}"]')
    await expect(row).to_contain_text("【演练】")
    await expect(page.locator(".alarm-item", has_text="LIVE-2")).to_contain_text("【演练】")
    await row.get_by_role("link", name="LIVE-2").click()
    await expect(page.locator(".drill-band")).to_contain_text("【演练】")
    await page.get_by_role("button", name="确认").click()
    await expect(page.locator(".alarm-item", has_text="LIVE-2")).to_have_count(0)


async def test_a_lost_connection_is_said_and_caught_up_after_the_process_was_killed(desk: Desks, hub: Hub) -> None:
    at = await desk("viewer")
    page = at.page
    await at.open("/board")
    assert hub.process is not None
    hub.process.kill()
    hub.process.wait()
    await expect(page.get_by_text("Connection lost.", exact=False).first).to_be_visible()
    number = await _raise(hub, "LIVE-3", grade=4)
    await hub.start()
    await expect(page.locator(f'tr[data-id="{number}"]')).to_be_visible(timeout=30_000)
    await expect(page.locator(".strip.lost")).to_have_count(0)
    at.faults.clear()  # a browser says by itself that nobody answered
