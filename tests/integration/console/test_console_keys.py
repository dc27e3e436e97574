"""What the keyboard does: along the lines of a page, on a line, on an incident, and on the wall."""

import pytest
from console_support import Desks, Hub, barriers_in_both_themes
from page_rows import Rows, raise_incident
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")

# With a clock that jumps, the connection would seem lost.
TURNED_BY_HAND = (
    "const every = setInterval; window.setInterval ="
    " (told, ms, ...more) => (ms === 20000 ? void (window.turn = told) : every(told, ms, ...more));"
)


async def close(hub: Hub, number: int) -> None:
    await hub.pool.execute("UPDATE incident SET stage = 'closed', closed_at = now() WHERE incident_id = $1", number)
    await hub.pool.execute("UPDATE hazard SET cleared_at = now() WHERE incident_id = $1", number)


async def test_enter_opens_a_line_by_its_button_else_by_its_link(desk: Desks, rows: Rows) -> None:
    at = await desk("officer")
    page = at.page
    await at.open("/rules")
    await page.locator("[data-row]").filter(has_text="gas leak").first.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("ch4_lel_pct")

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


async def test_j_and_k_go_along_the_lines(desk: Desks, hub: Hub, rows: Rows) -> None:
    await hub.pool.execute("INSERT INTO sensor (code, kind) VALUES ('page-keys', 'gas')")
    at = await desk("officer")
    page = at.page
    await at.open("/sensors")
    lines = page.locator("[data-row]")
    await expect(lines).not_to_have_count(0)
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


async def test_the_wall_turns_in_full_screen_with_the_alarm_and_the_connection_above(desk: Desks, hub: Hub) -> None:
    number = await raise_incident(hub.pool, "KEYS-3", grade=2)
    at = await desk("officer")
    page, frame = at.page, at.page.frame_locator("iframe")
    await page.add_init_script(TURNED_BY_HAND)

    async def turned(path: str) -> None:
        await page.evaluate("turn()")
        await expect(page.locator(f'iframe[src="/console{path}"]')).to_be_visible()
        await expect(frame.locator("body.wall[data-alive]")).to_have_count(1)
        assert await page.evaluate("document.fullscreenElement !== null")

    await at.open("/board")
    await page.keyboard.press("w")
    await page.wait_for_function("document.fullscreenElement")
    await turned("/map")
    await expect(frame.locator(".county-map")).to_be_visible()
    await turned("/squads")
    await expect(frame.get_by_role("table")).to_be_visible()
    await expect(frame.get_by_role("navigation", name="Pages")).to_be_hidden()
    await expect(page.locator("#main")).to_be_hidden()

    await expect(page.locator(".alarm-item", has_text="KEYS-3")).to_be_visible()
    await expect(frame.locator(".strip, .leave-wall")).to_have_count(0)
    assert await barriers_in_both_themes(page) == []
    await frame.locator("body").press("m")
    await expect(page.get_by_role("button", name="Sound on")).to_be_visible()
    await frame.locator("body").press("m")
    await expect(page.get_by_role("button", name="Mute")).to_be_visible()
    await page.locator(".alarm-item", has_text="KEYS-3").click()
    await expect(frame.locator(".incident")).to_contain_text("KEYS-3")
    await expect(frame.locator("body.wall[data-alive]")).to_have_count(1)
    assert await page.evaluate("document.fullscreenElement !== null")

    await page.context.set_offline(True)
    await expect(page.get_by_text("Connection lost.", exact=False).first).to_be_visible()
    await page.evaluate("turn()")
    await expect(frame.locator(".incident")).to_contain_text("KEYS-3")
    await page.context.set_offline(False)
    await expect(page.locator(".strip.lost")).to_have_count(0)
    await close(hub, number)


@pytest.mark.parametrize("leaving", ["w", "Escape", "button", "full screen"])
async def test_leaving_the_wall_stays_on_the_page_that_it_shows(desk: Desks, leaving: str) -> None:
    at = await desk("officer")
    page = at.page
    await page.add_init_script(TURNED_BY_HAND)
    await at.open("/board")
    await page.keyboard.press("w")
    await page.wait_for_function("document.fullscreenElement")
    await page.evaluate("turn()")
    await expect(page.frame_locator("iframe").locator("body.wall[data-alive]")).to_have_count(1)
    if leaving == "button":
        await page.get_by_role("button", name="Leave the wall board").click()
    elif leaving == "full screen":  # as a browser does by itself at Escape
        await page.evaluate("void document.exitFullscreen()")
    else:
        await page.keyboard.press(leaving)
    await page.wait_for_url("**/console/map")
    await page.wait_for_selector("body[data-alive]:not(.wall)")
    await expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    assert await page.evaluate("document.fullscreenElement") is None


async def test_only_pages_of_this_site_may_hold_the_console_in_a_frame(desk: Desks, hub: Hub) -> None:
    at = await desk("officer")
    answer = await at.page.goto(f"{hub.address}/console/board")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy
    assert "frame-src 'self'" in policy
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    outside = await (await desk(None)).page.goto(f"{hub.address}/console/sign-in")
    assert outside is not None
    assert "frame-ancestors 'none'" in outside.headers["content-security-policy"]
    assert outside.headers["x-frame-options"] == "DENY"
