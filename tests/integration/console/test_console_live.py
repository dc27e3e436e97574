"""What happens meanwhile: alarms, the connection, the API process killed and back, keys, drills marked."""

import re

import pytest
from console_support import Desks, Hub, barriers_in_both_themes
from page_rows import Rows, add_drill_squad, add_order, raise_incident
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")

# What the map has painted since it was cleared, and how the line was that outlined it last.
_PAINTED = """(() => {
  const canvas = CanvasRenderingContext2D.prototype;
  const { clearRect, fillText } = canvas;
  let dashed = false;
  const { stroke } = canvas;
  canvas.clearRect = function (...given) { window.painted = []; return clearRect.apply(this, given); };
  canvas.stroke = function (...given) { dashed = this.getLineDash().length > 0; return stroke.apply(this, given); };
  canvas.fillText = function (text, x, y) {
    window.painted.push({ text, x, y, dashed });
    return fillText.call(this, text, x, y);
  };
})()"""
_UNDER_SQUADS = """() => (window.painted ?? []).filter(({ text }, at) =>
  text === "队" && window.painted[at + 1]?.text === "【演练】")"""


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


async def test_an_exercise_is_watched_while_it_runs(desk: Desks, hub: Hub, rows: Rows) -> None:
    number = await raise_incident(hub.pool, "LIVE-4", grade=2, drill=True)
    exercise = await hub.pool.fetchval("SELECT exercise_id FROM incident WHERE incident_id = $1", number)
    await hub.pool.execute("UPDATE incident SET title_zh = '【演练】' || title_zh WHERE incident_id = $1", number)
    squad = await add_drill_squad(hub.pool, exercise)
    at = await desk("viewer", "zh")
    page = at.page
    await at.open(f"/exercises/{exercise}")
    await page.evaluate("window.stayed = true")
    incident = page.get_by_role("table", name="演练中的事件").locator("tr.exercise")
    await expect(incident).to_have_count(1)
    await expect(incident.locator("td").first).to_have_text(re.compile(r"^\s*【演练】\s*LIVE-4\s*$"))
    await expect(incident.locator(".grade-2")).to_have_text("Ⅱ 橙色")
    await expect(incident).to_contain_text("立案")
    tasks = page.get_by_role("table", name="演练中的任务").locator("tr.exercise")
    await expect(tasks).to_have_count(0)

    order = await add_order(hub.pool, number, squad)
    await expect(tasks).to_contain_text(["【演练】"])
    await expect(tasks).to_contain_text(["演练队"])
    await expect(tasks).to_contain_text(["已下令"])
    await expect(incident).to_contain_text("派遣")
    await hub.pool.execute("UPDATE task SET status = 'en_route' WHERE task_id = $1", order)
    await expect(tasks).to_contain_text(["途中"])
    await hub.pool.execute("UPDATE exercise SET status = 'paused' WHERE exercise_id = $1", exercise)
    await expect(page.locator("#main")).to_contain_text("已暂停", timeout=15_000)
    await hub.pool.execute("UPDATE task SET status = 'cancelled' WHERE task_id = $1", order)
    await expect(tasks).to_contain_text(["撤回"])
    assert await page.evaluate("window.stayed")  # all of this without a reload
    assert await barriers_in_both_themes(page) == []
    await incident.get_by_role("link", name="LIVE-4").click()
    await expect(page.locator(".drill-band")).to_contain_text("【演练】")


async def test_a_squad_that_is_busy_with_an_exercise_is_marked(desk: Desks, hub: Hub, rows: Rows) -> None:
    number = await raise_incident(hub.pool, "LIVE-5", grade=3, drill=True)
    exercise = await hub.pool.fetchval("SELECT exercise_id FROM incident WHERE incident_id = $1", number)
    squad = await add_drill_squad(hub.pool, exercise)
    board, map = await desk("viewer"), await desk("viewer", "zh")
    await board.open("/squads")
    row = board.page.locator(f'tr[data-id="{squad}"]')
    await expect(row).to_contain_text("available")
    await expect(row.locator(".exercise-mark")).to_have_count(0)
    await map.page.add_init_script(_PAINTED)
    await map.open("/map")
    await map.page.wait_for_function("() => window.painted?.some(({ text }) => text === '队')")
    assert await map.page.evaluate(_UNDER_SQUADS) == []

    order = await add_order(hub.pool, number, squad)
    await expect(row).to_have_class("exercise")
    await expect(row.locator("td").first).to_contain_text("【EXERCISE】")
    await expect(row).to_contain_text("assigned")
    assert await barriers_in_both_themes(board.page) == []
    found = await map.page.wait_for_function(
        f"() => {{ const found = ({_UNDER_SQUADS})(); return found.length && found[0]; }}"
    )
    marked = await found.json_value()
    assert marked["dashed"]
    await map.page.locator("canvas").click(position={"x": marked["x"], "y": marked["y"]})
    near = map.page.locator(".near li.exercise", has_text="演练队")
    await expect(near).to_contain_text("【演练】")

    await hub.pool.execute("UPDATE task SET status = 'cancelled' WHERE task_id = $1", order)
    await expect(row).not_to_have_class("exercise")
    await expect(row).to_contain_text("available")
    await map.page.wait_for_function(f"() => ({_UNDER_SQUADS})().length === 0")
    await hub.pool.execute("UPDATE incident SET stage = 'closed', closed_at = now() WHERE incident_id = $1", number)


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
