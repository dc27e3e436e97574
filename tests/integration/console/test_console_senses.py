"""Sound, motion and keys, for those who hear, want less of it, or use no mouse; tiles under the map."""

from pathlib import Path

import pytest
from console_support import Desk, Desks, Hub
from page_rows import raise_incident
from PIL import Image
from playwright.async_api import Route, expect

from lifeline.embedded import free_port

pytestmark = pytest.mark.asyncio(loop_scope="session")
# Keeps the notes that are played.
_LISTEN = """
window.notes = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (when) { window.notes.push(this.type); return start.call(this, when); };
"""
# Browsers don't hand out what a canvas shows once it holds a picture from elsewhere.
_HOLDS_FOREIGN_PICTURE = """() => {
  try { return !document.querySelector('canvas').getContext('2d').getImageData(0, 0, 1, 1); } catch { return true; }
}"""
_TAKES = "getComputedStyle(document.querySelector('.q-btn__content')).transitionDuration"


async def test_a_red_sounds_until_it_is_acknowledged(desk: Desks, hub: Hub) -> None:
    at = await desk("officer")
    page = at.page
    await hub.pool.execute("UPDATE hazard SET acknowledged_at = now() WHERE grade <= 2")  # those of other tests
    await page.add_init_script(_LISTEN)
    await at.open("/board")
    await page.get_by_role("heading").first.click()  # browsers allow no sound before
    number = await raise_incident(hub.pool, "HEARD", grade=1)
    await expect(page.locator(".strip.alarm.grade-1")).to_be_visible()
    await page.wait_for_function("window.notes.filter(type => type === 'square').length >= 4")
    await page.locator(f'[data-row][data-id="{number}"]').focus()
    await page.keyboard.press("a")
    await expect(page.locator(".strip.alarm")).to_have_count(0)
    await page.evaluate("window.notes.length = 0")
    await page.wait_for_timeout(3_000)  # a tone comes every 2.5 s: time has to pass for none to be heard
    assert await page.evaluate("window.notes.length") == 0
    await hub.pool.execute("UPDATE incident SET stage = 'closed', closed_at = now() WHERE incident_id = $1", number)


@pytest.mark.parametrize(("asked", "takes"), [("no-preference", "0.3s"), ("reduce", "0s")])
async def test_nothing_moves_for_who_asks_for_that(desk: Desks, asked: str, takes: str) -> None:
    at = await desk("officer", reduced_motion=asked)
    await at.open("/silences")
    assert await at.page.evaluate(_TAKES) == takes


async def test_who_moves_by_tab_can_skip_the_menu(desk: Desks) -> None:
    at = await desk("officer")
    await at.open("/silences")
    await at.page.keyboard.press("Tab")
    await expect(at.page.locator("a[href='#main']")).to_be_focused()
    await at.page.keyboard.press("Enter")
    await at.page.keyboard.press("Tab")
    assert await at.page.evaluate("document.querySelector('#main').contains(document.activeElement)")


async def test_tiles_lie_under_the_map_where_there_are_any(desk: Desks, hub: Hub, tmp_path: Path) -> None:
    port = free_port()
    tiles = "https://tiles.example/{z}/{x}/{y}.png"
    environment = {**hub.environment, "LIFELINE_API_PORT": str(port), "LIFELINE_MAP_TILES_URL": tiles}
    other = Hub(f"http://127.0.0.1:{port}", environment, tmp_path / "api.log", hub.pool)
    tile = tmp_path / "tile.png"
    Image.new("RGB", (256, 256), "#123456").save(tile)
    number = await raise_incident(hub.pool, "TILES", grade=4)  # so that there is a place to show
    asked: list[str] = []

    async def give(route: Route) -> None:
        asked.append(route.request.url)
        await route.fulfill(path=tile)

    at = await desk(None)
    await other.start()
    try:
        await at.page.context.add_cookies([await hub.signed_in(await hub.account("officer"))])
        await at.page.route("https://tiles.example/**", give)
        there = Desk(at.page, other)
        await there.open("/map")
        await at.page.wait_for_function(_HOLDS_FOREIGN_PICTURE)
        await at.page.goto("about:blank")  # a page that is left doesn't miss its server
    finally:
        other.stop()
        at.faults.clear()  # another address than usual, and tiles from elsewhere
    await hub.pool.execute("UPDATE incident SET stage = 'closed', closed_at = now() WHERE incident_id = $1", number)
    assert asked
    assert all(url.removeprefix("https://tiles.example/").count("/") == 2 for url in asked)
