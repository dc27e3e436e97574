"""A red through the real road, worked in a real browser from the alarm to the closed case."""

import os
from collections.abc import AsyncIterator
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
from playwright.async_api import Page, async_playwright, expect

from api.access.passwords import hash_password
from database.pool import connect
from lifeline.county import load_county, read_county
from lifeline.preparedness import load_preparedness, read_preparedness
from lifeline.settings import Settings
from lifeline.supervisor import running_hub

COUNTY = Path(__file__).parents[2] / "counties" / "guangning"
PASSWORD = "seven herons over the Sui river"
SENSOR = "gas-0001"


@pytest.fixture
async def settings(
    database_url: str, broker_url: str, hub_on: HubOn, hub_log: IO[bytes], until: Until
) -> AsyncIterator[Settings]:
    """A hub of real processes with the county in it and an officer."""
    settings = hub_on(database_url, broker_url)
    async with running_hub(settings, output=hub_log):
        connection = await connect(database_url, application="tests")
        now = datetime.now(UTC)
        await load_county(connection, read_county(COUNTY, ()), now)
        await load_preparedness(connection, read_preparedness(COUNTY), now)
        await connection.execute(
            "INSERT INTO account (name, role, password_hash, must_change_password, created_at, updated_at)"
            " VALUES ('wang', 'officer', $1, false, $2, $2)",
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


async def report(settings: Settings, **values: object) -> None:
    """Send one reading of the sensor as it would."""
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
        await client.publish(f"{settings.topic_prefix}/gas/{SENSOR}/reading", orjson.dumps(body), qos=1)


async def sign_in(page: Page, settings: Settings) -> None:
    await page.goto(f"{console(settings)}/board")
    await page.get_by_label("Name").fill("wang")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_selector("body[data-alive]")


async def say(page: Page, button: str, reason: str) -> None:
    """Press a button that asks for words, and give them."""
    await page.locator(".incident-acts").get_by_role("button", name=button).click()
    await page.locator("dialog[open] textarea").fill(reason)
    await page.locator("dialog[open]").get_by_role("button", name=button).click()


async def test_a_red_from_the_alarm_to_the_closed_case(chromium: str, settings: Settings, pool: asyncpg.Pool) -> None:
    faults: list[str] = []
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = await browser.new_page(locale="en-US", viewport={"width": 1366, "height": 768})
        page.set_default_timeout(15_000)
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda asked: faults.append(asked.url) if "//127.0.0.1:" not in asked.url else None)
        await sign_in(page, settings)
        await expect(page.get_by_text("No incident is open.")).to_be_visible()

        await report(settings, ch4_lel_pct=92.0, h2s_mg_m3=0.1, co_mg_m3=0.5, o2_pct_vol=20.5)
        began = monotonic()
        row = page.locator("tr[data-row]").first
        await expect(row).to_contain_text("red")
        assert monotonic() - began < 2.0
        await expect(page.locator(".strip.alarm.grade-1")).to_be_visible()

        await page.keyboard.press("j")
        await page.keyboard.press("a")
        await expect(page.locator(".strip.alarm")).to_have_count(0)
        await expect(row).to_contain_text("acknowledged")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Why")).to_be_visible()
        await expect(page.locator("svg.value-chart")).to_be_visible()
        await expect(page.locator(".finding").first).to_contain_text("revision 1")

        await page.keyboard.press("c")
        await page.locator("dialog[open] textarea").fill("the caller says that the valve is shut")
        await page.locator("dialog[open]").get_by_role("button", name="Comment").click()
        await expect(page.locator(".timeline")).to_contain_text("the valve is shut")

        lead = await pool.fetchval("SELECT task_id FROM task WHERE lead AND open")
        for step in ("Confirmed by telephone", "En route", "On scene", "Done"):
            await page.locator(f'[data-task="{lead}"]').get_by_role("button", name=step).click()
        await say(page, "Note what was handed back", "the squad's report is in")
        await expect(page.locator(".stages [aria-current]")).to_have_text("fed back")
        await say(page, "Verify against the sensors", "measured by hand: no gas")
        await expect(page.locator(".stages [aria-current]")).to_have_text("verified")
        await page.get_by_role("button", name="Close the case").click()
        await expect(page.locator(".stages [aria-current]")).to_have_text("closed")
        await browser.close()
    assert faults == []
    closed = await pool.fetchrow("SELECT stage, verified_how FROM incident ORDER BY incident_id LIMIT 1")
    assert closed is not None
    assert (closed["stage"], closed["verified_how"]) == ("closed", "override")
    who = {row["actor"] for row in await pool.fetch("SELECT actor FROM audit WHERE action = 'acknowledge_incident'")}
    assert who == {"user:wang"}
