"""What the keyboard does: along the lines of a page, on a line, and on an incident."""

import pytest
from console_support import Desks, Hub
from page_rows import Rows, raise_incident
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def close(hub: Hub, number: int) -> None:
    await hub.pool.execute("UPDATE incident SET stage = 'closed', closed_at = now() WHERE incident_id = $1", number)
    await hub.pool.execute("UPDATE hazard SET cleared_at = now() WHERE incident_id = $1", number)


async def test_enter_opens_a_line_by_its_button_else_by_its_link(desk: Desks, rows: Rows) -> None:
    at = await desk("officer")
    page = at.page
    await at.open("/rules")
    await page.locator("[data-row]").filter(has_text="gas leak").first.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("yellow: 25.0")

    await at.open("/hazards")
    line = page.locator(f'[data-row][data-id="{rows.hazard}"]')
    await expect(line.get_by_role("link")).not_to_have_count(0)  # the button comes first
    await line.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("high on pages")

    await at.open("/sensors")
    await page.locator("[data-row]").filter(has_text="page-gas").first.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console/sensors/page-gas")


async def test_j_and_k_go_along_the_lines(desk: Desks, rows: Rows) -> None:
    at = await desk("officer")
    page = at.page
    await at.open("/sensors")
    lines = page.locator("[data-row]")
    for _more in range(2 - await lines.count()):
        await at.hub.pool.execute("INSERT INTO sensor (code, kind) VALUES ('page-keys', 'gas')")
        await at.open("/sensors")
    for key, place in (("j", 0), ("j", 1), ("k", 0), ("k", 0)):
        await page.keyboard.press(key)
        await expect(lines.nth(place)).to_be_focused()


async def test_a_key_presses_only_what_could_be_clicked_in_the_chosen_line(desk: Desks, hub: Hub) -> None:
    number = await raise_incident(hub.pool, "KEYS-1", grade=4)
    at = await desk("officer")
    page = at.page
    await at.open("/hazards")
    line = page.locator("[data-row]").filter(has_text="KEYS-1").first
    dialog = page.get_by_role("dialog")
    acknowledge = line.locator('[data-key="a"]')
    await expect(line).to_be_visible()
    await page.evaluate("addEventListener('click', () => (window.clicks = (window.clicks ?? 0) + 1), true)")
    await page.keyboard.press("c")  # no line is chosen
    await page.keyboard.press("a")
    await line.focus()
    for change in ("button.style.display = 'none'", "button.style.display = ''; button.disabled = true"):
        await acknowledge.evaluate(f"button => {{ {change} }}")
        await page.keyboard.press("a")
    assert await page.evaluate("window.clicks") is None
    await page.keyboard.press("c")
    await expect(dialog).to_contain_text("Comment")
    assert await page.evaluate("window.clicks") == 1
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await close(hub, number)


async def test_keys_on_an_incidents_page_and_m_for_the_alarm(desk: Desks, hub: Hub) -> None:
    number = await raise_incident(hub.pool, "KEYS-2", grade=2)
    at = await desk("officer")
    page = at.page
    await at.open(f"/incidents/{number}")
    await page.keyboard.press("m")
    await expect(page.get_by_role("button", name="Sound on")).to_be_visible()
    await page.keyboard.press("m")
    await expect(page.get_by_role("button", name="Mute")).to_be_visible()
    await page.keyboard.press("c")
    dialog = page.locator("dialog[open]")
    await expect(dialog).to_contain_text("Comment")
    await dialog.locator("textarea").fill("the gate is shut")
    await dialog.get_by_role("button", name="Comment", exact=True).click()
    await expect(page.locator(".timeline")).to_contain_text("the gate is shut")

    await at.open("/board")
    await page.locator(f'tr[data-id="{number}"]').focus()
    await page.keyboard.press("c")  # a line of the board has a link for it that nobody sees
    await expect(page.locator("dialog[open]")).to_contain_text("Comment")
    await page.keyboard.press("Escape")
    await page.keyboard.press("a")
    await expect(page.locator(".alarm-item", has_text="KEYS-2")).to_have_count(0)
    await close(hub, number)
