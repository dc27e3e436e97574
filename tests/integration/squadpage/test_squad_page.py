"""The squads' page in a real browser of a phone's size, against a real API process."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO

import httpx
import pytest
from accessibility import barriers
from PIL import ExifTags, Image
from playwright.async_api import expect
from squad_town import GOOD, PASSWORD, Phone, Town

from dispatch import permits

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHINESE = re.compile("[\u4e00-\u9fff]+")


def photo() -> bytes:
    """A picture as a phone takes it: large, on its side, with its place and time."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps.update({1: "N", 2: (23.0, 37.0, 44.65), 3: "E", 4: (112.0, 27.0, 9.36)})
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:05:01 16:00:00"
    file = BytesIO()
    Image.radial_gradient("L").resize((2000, 1500)).save(file, "JPEG", exif=exif)
    return file.getvalue()


@asynccontextmanager
async def officer(town: Town) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{town.base}/api/v1") as client:
        granted = await client.post("/auth/login", json={"name": "wang", "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {granted.json()['access_token']}"
        yield client


async def test_a_wrong_password_is_told_and_the_right_one_lets_in(town: Town) -> None:
    phone = await town.phone()
    await phone.sign_in("chen", "wrong")
    assert "用户名或密码不正确" in await phone.text()
    await phone.sign_in("wang")
    assert "本页面供处置队伍使用" in await phone.text()
    phone.complaints.clear()  # the browser counts the two answers 401 as errors
    await phone.sign_in("chen")
    assert "我的任务" in await phone.text()
    assert await phone.page.locator("a.call").first.get_attribute("href") == "tel:000-2000-0001"
    cookie = next(cookie for cookie in await phone.context.cookies() if cookie["name"] == "lifeline_squad")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    await phone.press("退出登录")
    await phone.page.goto(f"{town.base}/squad")
    assert phone.page.url.startswith(f"{town.base}/squad/login")
    assert await town.pool.fetchval("SELECT ended_why FROM session ORDER BY created_at DESC LIMIT 1") == "logged_out"
    assert phone.complaints == []
    await phone.context.close()


async def test_an_order_through_its_whole_life_without_scripts(town: Town) -> None:
    order = await town.order()
    phone = await town.phone(scripts=False)
    page = phone.page
    await phone.sign_in("chen")
    await page.locator("a.order").first.click()
    assert "已下达，待确认" in await phone.text()
    for button, status in (("确认任务", "已确认"), ("已出发", "途中"), ("已到场", "已到场")):
        await phone.press(button)
        assert await page.locator("dd strong").first.inner_text() == status

    await page.get_by_role("link", name="进入许可：申请、查看读数").click()
    await phone.press("申请进入")
    assert "情况不明：缺少最新读数" in await page.locator(".sign.red").inner_text()
    await town.measure({"o2_pct_vol": 20.8, "ch4_lel_pct": 31.0, "h2s_mg_m3": 1.0, "co_mg_m3": 3.0})
    await phone.press("再次申请进入")
    assert "甲烷31 %LEL" in await page.locator(".sign.red").inner_text()
    await town.measure({"o2_pct_vol": 20.8, "ch4_lel_pct": 2.0, "h2s_mg_m3": 1.0, "co_mg_m3": 3.0}, age=timedelta())
    await phone.press("再次申请进入")
    assert "可以进入" in await page.locator(".sign.green strong").inner_text()
    assert "20.8 %vol" in await page.locator("table").inner_text()
    await page.get_by_role("link", name="返回任务").click()

    await page.locator(".tick input").first.check()
    await phone.press("保存清单")
    assert await page.locator(".tick input").first.is_checked()
    await page.locator("#note").fill("阀门已关 <b>两处</b>")
    await phone.press("发送备注")
    assert "阀门已关 <b>两处</b>" in await page.locator("#notes").inner_text()
    await page.locator("#photo").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    await phone.press("发送照片")
    assert "距事发地 0 米" in await page.locator("#photos").inner_text()
    await page.locator("#photo").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"GIF89a"})
    await phone.press("发送照片")
    assert "请先选择照片" in await page.locator(".problem").inner_text()
    phone.complaints.clear()  # the browser counts the answer 422 as an error
    await page.goto(f"{town.base}/squad/tasks/{order.task_id}")

    await phone.press("开始作业")
    await phone.press("人员平安，报告")
    await page.locator("#note-done").fill("已关阀通风")
    await phone.press("处置完成")
    assert await page.locator("dd strong").first.inner_text() == "已完成"
    assert phone.complaints == []
    await phone.context.close()

    events = await town.pool.fetch("SELECT event, actor, note FROM task_event WHERE task_id = $1", order.task_id)
    mine = [(row["event"], row["note"]) for row in events if row["actor"] == "user:chen"]
    wanted = ["accepted", "en_route", "on_scene", "working", "check_in", "done"]
    assert mine == [*((step, "") for step in wanted[:-1]), ("done", "已关阀通风")]
    audited = await town.pool.fetch(
        "SELECT action, actor FROM audit WHERE (after ->> 'task_id')::bigint = $1 ORDER BY audit_id", order.task_id
    )
    assert {row["actor"] for row in audited} == {"user:chen"}
    assert {"take_step", "ask_permit", "tick_checklist", "note_on_site", "photo_on_site"} == {
        row["action"] for row in audited
    }

    async with officer(town) as client:
        record = (await client.get(f"/tasks/{order.task_id}/site")).json()
        assert record["checklist"][0]["ticked_by"] == "user:chen"
        assert record["checklist"][1]["ticked_at"] is None
        assert [note["text"] for note in record["notes"]] == ["阀门已关 <b>两处</b>"]
        (shot,) = record["photos"]
        assert (shot["width"], shot["height"], shot["distance_m"]) == (1200, 1600, 0)
        assert shot["taken_at"] == "2026-05-01T08:00:00Z"
        image = await client.get(f"/tasks/{order.task_id}/site/photos/{shot['photo_id']}")
        small = await client.get(f"/tasks/{order.task_id}/site/photos/{shot['photo_id']}?small=true")
        assert Image.open(BytesIO(image.content)).getexif() == {}
        assert Image.open(BytesIO(small.content)).size == (180, 240)
        assert image.headers["content-type"] == "image/jpeg"


async def test_the_link_of_an_order_opens_it_once_and_nothing_else(town: Town) -> None:
    earlier = await town.order()
    order = await town.order()
    phone, other = await town.phone(), await town.phone()
    for who in (phone, other):
        await who.page.goto(order.link)
    assert "此链接只能用一次" in await phone.text()
    await phone.press("打开任务")
    assert phone.page.url == f"{town.base}/squad/tasks/{order.task_id}"
    await phone.press("确认任务")
    assert await phone.page.locator("dd strong").first.inner_text() == "已确认"
    await phone.page.go_back()
    await phone.page.goto(order.link)
    await phone.press("打开任务")  # the same phone, whose first answer might have got lost
    assert phone.page.url == f"{town.base}/squad/tasks/{order.task_id}"
    assert phone.complaints == []

    await other.press("打开任务")
    assert "此链接已用过或已过期" in await other.text()
    await phone.page.goto(f"{town.base}/squad/tasks/{earlier.task_id}")
    assert "没有这个页面或任务" in await phone.text()
    await phone.page.goto(f"{town.base}/squad")
    assert await phone.page.locator("a.order").count() == 1
    events = await town.pool.fetch(
        "SELECT event, actor FROM task_event WHERE task_id = $1 ORDER BY task_event_id", order.task_id
    )
    assert [tuple(row) for row in events[1:]] == [("received", "squad:gas-1"), ("accepted", "squad:gas-1")]
    key = order.link.partition("key=")[2]
    assert not await town.pool.fetchval(
        "SELECT bool_or(row::text LIKE '%' || $1 || '%') FROM (SELECT n::text FROM notification AS n UNION ALL"
        " SELECT l::text FROM task_link AS l UNION ALL SELECT a::text FROM audit AS a) AS kept (row)",
        key,
    )
    await phone.context.close()
    await other.context.close()


async def test_another_squads_order_is_not_there(town: Town) -> None:
    order = await town.order()
    phone = await town.phone()
    await phone.sign_in("lin")
    said = []
    for task_id in (order.task_id, 10**9):
        answer = await phone.page.goto(f"{town.base}/squad/tasks/{task_id}")
        assert answer is not None
        said.append((answer.status, await phone.page.locator("main").inner_text()))
    assert said[0] == said[1]
    assert said[0][0] == 404
    assert "没有这个页面或任务" in said[0][1]
    await phone.context.close()


@asynccontextmanager
async def browserless(town: Town) -> AsyncIterator[tuple[httpx.AsyncClient, dict[str, str]]]:
    """A client that is signed in as chen, and what a form of theirs has to hold."""
    async with httpx.AsyncClient(base_url=town.base, headers={"Origin": town.base}) as client:
        await client.post("/squad/login", data={"name": "chen", "password": PASSWORD})
        page = (await client.get("/squad")).text
        word = re.search('name="word" value="([0-9a-f]+)"', page)
        assert word is not None
        yield client, {"word": word[1], "once": "once-1"}


async def test_forms_of_others_are_refused_and_a_repeated_one_is_heard_once(town: Town) -> None:
    order = await town.order()
    notes = f"/squad/tasks/{order.task_id}/notes"
    async with browserless(town) as (client, form):
        said = {**form, "note": "到了"}
        for data, origin in (
            ({**said, "word": "0" * 32}, town.base),
            (said, "https://elsewhere.example"),
            (said, "null"),
        ):
            assert (await client.post(notes, data=data, headers={"Origin": origin})).status_code == 403
        for _ in range(3):
            assert (await client.post(notes, data=said)).headers["location"].startswith(f"/squad/tasks/{order.task_id}")
        await asyncio.gather(*(client.post(notes, data={**said, "once": "once-2"}) for _ in range(3)))
        assert await town.pool.fetchval("SELECT count(*) FROM task_note WHERE task_id = $1", order.task_id) == 2
        refused = await client.post(f"/squad/tasks/{order.task_id}/steps/refuse", data={**form, "note": " "})
        assert (refused.status_code, "请写明原因" in refused.text) == (422, True)
        for step in ("cancel", "check", "fly"):
            answer = await client.post(f"/squad/tasks/{order.task_id}/steps/{step}", data=form)
            assert answer.status_code == 404
        for number in (2**63, int("9" * 4000)):
            assert (await client.get(f"/squad/state?task={number}")).status_code == 404
        beyond = {**form, "once": "once-3", "item": "9" * 5000}
        assert (await client.post(f"/squad/tasks/{order.task_id}/checklist", data=beyond)).status_code == 303
        too_large = await client.post(
            f"/squad/tasks/{order.task_id}/photos", data=form, files={"photo": b"0" * 12_100_000}
        )
        assert (too_large.status_code, "文件太大" in too_large.text) == (413, True)


async def test_a_lost_race_shows_how_the_order_stands(town: Town) -> None:
    order = await town.order()
    phone = await town.phone(scripts=False)
    await phone.sign_in("chen")
    await phone.page.goto(f"{town.base}/squad/tasks/{order.task_id}")
    async with officer(town) as client:
        assert (await client.post(f"/tasks/{order.task_id}/actions/cancel")).status_code == 200
    await phone.press("确认任务")
    assert "现在不能这样操作了。任务现状：已取消。" in await phone.text()
    assert await phone.page.get_by_role("button", name="确认任务").count() == 0
    await phone.context.close()


async def test_a_drill_is_unmistakable_and_its_order_can_be_worked_on(town: Town) -> None:
    order = await town.order(drill=True)
    phone = await town.phone(language="en-GB")
    await phone.sign_in("chen")
    await phone.page.locator("a.order.drill", has_text="DRILL combustible gas").click()
    assert await phone.page.locator(".band").inner_text() == "DRILL · DRILL · DRILL"
    await phone.press("Confirm the order")
    assert await town.pool.fetchval("SELECT status FROM task WHERE task_id = $1", order.task_id) == "accepted"
    await phone.page.goto(f"{town.base}/squad/tasks/{order.task_id}?lang=zh")
    assert "【演练】南街人民路3号井" in await phone.page.locator("h1").inner_text()
    await phone.page.goto(f"{town.base}/squad/tasks/{order.task_id}/permit")
    assert "【演练】 【演练】" in await phone.text()
    await phone.context.close()


async def test_both_languages_are_whole(town: Town) -> None:
    order = await town.order()
    phone = await town.phone()
    await phone.sign_in("chen")
    for path in ("", f"/tasks/{order.task_id}", f"/tasks/{order.task_id}/permit", "/password"):
        await phone.page.goto(f"{town.base}/squad{path}?lang=en")
        assert set(CHINESE.findall(await phone.text())) <= {"中文", "城管通"}
        await phone.page.get_by_role("link", name="中文").click()
        assert await phone.page.locator("html").get_attribute("lang") == "zh-CN"
        words = set(re.findall("[A-Za-z]{3,}", await phone.text()))
        assert words <= {"English", "III", "LEL", "Lifeline", "Choose", "File", "file", "chosen"}, words
    assert phone.complaints == []
    await phone.context.close()


@asynccontextmanager
async def counted(town: Town) -> AsyncIterator[tuple[str, list[int]]]:
    """The API behind a relay that counts what it sends to the browser, whatever asks for it."""
    port, sizes = int(town.base.rpartition(":")[2]), list[int]()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)

        async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter, into: list[int]) -> None:
            while data := await source.read(65_536):
                into.append(len(data))
                sink.write(data)
            sink.close()

        await asyncio.gather(pass_on(reader, back, []), pass_on(there, writer, sizes), return_exceptions=True)

    server = await asyncio.start_server(relay, "127.0.0.1")
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", sizes
    finally:
        server.close()


async def settled(phone: Phone) -> None:
    await phone.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    await phone.page.wait_for_load_state("networkidle")


async def test_the_first_view_is_small(town: Town) -> None:
    order = await town.order()
    async with counted(town) as (base, sizes):
        phone = await town.phone()
        phone.base = base
        await phone.page.goto(order.link.replace(town.base, base))
        await phone.press("打开任务")
        await settled(phone)
        assert await phone.page.locator("h1").is_visible()
        assert 10_000 < sum(sizes) < 60_000, sum(sizes)
        await phone.context.close()


async def test_without_network_the_last_page_is_shown_and_says_so(town: Town) -> None:
    order = await town.order()
    phone = await town.phone()
    await phone.sign_in("chen")
    await settled(phone)
    await phone.page.goto(f"{town.base}/squad/tasks/{order.task_id}")
    assert not await phone.page.locator("#offline").is_visible()
    await phone.context.set_offline(True)
    await phone.page.reload()
    assert "没有网络。本页内容截至" in await phone.page.locator("#offline").inner_text()
    assert "已下达，待确认" in await phone.text()
    await phone.press("确认任务")
    assert "没有发出，未作任何记录" in await phone.text()
    await phone.context.set_offline(False)
    await phone.page.goto(f"{town.base}/squad/tasks/{order.task_id}")
    assert not await phone.page.locator("#offline").is_visible()
    await phone.press("确认任务")
    assert await town.pool.fetchval("SELECT status FROM task WHERE task_id = $1", order.task_id) == "accepted"
    await phone.context.close()


async def test_a_position_is_shared_when_it_is_allowed(town: Town) -> None:
    here = {"longitude": 112.4411, "latitude": 23.6351}
    phone = await town.phone(geolocation=here, permissions=["geolocation"])
    await phone.sign_in("chen")
    async with phone.page.expect_response("**/squad/position") as told:
        await phone.page.reload()
    assert (await told.value).status == 204
    row = await town.pool.fetchrow("SELECT * FROM squad WHERE squad_id = 'gas-1'")
    assert (row["seen_longitude"], row["seen_latitude"]) == (112.4411, 23.6351)
    assert datetime.now(UTC) - row["seen_at"] < timedelta(minutes=1)
    assert phone.complaints == []
    await phone.context.close()


async def test_nothing_secret_is_in_the_log(town: Town, api_log) -> None:
    order = await town.order()
    phone = await town.phone()
    await phone.page.goto(order.link)
    await phone.press("打开任务")
    secrets = {cookie["value"] for cookie in await phone.context.cookies() if cookie["name"] != "lifeline_language"}
    log = api_log.read_text()
    assert "/squad/link" in log
    assert not [secret for secret in {*secrets, order.link.partition("key=")[2]} if secret in log]
    await phone.context.close()


async def test_squad_and_public_pages_have_no_barriers(town: Town) -> None:
    order = await town.order(drill=True)
    phone = await town.phone()
    page, here = phone.page, f"{town.base}/squad/tasks/{order.task_id}"
    found = []
    for address in (f"{town.base}/public", f"{town.base}/squad/login", order.link):
        await page.goto(address)
        found += await barriers(page)
    await phone.sign_in("chen")
    found += await barriers(page)
    await town.pool.execute("UPDATE task SET status = 'on_scene' WHERE task_id = $1", order.task_id)
    for values in ({**GOOD, "ch4_lel_pct": 31.0}, GOOD):
        await town.measure(values, age=timedelta())
        await page.goto(f"{here}/permit")
        await page.locator("form .go").click()
        found += await barriers(page)
    for address in (here, f"{town.base}/squad/password", f"{town.base}/squad/tasks/0"):
        await page.goto(address)
        found += await barriers(page)
    assert found == []
    await phone.context.close()


async def test_the_sign_turns_red_by_itself(town: Town) -> None:
    order = await town.order()
    phone = await town.phone()
    await phone.page.clock.install()
    await phone.sign_in("chen")
    await town.pool.execute("UPDATE task SET status = 'on_scene' WHERE task_id = $1", order.task_id)
    await town.measure(GOOD, age=timedelta())
    await phone.page.goto(f"{town.base}/squad/tasks/{order.task_id}/permit")
    await phone.press("申请进入")
    await expect(phone.page.locator(".sign.green.big")).to_be_visible()
    await permits.run_once(town.pool, datetime.now(UTC) + timedelta(hours=1))  # by then the readings are old
    await phone.page.clock.run_for(21_000)
    await expect(phone.page.locator(".sign.red.big")).to_be_visible()
    assert phone.complaints == []
    await phone.context.close()


async def test_open_pages_show_what_has_changed_by_themselves(town: Town) -> None:
    phone = await town.phone()
    page = phone.page
    await page.clock.install()
    await phone.sign_in("chen")
    order = await town.order()
    line = page.locator(f'a.order[href$="/tasks/{order.task_id}"]')
    assert await line.count() == 0
    await page.clock.run_for(16_000)
    await line.click()
    await expect(page.locator("dd strong").first).to_have_text("已下达，待确认")
    await town.pool.execute(
        "UPDATE task SET status = 'cancelled', updated_at = now() WHERE task_id = $1", order.task_id
    )
    await page.clock.run_for(16_000)
    await expect(page.locator("dd strong").first).to_have_text("已取消")
    assert phone.complaints == []
    await phone.context.close()


async def test_the_page_can_be_installed(town: Town) -> None:
    phone = await town.phone()
    await phone.sign_in("chen")
    await settled(phone)
    link = await phone.page.locator("link[rel=manifest]").get_attribute("href")
    manifest = await (await phone.page.request.get(f"{town.base}{link}")).json()
    assert (manifest["start_url"], manifest["display"]) == ("/squad", "standalone")
    for icon in manifest["icons"]:
        assert (await phone.page.request.get(f"{town.base}{icon['src']}")).headers["content-type"] == icon["type"]
    browser = await phone.context.new_cdp_session(phone.page)
    said = await browser.send("Page.getInstallabilityErrors")
    assert [one["errorId"] for one in said["installabilityErrors"] if one["errorId"] != "in-incognito"] == []
    await phone.context.close()
