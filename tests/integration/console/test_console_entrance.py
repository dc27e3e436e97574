"""Signing in and out in a real browser: both languages, a wrong password, a one-time password, sessions that end."""

import httpx
import pytest
from accessibility import barriers
from console_support import PASSWORD, Desks, Hub
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")
_FETCHED_LIBRARIES = """performance.getEntriesByType('resource')
  .filter(one => one.name.includes('/_nicegui/') && one.transferSize > 0).map(one => one.name)"""
_OTHER = "four otters under an old bridge"


async def test_in_and_out_again(desk: Desks, hub: Hub) -> None:
    at = await desk(None)
    page = at.page
    name = await hub.account("administrator")
    await page.goto(f"{hub.address}/console/audit")  # not signed in: asked first, and taken there afterwards
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Audit", exact=True)).to_be_visible()
    await expect(page.get_by_role("link", name=f"{name} · administrator")).to_be_visible()
    cookies = {cookie["name"]: cookie for cookie in await page.context.cookies()}
    assert cookies["lifeline_console"]["httpOnly"]
    assert cookies["lifeline_console"]["sameSite"] == "Strict"
    assert "lifeline_at" not in await page.content()  # no token of the API ever leaves the server
    await page.reload()
    await page.wait_for_selector("body[data-alive]")
    assert await page.evaluate(_FETCHED_LIBRARIES) == []  # they are the browser's for good, once it has them
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.goto(f"{hub.address}/console/audit")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_wrong_password_in_chinese(desk: Desks, hub: Hub) -> None:
    at = await desk(None, "zh")
    page = at.page
    await page.goto(f"{hub.address}/console/")
    await page.get_by_label("用户名").fill(await hub.account("officer"))
    await page.get_by_label("密码").fill("not this one, surely")
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_role("alert")).to_contain_text("用户名或密码不正确")
    assert at.faults.pop().startswith("console: Failed to load resource: the server responded with a status of 401")


async def test_a_one_time_password_is_for_choosing_another(desk: Desks, hub: Hub) -> None:
    at = await desk(None)
    page = at.page
    name = await hub.account("officer", one_time=True)
    await page.goto(f"{hub.address}/console/me")
    for theme in ("dark", "light"):
        await page.emulate_media(color_scheme=theme)
        assert await barriers(page) == []
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    assert await barriers(page) == []
    await page.goto(f"{hub.address}/console/me")  # there is no way around it
    await page.get_by_label("Password so far").fill(PASSWORD)
    await page.get_by_label("New password", exact=True).fill(_OTHER)
    await page.get_by_label("New password again").fill(_OTHER)
    await page.get_by_role("button", name="Set the new password").click()
    await expect(page.get_by_role("navigation", name="Pages")).to_be_visible()  # the first of them


async def test_language_and_appearance_are_ones_own_choice(desk: Desks) -> None:
    at = await desk("officer")
    page = at.page
    await at.open("/me")
    await page.get_by_role("link", name="中文").click()
    await expect(page.get_by_role("heading", name="个人设置")).to_be_visible()
    assert await page.locator("html").get_attribute("lang") == "zh-CN"
    await page.get_by_role("link", name="深色").click()
    await expect(page.locator("body.body--dark")).to_be_visible()


async def test_who_is_logged_out_elsewhere_is_shown_out(desk: Desks, hub: Hub) -> None:
    name = await hub.account("viewer")
    first, second = await desk("viewer", name=name), await desk("viewer", name=name)
    for at in (first, second):
        await at.open("/me")
    rows = second.page.locator("[data-row]")
    await expect(rows).to_have_count(2)
    await rows.nth(1).get_by_role("button", name="End it").click()
    await expect(first.page.get_by_role("heading", name="Sign in")).to_be_visible()
    await expect(rows).to_have_count(1)


async def test_only_pages_of_this_site_may_change_anything(hub: Hub) -> None:
    name = await hub.account("officer")
    form = {"name": name, "password": PASSWORD, "next": "//elsewhere.example/"}
    async with httpx.AsyncClient(base_url=f"{hub.address}/console", trust_env=False) as client:
        for headers in ({}, {"Origin": "null"}, {"Origin": "https://elsewhere.example"}):
            assert (await client.post("/sign-in", data=form, headers=headers)).status_code == 403
        entered = await client.post("/sign-in", data=form, headers={"Origin": hub.address})
        assert (entered.status_code, entered.headers["location"]) == (303, "/console/")
        socket = "/_nicegui_ws/socket.io/?EIO=4&transport=polling"
        assert (await client.get(socket)).status_code == 200
        client.cookies.clear()
        assert (await client.get(socket)).status_code == 401
        page = await client.get("/audit", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, "/console/sign-in?next=/console/audit")
