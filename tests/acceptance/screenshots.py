"""The pictures in docs/screenshots, taken anew by ``make screenshots``: a county in a rainstorm, the whole hub at work.

Whatever the pages show was sent as readings, calls and clicks, so a picture can't show what the hub doesn't do.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import pytest
from hub_support import HubOn, Until
from PIL import Image
from playwright.async_api import Browser, Page, async_playwright, expect
from storm_support import PASSWORD, County, at_work, drill, end_drill, rainstorm, warn

PICTURES = Path(__file__).parents[2] / "docs" / "screenshots"
DESK = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}


@asynccontextmanager
async def chromium_with(path: str) -> AsyncIterator[Browser]:
    """A Chromium, closed at the end."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        yield browser
        await browser.close()


async def at_the_desk(browser: Browser, base: str, name: str, **options: Any) -> Page:
    """The console as this person sees it, in Chinese unless ``options`` of Playwright's context say otherwise."""
    context = await browser.new_context(**{"locale": "zh-CN", "viewport": DESK, **options})
    page = await context.new_page()
    await page.goto(f"{base}/console/sign-in")
    await page.fill("#name", name)
    await page.fill("#password", PASSWORD)
    await page.press("#password", "Enter")
    await page.wait_for_selector("body[data-alive]")
    return page


async def show(page: Page, base: str, path: str) -> None:
    """Open a page of the console and let it settle."""
    await page.goto(f"{base}/console{path}")
    await page.wait_for_selector("body[data-alive]")
    await page.wait_for_load_state("networkidle")


async def _take(page: Page, name: str) -> None:
    taken = Image.open(BytesIO(await page.screenshot(animations="disabled"))).convert("RGB")
    taken.quantize(256, dither=Image.Dither.NONE).save(PICTURES / f"{name}.png", optimize=True)


async def _hush(page: Page) -> None:
    """As at a desk where somebody has clicked before: no browser that asks for it before it sounds."""
    await page.locator("h1").first.click()
    await expect(page.get_by_role("button", name="浏览器禁止了告警声")).to_have_count(0)


async def _of_phones(browser: Browser, county: County) -> None:
    context = await browser.new_context(locale="zh-CN", viewport=PHONE, is_mobile=True, has_touch=True)
    page = await context.new_page()
    await page.goto(f"{county.base}/public")
    await _take(page, "public")
    await page.goto(f"{county.base}/squad")
    await page.get_by_label("用户名").fill("chen")
    await page.get_by_label("密码").fill(PASSWORD)
    await page.get_by_role("button", name="登录").tap()
    await page.locator("a.order").first.tap()
    for press, status in (("确认任务", "已确认"), ("已出发", "途中"), ("已到场", "已到场")):
        await page.get_by_role("button", name=press, exact=True).tap()
        await expect(page.locator("dd strong").first).to_have_text(status)
    await _take(page, "squad-order")
    await page.get_by_role("link", name="进入许可").tap()
    await page.get_by_role("button", name="申请进入", exact=True).tap()
    await expect(page.locator(".sign.big")).to_be_visible()
    await _take(page, "squad-permit")
    await context.close()


@pytest.mark.timeout(300)
async def test_pictures(
    chromium: str, database_url: str, broker_url: str, hub_on: HubOn, hub_log: IO[bytes], until: Until
) -> None:
    settings = hub_on(database_url, broker_url)
    async with at_work(settings, hub_log, until) as county, chromium_with(chromium) as browser:
        exercise = await drill(county)
        page = await at_the_desk(browser, county.base, "wang")
        await show(page, county.base, f"/incidents/{exercise}")
        await _take(page, "incident-exercise")
        await end_drill(county)
        await rainstorm(county)
        warning = await warn(county)
        gas = await county.database.fetchval(
            "SELECT incident_id FROM hazard JOIN sensor USING (sensor_id) WHERE code = 'gas-0014'"
        )
        for name, path in (
            ("board", "/board"),
            ("incident", f"/incidents/{gas}"),
            ("map", "/map"),
            ("warning", f"/warnings/{warning}"),
        ):
            await show(page, county.base, path)
            await _hush(page)
            await _take(page, name)
        await page.context.close()
        page = await at_the_desk(browser, county.base, "zhao", locale="en-US", color_scheme="dark")
        await show(page, county.base, "/board")
        await _take(page, "board-dark")
        await page.context.close()
        await _of_phones(browser, county)
        wide = await browser.new_context(locale="zh-CN", viewport=DESK)
        page = await wide.new_page()
        await page.goto(f"{county.base}/console/sign-in")
        await _take(page, "sign-in")
        await page.goto(f"{county.base}/public")
        await _take(page, "public-wide")
