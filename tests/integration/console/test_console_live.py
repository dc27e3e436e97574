"""What happens meanwhile: alarms, the connection, the API process killed and back, keys, drills marked."""

import pytest
from console_support import Desks, Hub, barriers_in_both_themes
from page_rows import raise_incident
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_orange_shows_until_it_is_acknowledged_by_key(desk: Desks, hub: Hub) -> None:
    at = await desk("officer")
    page = at.page
    await at.open("/board")
    number = await raise_incident(hub.pool, "LIVE-1", grade=2)
    alarm = page.locator(".alarm-item", has_text="LIVE-1")
    await expect(alarm).to_be_visible()
    await page.locator(f'tr[data-id="{number}"]').focus()
    await page.keyboard.press("a")
    await expect(alarm).to_have_count(0)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


async def test_a_drill_is_marked_wherever_it_shows(desk: Desks, hub: Hub) -> None:
    number = await raise_incident(hub.pool, "LIVE-2", grade=1, drill=True)
    at = await desk("officer", "zh")
    page = at.page
    await at.open("/board")
    row = page.locator(f'tr.exercise[data-id="{number}"]')
    await expect(row).to_contain_text("【演练】")
    await expect(page.locator(".alarm-item", has_text="LIVE-2")).to_contain_text("【演练】")
    assert await barriers_in_both_themes(page) == []
    await row.get_by_role("link", name="LIVE-2").click()
    await expect(page.locator(".drill-band")).to_contain_text("【演练】")
    assert await barriers_in_both_themes(page) == []
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
    number = await raise_incident(hub.pool, "LIVE-3", grade=4)
    await hub.start()
    await expect(page.locator(f'tr[data-id="{number}"]')).to_be_visible(timeout=30_000)
    await expect(page.locator(".strip.lost")).to_have_count(0)
    at.faults.clear()  # a browser says by itself that nobody answered
