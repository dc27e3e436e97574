"""A drill's red through the real road, worked in a real browser from the alarm to the closed case.

An officer sits at the console, in English, and a squad has its page on a phone, in Chinese. Neither page is loaded anew
to see what the other did.
"""

import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import IO

import aiomqtt
import asyncpg
import httpx
import orjson
import pytest
from hub_support import HubOn, Until
from playwright.async_api import Browser, Page, async_playwright, expect

from api.access.passwords import hash_password
from database.pool import connect
from lifeline.county import load_county, read_county
from lifeline.preparedness import load_preparedness, read_preparedness
from lifeline.settings import Settings
from lifeline.supervisor import running_hub

COUNTY = Path(__file__).parents[2] / "counties" / "guangning"
PASSWORD = "seven herons over the Sui river"
SENSOR = "gas-0001"
DRILL = "Two reds and too few squads"  # nothing of it happens within ten minutes but what the test sends


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """A whole hub and two browsers share the machine; what has to be quick is measured."""
    expect.set_options(timeout=20_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
async def settings(
    database_url: str, broker_url: str, hub_on: HubOn, hub_log: IO[bytes], until: Until
) -> AsyncIterator[Settings]:
    """A hub of real processes with the county in it, an officer, and an account for each squad."""
    settings = hub_on(database_url, broker_url)
    async with running_hub(settings, output=hub_log):
        connection = await connect(database_url, application="tests")
        now = datetime.now(UTC)
        await load_county(connection, read_county(COUNTY, ()), now)
        await load_preparedness(connection, read_preparedness(COUNTY), now)
        await connection.execute(
            "INSERT INTO account (name, role, squad_id, password_hash, must_change_password, created_at, updated_at)"
            " SELECT squad_id, 'squad', squad_id, $1, false, $2::timestamptz, $2 FROM squad"
            " UNION ALL SELECT 'wang', 'officer', NULL, $1, false, $2, $2",
            await hash_password(PASSWORD),
            now,
        )
        await connection.execute("UPDATE squad SET duty_start = '00:00', duty_end = '00:00'")
        await connection.close()

        async def open_to_all() -> bool:
            async with httpx.AsyncClient(trust_env=False) as client:
                return (await client.get(f"{console(settings)}/sign-in")).status_code == 200

        await until(open_to_all, "the console is open")
        yield settings


def console(settings: Settings) -> str:
    return f"http://127.0.0.1:{settings.api_port}/console"


async def report(settings: Settings, sensor: str, **values: object) -> None:
    """Send one reading of a gas sensor as it would."""
    broker = settings.broker
    async with aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        identifier=f"{settings.client_id}-sensor",
        protocol=aiomqtt.ProtocolVersion.V5,
    ) as client:
        body = {"time": datetime.now(UTC).timestamp(), **values}
        await client.publish(f"{settings.topic_prefix}/gas/{sensor}/reading", orjson.dumps(body), qos=1)


def watched(page: Page, faults: list[str]) -> Page:
    """The page, with what it complains of and what it asks elsewhere for kept in ``faults``."""
    page.set_default_timeout(20_000)
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda asked: faults.append(asked.url) if "//127.0.0.1:" not in asked.url else None)
    return page


async def sign_in(page: Page, settings: Settings) -> None:
    await page.goto(f"{console(settings)}/exercises")
    await page.get_by_label("Name").fill("wang")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_selector("body[data-alive]")


async def hold_drill(page: Page, pool: asyncpg.Pool) -> str:
    """Have the drill held; the code of the sensor's twin in it."""
    await page.locator("[data-row]", has_text=DRILL).get_by_role("button", name="Hold it").click()
    await page.get_by_role("button", name="Do it").click()
    held = page.get_by_role("table", name="Held, the newest first").locator("[data-row]", has_text=DRILL)
    await expect(held).to_contain_text("running")
    twin = await pool.fetchval(
        "SELECT code FROM sensor WHERE twin_of = (SELECT sensor_id FROM sensor WHERE code = $1 AND twin_of IS NULL)",
        SENSOR,
    )
    assert isinstance(twin, str)
    return twin


async def take_phone(browser: Browser, settings: Settings, squad: str, faults: list[str]) -> Page:
    """The squad's page on a phone, signed in, with no order yet."""
    context = await browser.new_context(
        locale="zh-CN", viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True
    )
    page = watched(await context.new_page(), faults)
    await page.goto(f"http://127.0.0.1:{settings.api_port}/squad")
    await page.get_by_label("用户名").fill(squad)
    await page.get_by_label("密码").fill(PASSWORD)
    await page.get_by_role("button", name="登录").tap()
    await expect(page.get_by_role("heading", name="我的任务")).to_be_visible()
    return page


async def say(page: Page, button: str, reason: str) -> None:
    """Press a button that asks for words, and give them."""
    await page.locator(".incident-acts").get_by_role("button", name=button).click()
    await page.locator("dialog[open] textarea").fill(reason)
    await page.locator("dialog[open]").get_by_role("button", name=button).click()


async def test_a_drills_red_from_the_alarm_to_the_closed_case(
    chromium: str, settings: Settings, pool: asyncpg.Pool
) -> None:
    faults: list[str] = []
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = watched(await browser.new_page(locale="en-US", viewport={"width": 1366, "height": 768}), faults)
        await sign_in(page, settings)
        twin = await hold_drill(page, pool)
        await page.goto(f"{console(settings)}/board")
        await page.wait_for_selector("body[data-alive]")
        await expect(page.get_by_text("No incident is open.")).to_be_visible()

        await report(settings, twin, ch4_lel_pct=92.0, h2s_mg_m3=0.1, co_mg_m3=0.5, o2_pct_vol=20.5)
        began = monotonic()
        row = page.locator("tr.exercise[data-row]")
        await expect(row).to_contain_text("red")
        assert monotonic() - began < 2.0
        await expect(row).to_contain_text("【EXERCISE】")
        await expect(page.locator(".strip.alarm.grade-1 .alarm-item.exercise")).to_be_visible()

        await page.keyboard.press("j")
        await page.keyboard.press("a")
        await expect(page.locator(".strip.alarm")).to_have_count(0)
        await expect(row).to_contain_text("acknowledged")
        await page.keyboard.press("Enter")
        await expect(page.locator(".drill-band")).to_be_visible()
        await expect(page.locator("svg.value-chart")).to_be_visible()
        await expect(page.locator(".finding").first).to_contain_text("revision 1")
        await say(page, "Comment", "the caller says that the valve is shut")
        await expect(page.locator(".timeline")).to_contain_text("the valve is shut")

        # The hub sent the nearest squad to lead and the other one to help; the officer has the other one lead.
        await expect(page.locator(".task .status", has_text="ordered")).to_have_count(4)
        leading, helping = await pool.fetch(
            "SELECT task_id, squad_id FROM task WHERE open AND squad_id LIKE 'gas-%' ORDER BY lead DESC"
        )
        leading, helping, second = leading["task_id"], helping["task_id"], helping["squad_id"]
        phone = await take_phone(browser, settings, second, faults)
        await expect(phone.locator("a.order")).to_have_count(1)
        await page.locator(f'[data-task="{helping}"]').get_by_role("button", name="Call off").click()
        await expect(page.locator(f'[data-task="{helping}"] .status')).to_have_text("called off")
        await page.keyboard.press("d")
        await page.locator(f"dialog[open] input[value={second}]").check()
        await page.locator("dialog[open] textarea").fill("they know the wells there")
        await page.locator("dialog[open]").get_by_role("button", name="Send another squad").click()
        await expect(page.locator(f'[data-task="{leading}"] .status')).to_have_text("called off")
        task = page.locator("[data-task]", has_text="they know the wells there")
        await expect(task).to_contain_text("ordered")

        ordered = await task.get_attribute("data-task")
        await phone.locator(f'a.order[href$="/tasks/{ordered}"]').tap()
        await expect(phone.locator("h1")).to_contain_text("【演练】")
        for press, there, here in (
            ("确认任务", "已确认", "confirmed"),
            ("已出发", "途中", "en route"),
            ("已到场", "已到场", "on scene"),
        ):
            await phone.get_by_role("button", name=press, exact=True).tap()
            await expect(phone.locator("dd strong").first).to_have_text(there)
            await expect(task.locator(".status")).to_have_text(here)

        await phone.get_by_role("link", name="进入许可").tap()
        await phone.get_by_role("button", name="申请进入", exact=True).tap()
        await expect(phone.locator(".sign.red.big")).to_contain_text("甲烷92 %LEL")
        await report(settings, twin, ch4_lel_pct=1.5, h2s_mg_m3=0.1, co_mg_m3=0.5, o2_pct_vol=20.8)
        green = phone.locator(".sign.green.big", has_text="可以进入")
        again = phone.get_by_role("button", name="再次申请进入", exact=True)
        for _ in range(20):  # the reading is on its way
            await again.tap()
            if await green.is_visible():
                break
        await expect(green).to_be_visible()
        await phone.get_by_role("link", name="返回任务").tap()
        await phone.get_by_role("button", name="开始作业", exact=True).tap()
        await expect(task.locator(".status")).to_have_text("working")
        await phone.get_by_label("处置情况").fill("已关阀通风")
        await phone.get_by_role("button", name="处置完成", exact=True).tap()
        await expect(phone.locator("dd strong").first).to_have_text("已完成")
        await expect(task.locator(".status")).to_have_text("done")
        await expect(page.locator(".timeline")).to_contain_text("已关阀通风")

        while await (off := page.get_by_role("button", name="Call off")).count():
            left = await off.count()
            await off.first.click()
            await expect(off).to_have_count(left - 1)
        await expect(page.locator(".stages [aria-current]")).to_have_text("fed back")
        await say(page, "Verify against the sensors", "measured by hand: no gas")
        await expect(page.locator(".stages [aria-current]")).to_have_text("verified")
        await page.get_by_role("button", name="Close the case").click()
        await expect(page.locator(".stages [aria-current]")).to_have_text("closed")
        await browser.close()
    assert faults == []
    closed = await pool.fetchrow("SELECT stage, verified_how, exercise_id FROM incident")
    assert closed is not None
    assert (closed["stage"], closed["verified_how"], closed["exercise_id"] > 0) == ("closed", "override", True)
    who = {row["actor"] for row in await pool.fetch("SELECT actor FROM audit WHERE action = 'acknowledge_incident'")}
    assert who == {"user:wang"}
    steps = await pool.fetch("SELECT event FROM task_event WHERE actor = $1 ORDER BY task_event_id", f"user:{second}")
    assert [row["event"] for row in steps] == ["accepted", "en_route", "on_scene", "working", "done"]
