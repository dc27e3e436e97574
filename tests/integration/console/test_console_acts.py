"""Every button that no other test presses, pressed in a browser: what it does shows on the page and in the API."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import httpx
import pytest
import pytest_asyncio
from console_support import Desk, Desks, Hub
from page_rows import Rows, add_order, raise_incident
from playwright.async_api import Locator, expect

from api.access.keys import add_key
from ingest.broker import Broker

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def api(hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    """The API, for one who may read."""
    now = datetime.now(UTC)
    key = await add_key(hub.pool, f"acts-{now.timestamp()}", "viewer", now)
    address = f"{hub.address}/api/v1"
    async with httpx.AsyncClient(base_url=address, headers={"X-API-Key": key}, trust_env=False) as client:
        yield client


async def read(api: httpx.AsyncClient, path: str) -> Any:
    answer = await api.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def officer(desk_of_module: Desks) -> Desk:
    return await desk_of_module("officer")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def approver(desk_of_module: Desks) -> Desk:
    return await desk_of_module("approver")


def row(at: Desk, text: str) -> Locator:
    """The first row that holds ``text``."""
    return at.page.locator("[data-row]").filter(has_text=text).first


async def do(at: Desk, where: Locator, button: str, **given: str) -> None:
    """Press a button, fill the dialog in by the labels of its fields, and go through with it."""
    await where.get_by_role("button", name=button, exact=True).click()
    dialog = at.page.get_by_role("dialog")
    for label, text in given.items():
        await dialog.get_by_label(label.replace("_", " ")).first.fill(text)
    await dialog.get_by_role("button", name="Do it").click()
    await expect(dialog).to_have_count(0)


async def say(at: Desk, button: str, reason: str, *, into: int | None = None) -> None:
    """Press a button of an incident's page that asks for words."""
    await at.page.locator(".incident-acts").get_by_role("button", name=button, exact=True).click()
    dialog = at.page.locator("dialog[open]")
    if into is not None:
        await dialog.get_by_role("spinbutton").fill(str(into))
    await dialog.locator("textarea").fill(reason)
    await dialog.get_by_role("button", name=button, exact=True).click()


async def test_an_incident_goes_back_and_forth_until_it_is_verified(
    officer: Desk, hub: Hub, rows: Rows, api: httpx.AsyncClient
) -> None:
    at = officer
    page, stage = at.page, at.page.locator(".stages [aria-current]")
    first, other = await raise_incident(hub.pool, "ACT-1", grade=3), await raise_incident(hub.pool, "ACT-2", grade=3)
    await hub.pool.execute("UPDATE incident SET stage = 'reported' WHERE incident_id = $1", first)
    await at.open(f"/incidents/{first}")
    await page.get_by_role("button", name="File and dispatch").click()
    await expect(stage).to_have_text("filed")

    order = await add_order(hub.pool, first)
    await page.locator(f'[data-task="{order}"]').get_by_role("button", name="Refused by telephone").click()
    await expect(stage).to_have_text("filed")
    assert (await read(api, f"/tasks/{order}"))["status"] == "refused"

    order = await add_order(hub.pool, first)
    task = page.locator(f'[data-task="{order}"]')
    for press, shown in (
        ("Confirmed by telephone", "confirmed"),
        ("En route", "en route"),
        ("On scene", "on scene"),
        ("Done", "done"),
    ):
        await task.get_by_role("button", name=press).click()
        await expect(task.locator(".status")).to_have_text(shown)
    assert (await read(api, f"/tasks/{order}"))["status"] == "done"
    await expect(stage).to_have_text("fed back")
    await say(at, "Return with a reason", "they were at the wrong well")
    await expect(stage).to_have_text("filed")
    await expect(page.locator(".timeline li", has_text="returned")).to_contain_text(["they were at the wrong well"])

    await say(at, "Merge into another", "the same smell", into=other)
    await page.wait_for_url(f"**/incidents/{other}")
    await expect(page.locator(".timeline")).to_contain_text("the same smell")
    merged, taken = await read(api, f"/incidents/{first}"), await read(api, f"/incidents/{other}")
    assert (merged["stage"], merged["merged_into"], len(taken["hazards"])) == ("closed", other, 2)

    await add_order(hub.pool, other)
    await expect(stage).to_have_text("dispatched")
    await expect(page.get_by_role("button", name="Merge into another")).to_have_count(0)  # a squad is on its way
    await say(at, "Note what was handed back", "it is shut")
    await expect(stage).to_have_text("fed back")
    await page.get_by_role("button", name="Verify", exact=True).click()
    await expect(page.locator(".q-notification").first).to_contain_text("open")  # the sensors don't agree
    await hub.pool.execute("UPDATE hazard SET cleared_at = now() WHERE incident_id = $1", other)
    await page.get_by_role("button", name="Verify", exact=True).click()
    await expect(stage).to_have_text("verified")
    verified = await read(api, f"/incidents/{other}")
    assert (verified["stage"], verified["verified_how"]) == ("verified", "sensor")

    await page.get_by_role("button", name="Draft a warning").click()
    await expect(page.locator(".q-notification", has_text="A warning was drafted")).to_be_visible()
    drafts = [one for one in (await read(api, "/warnings"))["items"] if one["incident_id"] == other]
    assert [one["state"] for one in drafts] == ["draft"]
    await hub.pool.execute("UPDATE incident SET stage = 'closed', closed_at = now() WHERE incident_id = $1", other)


async def test_an_incident_without_a_place_is_warned_of_in_a_grid(
    officer: Desk, hub: Hub, rows: Rows, api: httpx.AsyncClient
) -> None:
    at = officer
    page = at.page
    number = await raise_incident(hub.pool, "ACT-12", grade=3)
    await hub.pool.execute("UPDATE incident SET longitude = NULL, latitude = NULL WHERE incident_id = $1", number)
    await at.open(f"/incidents/{number}")
    await page.get_by_role("button", name="Draft a warning").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("has no place")
    await dialog.get_by_role("button", name="Do it").click()
    await expect(dialog).to_contain_text("Fill in: For which area")
    await dialog.get_by_label("For which area").click()
    await page.get_by_role("option", name="cell of pages").click()
    await dialog.get_by_role("button", name="Do it").click()
    await expect(page.locator(".q-notification", has_text="A warning was drafted")).to_be_visible()
    (warning,) = (await read(api, f"/warnings?incident={number}"))["items"]
    corners = {(corner["longitude"], corner["latitude"]) for corner in warning["entry"]["polygon"]}
    assert corners == {(112.3, 23.5), (112.5, 23.5), (112.5, 23.7)}
    assert (warning["entry"]["zh"]["area"], warning["entry"]["circle"]) == ("页面网格", None)
    await at.open(f"/warnings/{warning['warning_id']}")
    await expect(page.locator("#main")).to_contain_text("an outline of 3 corners")
    await hub.pool.execute("UPDATE incident SET stage = 'closed', closed_at = now() WHERE incident_id = $1", number)


async def test_a_false_report_is_dismissed(officer: Desk, hub: Hub, api: httpx.AsyncClient) -> None:
    at = officer
    number = await raise_incident(hub.pool, "ACT-3", grade=3)
    await at.open(f"/incidents/{number}")
    await say(at, "Dismiss", "the caller took it back")
    await expect(at.page.locator(".stages [aria-current]")).to_have_text("closed")
    await expect(at.page.locator(".timeline")).to_contain_text("the caller took it back")
    assert (await read(api, f"/incidents/{number}"))["stage"] == "closed"


async def test_a_warning_is_corrected_released_updated_and_cancelled(
    officer: Desk, approver: Desk, rows: Rows, api: httpx.AsyncClient
) -> None:
    page, main = officer.page, officer.page.locator("#main")
    await officer.open("/warnings")
    async with page.expect_navigation(url="**/console/warnings/*"):
        await do(officer, main, "Draft a warning", For_incident_number=str(rows.incident))
    await page.wait_for_selector("body[data-alive]")
    warning = page.url.rpartition("/")[2]

    async def state() -> str:
        return str((await read(api, f"/warnings/{warning}"))["state"])

    await do(officer, main, "Correct", **{"Headline_(English)": "Gas at the gate of pages"})
    await expect(main).to_contain_text("Gas at the gate of pages")
    await approver.open(f"/warnings/{warning}")
    await do(approver, approver.page.locator("#main"), "Approve", Note="fit")
    await expect(main).to_contain_text("State: approved")  # by itself
    await do(officer, main, "Release")
    await expect(main).to_contain_text("State: released")
    assert await state() == "released"
    async with page.expect_navigation(url="**/console/warnings/*"):
        await page.get_by_role("button", name="Update", exact=True).click()
    await page.wait_for_selector("body[data-alive]")
    await do(officer, main, "Throw away")
    await expect(main).to_contain_text("State: thrown away")
    assert (await read(api, f"/warnings/{page.url.rpartition('/')[2]}"))["state"] == "discarded"
    board = approver.page.locator("#main")
    await expect(board).to_contain_text("State: released")
    await do(approver, board, "Cancel", **{"Why,_in_Chinese": "险情解除", "Why,_in_English": "it is over"})
    await expect(board).to_contain_text("State: cancelled")
    await expect(row(approver, "险情解除")).to_contain_text("cancelled")
    assert await state() == "cancelled"


async def test_a_rule_is_tried_proposed_rejected_and_approved(
    officer: Desk, approver: Desk, rows: Rows, api: httpx.AsyncClient
) -> None:
    page = officer.page
    await officer.open("/rules")
    await row(officer, "gas leak").get_by_role("button", name="Read").click()
    await expect(page.get_by_role("dialog")).to_contain_text("yellow: 25.0")
    await page.keyboard.press("Escape")
    for limit, tried in ((22, True), (21, False)):
        await row(officer, "gas leak").get_by_role("button", name="Propose a change").click()
        # One that has just been closed may still be there, empty, on a busy machine.
        dialog = page.get_by_role("dialog").filter(has=page.get_by_label("Rule (YAML)"))
        text = dialog.get_by_label("Rule (YAML)")
        await text.fill((await text.input_value()).replace("yellow: 25.0", f"yellow: {limit}.0"))
        await dialog.get_by_label("What it is for").fill(f"try {limit}")
        for press, shown in (("Compare", f"{limit}.0"), ("Back-test", "3 readings"))[: 2 * tried]:
            await dialog.get_by_role("button", name=press).click()
            await expect(dialog).to_contain_text(shown)
        await dialog.get_by_role("button", name="Propose", exact=True).click()
        await expect(dialog).to_have_count(0)
    await approver.open("/rules")
    every = approver.page.get_by_role("table", name="Every revision").locator("[data-row]", has_text="gas leak")
    await do(approver, every.nth(1), "Reject")
    await expect(every.nth(1)).to_contain_text("rejected")
    await do(approver, every.nth(0), "Approve")
    await expect(every.nth(0)).to_contain_text("approved")
    revisions = (await read(api, "/rules/revisions?limit=100"))["items"]
    states = {one["revision"]: one["state"] for one in revisions if one["hazard_type"] == "page_leak"}
    assert states == {1: "approved", 2: "rejected", 3: "approved"}


async def test_a_plan_is_rejected(officer: Desk, approver: Desk, rows: Rows, api: httpx.AsyncClient) -> None:
    await officer.open("/plans")
    await row(officer, "plan of pages").get_by_role("button", name="Propose a change").click()
    dialog = officer.page.get_by_role("dialog")
    text = dialog.get_by_label("Plan (YAML)")
    await text.fill(re.sub(r"remind_s: \d+", "remind_s: 50", await text.input_value()))
    await dialog.get_by_label("What it is for").fill("a trial")
    await dialog.get_by_role("button", name="Propose", exact=True).click()
    await expect(dialog).to_have_count(0)
    await approver.open("/plans")
    await row(approver, "a trial").get_by_role("button", name="Read").click()
    await expect(approver.page.get_by_role("dialog")).to_contain_text("remind_s: 50")
    await approver.page.keyboard.press("Escape")
    await do(approver, row(approver, "a trial"), "Reject", Reason="not now")
    await expect(row(approver, "not now")).to_contain_text("rejected")
    assert "not now" in {one["rejected_why"] for one in (await read(api, "/plans/revisions"))["items"]}


async def test_an_exercise_is_paused_resumed_and_ended(officer: Desk, hub: Hub, api: httpx.AsyncClient) -> None:
    number = await hub.pool.fetchval(
        "INSERT INTO exercise (drill, title_zh, title_en, seed, status, started_at)"
        " VALUES ('acts', '按键演练', 'Drill of acts', 1, 'running', now()) RETURNING exercise_id"
    )
    at = officer
    await at.open("/exercises")
    held = row(at, "Drill of acts")
    for button, given, shown, state in (
        ("Pause", {"Reason": "a real call"}, "a real call", "paused"),
        ("Resume", None, "running", "running"),
        ("End", {}, "ended", "ended"),
    ):
        if given is None:
            await held.get_by_role("button", name=button).click()
        else:
            await do(at, held, button, **given)
        await expect(held).to_contain_text(shown)
        assert (await read(api, f"/exercises/{number}"))["status"] == state
    await expect(held.get_by_role("button").locator("visible=true")).to_have_count(0)
    await held.get_by_role("link").click()
    await expect(at.page.locator("#main")).to_contain_text("It was ended early")


async def test_what_is_said_of_hazards(officer: Desk, hub: Hub, api: httpx.AsyncClient) -> None:
    at = officer
    incidents = [await raise_incident(hub.pool, f"ACT-H{n}", grade=4) for n in range(4)]
    await at.open("/hazards")
    for number, (button, field, event) in enumerate(
        (
            ("Comment", "Reason", "commented"),
            ("Checked", "Note", "checked"),
            ("False alarm", "Reason", "false_alarm"),
            ("Clear", "Reason", "dismissed"),
        )
    ):
        await do(at, row(at, f"ACT-H{number}"), button, **{field: f"word {number}"})
        [hazard] = (await read(api, f"/hazards?sensor=ACT-H{number}"))["items"]
        async with asyncio.timeout(20):  # the dialog is gone before the API has been asked
            while (await read(api, f"/hazards/{hazard['hazard_id']}"))["events"][-1]["event"] != event:
                await asyncio.sleep(0.05)
        await row(at, f"ACT-H{number}").get_by_role("button", name="Why").click()
        await expect(at.page.get_by_role("dialog")).to_contain_text(f"word {number}")
        await at.page.keyboard.press("Escape")
        await expect(at.page.get_by_role("dialog")).to_have_count(0)
    await hub.pool.execute(
        "UPDATE incident SET stage = 'closed', closed_at = now() WHERE incident_id = ANY ($1)", incidents
    )


async def stock_of_pages(api: httpx.AsyncClient) -> int:
    """How much lies in the one store of pages."""
    [lying] = [one for one in (await read(api, "/stock"))["items"] if one["store_id"] == "page-store"]
    return int(lying["amount"])


async def test_materials_messages_and_the_rota(officer: Desk, rows: Rows, api: httpx.AsyncClient) -> None:
    at = officer
    page, main = at.page, at.page.locator("#main")

    await at.open("/supplies")
    stock = page.get_by_role("table", name="In the stores").locator("[data-row]", has_text="store of pages")
    lying = await stock_of_pages(api)
    for button, change in (("Issue", -1), ("Take back", 2)):
        await do(at, stock, button, How_many=str(abs(change)))
        lying += change
        await expect(stock.locator("td").nth(2)).to_have_text(str(lying))
    assert await stock_of_pages(api) == lying

    await at.open("/notifications")
    told = row(at, "notice of pages")
    for button, state, shown in (
        ("Send again", "waiting", "waiting"),
        ("Heard and understood", "received", "received"),
    ):
        await told.get_by_role("button", name=button).click()
        await expect(told).to_contain_text(shown)
        [message] = [one for one in (await read(api, "/notifications"))["items"] if one["channel"] == "pager"]
        assert message["state"] == state

    await at.open("/rota")
    await main.get_by_role("button", name="Enter a shift or leave").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Who").click()
    await page.get_by_role("option", name="leader of pages").click()
    begins = datetime.now(UTC) + timedelta(days=1)
    await dialog.get_by_label("From").fill(begins.strftime("%Y-%m-%dT08:00"))
    await dialog.get_by_label("Until").fill(begins.strftime("%Y-%m-%dT20:00"))
    await dialog.get_by_role("button", name="Do it").click()
    shift = row(at, "leader of pages")
    await do(at, shift, "Hand over", What_the_next_shift_has_to_know="the pump is lent")
    await expect(shift).to_contain_text("the pump is lent")
    async with page.expect_download() as saved:
        await main.get_by_role("button", name="As a calendar").click()
    assert "page-leader" in Path(await (await saved.value).path()).read_text(encoding="utf-8")
    await do(at, shift, "Take out")
    await expect(shift).to_have_count(0)
    assert {one["who"] for one in (await read(api, "/rota"))["items"]} == {"page-squad"}


async def test_a_held_message_is_sent_through_the_hub_again(
    officer: Desk, hub: Hub, broker_url: str, topic_root: str, api: httpx.AsyncClient
) -> None:
    topic = f"{topic_root}/sensors/gas/act/reading"
    number = await hub.pool.fetchval(
        "INSERT INTO quarantine (topic, payload, reason, received_at) VALUES ($1, $2, 'unknown sensor', now())"
        " RETURNING quarantine_id",
        *(topic, b'{"ch4_lel_pct": 1}'),
    )
    at = officer
    await at.open("/quarantine")
    broker = Broker.parse(broker_url)
    async with aiomqtt.Client(broker.host, broker.port, protocol=aiomqtt.ProtocolVersion.V5) as listener:
        await listener.subscribe(topic, qos=1)
        await do(at, row(at, topic), "Replay")
        message = await anext(aiter(listener.messages))
    assert message.payload == b'{"ch4_lel_pct": 1}'
    await expect(row(at, topic)).to_have_count(0)
    assert (await read(api, f"/quarantine/{number}"))["status"] == "replayed"


async def test_a_sensor_is_silenced_and_files_are_saved(
    officer: Desk, hub: Hub, rows: Rows, api: httpx.AsyncClient
) -> None:
    at = officer
    page, main = at.page, at.page.locator("#main")
    await at.open("/sensors")
    async with page.expect_download() as saved:
        await main.get_by_role("button", name="Save as CSV").click()
    assert "page-gas" in Path(await (await saved.value).path()).read_text(encoding="utf-8")
    await at.open("/sensors/page-gas")
    until = datetime.now(UTC) + timedelta(hours=12)
    await do(at, main, "Silence it", Until=until.strftime("%Y-%m-%dT%H:%M"), Reason="a new probe")
    await expect(page.locator(".q-notification")).to_contain_text("Silenced")
    [silence] = [one for one in (await read(api, "/silences"))["items"] if one["reason"] == "a new probe"]
    assert silence["sensor"] == "page-gas"
    number = await raise_incident(hub.pool, "ACT-R", grade=4)
    await add_order(hub.pool, number)
    await at.open(f"/incidents/{number}/review")
    timeline = page.get_by_role("table", name="Timeline").locator("[data-row]")
    await expect(timeline.filter(has_text="ordered")).to_contain_text("order")
    async with page.expect_download() as saved:
        await main.get_by_role("button", name="Save as a page").click()
    assert "<td>指令 order<td>已下令 ordered<td>" in Path(await (await saved.value).path()).read_text(encoding="utf-8")
    await hub.pool.execute("UPDATE incident SET stage = 'closed', closed_at = now() WHERE incident_id = $1", number)
    await at.open("/work-orders")
    await row(at, "cell of pages").get_by_role("button", name="Sensors").click()
    await expect(page.get_by_role("dialog")).to_contain_text("high on pages")


async def test_what_was_changed_is_shown_to_the_administrator(desk: Desks, rows: Rows) -> None:
    at = await desk("administrator")
    await at.open("/audit")
    await at.page.get_by_role("button", name="Before and after").first.click()
    await expect(at.page.get_by_role("dialog").get_by_role("table", name="After")).to_be_visible()


async def test_the_wall_board_and_the_alarms_sound(officer: Desk, hub: Hub) -> None:
    at = officer
    page = at.page
    number = await raise_incident(hub.pool, "ACT-W", grade=2)
    await at.open("/board")
    await page.get_by_role("button", name="Mute").click()
    await expect(page.get_by_role("button", name="Sound on")).to_be_visible()
    await page.get_by_role("button", name="red").click()
    await expect(page.locator(f'tr[data-id="{number}"]')).to_have_count(0)  # it is orange
    await page.keyboard.press("w")
    await expect(page.get_by_role("navigation", name="Pages")).to_be_hidden()
    await page.get_by_role("button", name="Leave the wall board").click()
    await expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    await hub.pool.execute("UPDATE incident SET stage = 'closed', closed_at = now() WHERE incident_id = $1", number)
    await hub.pool.execute("UPDATE hazard SET cleared_at = now() WHERE incident_id = $1", number)


async def test_a_screen_of_4k_shows_all_of_it_larger(desk: Desks, hub: Hub, rows: Rows) -> None:
    at = await desk("officer", viewport={"width": 3840, "height": 2160})
    page = at.page
    number = await raise_incident(hub.pool, "ACT-4K", grade=4)
    await at.open("/map")
    canvas = page.locator("canvas")
    await expect(page.locator(".legend")).to_contain_text("1")
    box = await canvas.bounding_box()
    assert box is not None
    assert await canvas.evaluate("canvas => canvas.width") == round(box["width"])  # sharp
    await page.get_by_role("button", name="Whole county").click()
    await canvas.click()  # all that there is lies in its middle
    await expect(page.locator(".near")).to_contain_text("ACT-4K")
    await hub.pool.execute("UPDATE incident SET stage = 'closed', closed_at = now() WHERE incident_id = $1", number)

    await at.open("/rota")
    await page.get_by_role("button", name="Enter a shift or leave").click()
    field = page.get_by_role("dialog").locator(".q-field").first
    await field.click()
    menu = page.locator(".q-menu")
    await expect(menu).to_be_visible()
    under, list_ = await field.bounding_box(), await menu.bounding_box()
    assert under is not None
    assert list_ is not None
    assert list_["x"] == pytest.approx(under["x"], abs=4)
    assert list_["y"] == pytest.approx(under["y"] + under["height"], abs=12)
    assert await page.locator(".q-item").first.evaluate("item => item.getBoundingClientRect().height") > 60
