"""What pages say of a sensor: trust, silences, work orders, that it has gone silent; its camera and its neighbours."""

from datetime import UTC, datetime, timedelta

import pytest
from accessibility import barriers
from console_support import Desks, Hub
from page_rows import Rows, raise_incident
from playwright.async_api import expect

from database.engine import detect_engine, ensure_days

pytestmark = pytest.mark.asyncio(loop_scope="session")

_SILENT = {
    "title": {"zh": "传感器失联", "en": "sensor silent"},
    "skill": "maintenance",
    "missed": {"blue": 2, "yellow": 4},
    "maintenance": True,
    "source": "test",
}
_LEAK = {
    "title": {"zh": "泄漏", "en": "leak"},
    "skill": "gas",
    "source": "test",
    "quantity": "ch4_lel_pct",
    "cases": [{"limits": {"yellow": 25.0}}],
}
_WORDS = {
    "zh": {
        "silent": "⚠ 传感器失联",
        "trust": "当前隐患的可信度：低",
        "calibration": "校准已于2026-01-01到期",
        "quiet": "近期没有数据",
        "overdue": "校准逾期：测量值可信度降低",
        "silences": "生效中的静默",
        "orders": "未完成的工单",
        "open": "待办",
        "none": "尚无隐患",
        "empty": "暂无内容",
        "over": "最近一条隐患（已解除）的可信度：",
    },
    "en": {
        "silent": "⚠ sensor silent",
        "trust": "Trust in the hazard that is open: low",
        "calibration": "its calibration was due on 2026-01-01",
        "quiet": "it has not reported lately",
        "overdue": "The calibration is overdue",
        "silences": "Silences in force",
        "orders": "Open work orders",
        "open": "Still to do",
        "none": "It has had no hazard yet",
        "empty": "Nothing here.",
        "over": "Trust in its latest hazard, which is over: ",
    },
}


async def _silent_sensor(hub: Hub, code: str) -> tuple[int, int]:
    """A sensor that the engine found silent, on a work order and silenced; the numbers of hazard and order."""
    now = datetime.now(UTC)
    async with hub.pool.acquire() as connection:
        rule = await connection.fetchval(
            "INSERT INTO rule (kind, hazard_type, revision, body, source, approved_by, approved_at, effective_from)"
            " VALUES ('gas', 'sensor_silent', 1, $1, 'test', 'lifeline', $2, $2)"
            " ON CONFLICT (kind, hazard_type, revision) DO UPDATE SET source = 'test' RETURNING rule_id",
            *(_SILENT, now),
        )
        sensor = await connection.fetchval(
            "INSERT INTO sensor (code, kind, calibration_due_on, attributes) VALUES ($1, 'gas', '2026-01-01', $2)"
            " RETURNING sensor_id",
            *(code, {"calibration_due": "2026-01-01"}),
        )
        hazard: int = await connection.fetchval(
            "INSERT INTO hazard (sensor_id, hazard_type, rule_id, grade, peak_grade, latched, reason_zh, reason_en,"
            " raised_at, graded_at) VALUES ($1, 'sensor_silent', $2, 3, 3, false, '四次未上报', 'missed four', $3, $3)"
            " RETURNING hazard_id",
            *(sensor, rule, now),
        )
        order: int = await connection.fetchval(
            "INSERT INTO work_order (grid_id, day, created_at) VALUES ($1, $2, $3) RETURNING work_order_id",
            *(f"order-of-{code}", now.date(), now),
        )
        await connection.execute("INSERT INTO work_order_item VALUES ($1, $2)", order, hazard)
        for covered, work, reason in (
            (sensor, None, f"{code} is dug out"),
            (None, order, f"{code} waits for a part"),
        ):
            await connection.execute(
                "INSERT INTO silence (sensor_id, work_order_id, starts_at, ends_at, reason, created_by, created_at)"
                " VALUES ($1, $2, $3, $4, $5, 'user:page-zhao', $3)",
                *(covered, work, now, now + timedelta(hours=3), reason),
            )
    return hazard, order


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_silent_sensor_is_marked_and_its_page_tells_trust_silences_and_work(
    desk: Desks, hub: Hub, rows: Rows, language: str
) -> None:
    code, words = f"SILENT-{language}", _WORDS[language]
    hazard, order = await _silent_sensor(hub, code)
    at = await desk("officer", language)
    page = at.page
    await at.open("/sensors")
    await expect(page.locator(f'[data-row][data-id="{code}"]')).to_contain_text(words["silent"])
    await expect(page.locator('[data-row][data-id="page-gas"]')).not_to_contain_text("⚠")
    assert await barriers(page) == []

    await at.open(f"/sensors/{code}")
    main = page.locator("#main")
    for said in ("trust", "calibration", "quiet", "overdue"):
        await expect(main).to_contain_text(words[said])
    await expect(main).not_to_contain_text("calibration_due")
    silences = page.get_by_role("table", name=words["silences"])
    await expect(silences.locator("[data-row]")).to_have_count(2)
    for reason in (f"{code} is dug out", f"{code} waits for a part"):
        await expect(silences.locator("[data-row]", has_text=reason).locator("time")).to_have_count(1)
    orders = page.get_by_role("table", name=words["orders"]).locator("[data-row]")
    await expect(orders).to_have_count(1)
    for said in (f"#{order}", words["silent"].removeprefix("⚠ "), words["open"]):
        await expect(orders).to_contain_text(said)
    assert await barriers(page) == []

    await at.open("/sensors/page-gas")
    await expect(main).not_to_contain_text(code)  # what covers another sensor

    await hub.pool.execute("UPDATE hazard SET cleared_at = now() WHERE hazard_id = $1", hazard)
    await hub.pool.execute("UPDATE work_order SET done_at = now() WHERE work_order_id = $1", order)
    await hub.pool.execute("UPDATE silence SET ends_at = now() WHERE reason LIKE $1", f"{code}%")
    await at.open(f"/sensors/{code}")
    await expect(main).to_contain_text(words["over"])
    for name in ("silences", "orders"):
        await expect(page.get_by_role("table", name=words[name])).to_contain_text(words["empty"])
    await at.open("/sensors")
    await expect(page.locator(f'[data-row][data-id="{code}"]')).not_to_contain_text(words["silent"])


async def test_a_sensor_without_a_hazard_says_so_and_shows_its_silence_at_once(
    desk: Desks, hub: Hub, rows: Rows
) -> None:
    await hub.pool.execute("INSERT INTO sensor (code, kind) VALUES ('SOUND-1', 'gas')")
    at = await desk("officer")
    page = at.page
    await at.open("/sensors/SOUND-1")
    await expect(page.locator("#main")).to_contain_text(_WORDS["en"]["none"])
    await page.get_by_role("button", name="Silence it").click()
    dialog, until = page.get_by_role("dialog"), datetime.now(UTC) + timedelta(hours=12)
    await dialog.get_by_label("Until").fill(until.strftime("%Y-%m-%dT%H:%M"))
    await dialog.get_by_label("Reason").fill("a new probe is fitted")
    await dialog.get_by_role("button", name="Do it").click()
    silences = page.get_by_role("table", name=_WORDS["en"]["silences"])
    await expect(silences).to_contain_text("a new probe is fitted")
    await expect(silences).to_contain_text("officer-")


@pytest.mark.parametrize(
    ("code", "camera_id", "camera_url"),
    [("CAM-1", None, "rtsp://10.0.0.8/well"), ("CAM-2", "44122300001320000001", None)],
)
async def test_an_incident_shows_the_camera_and_what_neighbours_measure(
    desk: Desks, hub: Hub, rows: Rows, code: str, camera_id: str | None, camera_url: str | None
) -> None:
    now = datetime.now(UTC)
    number = await raise_incident(hub.pool, code, grade=3)
    latitude = 23.5 + int(code[-1]) / 100  # away from what other tests put into the middle of the county
    await hub.pool.execute(
        "UPDATE sensor SET longitude = 112.3, latitude = $2, camera_id = $3, camera_url = $4 WHERE code = $1",
        *(code, latitude, camera_id, camera_url),
    )
    await hub.pool.execute("UPDATE rule SET body = $2 WHERE hazard_type = $1", code.lower().replace("-", "_"), _LEAK)
    async with hub.pool.acquire() as connection:
        if await detect_engine(connection) == "plain":
            await ensure_days(connection, "reading_gas", [now.date()])
        for name, away, value in (("NEAR", 0.0005, 12.5), ("DUMB", 0.001, None), ("FAR", 0.1, 99.0)):
            sensor = await connection.fetchval(
                "INSERT INTO sensor (code, kind, longitude, latitude) VALUES ($1, 'gas', 112.3, $2)"
                " RETURNING sensor_id",
                *(f"{code}-{name}", latitude + away),
            )
            if value is not None:
                await connection.execute(
                    "INSERT INTO reading_gas (sensor_id, time, ch4_lel_pct) VALUES ($1, $2, $3)", sensor, now, value
                )
    at = await desk("officer")
    page = at.page
    await at.open(f"/incidents/{number}")
    near = page.locator(".near-by")
    await expect(near).to_have_count(2)
    await expect(near.first).to_contain_text(f"{code}-NEAR 56 m: 12.5")
    await expect(near.last).to_contain_text(f"{code}-DUMB 111 m: –")
    finding, link = page.locator(".finding"), page.get_by_role("link", name="Camera")
    if camera_url:
        await expect(link).to_have_attribute("href", camera_url)
    else:
        await expect(finding).to_contain_text(f"Camera {camera_id}")
        await expect(link).to_have_count(0)
    await hub.pool.execute("UPDATE incident SET stage = 'closed', closed_at = now() WHERE incident_id = $1", number)
    await hub.pool.execute("UPDATE hazard SET cleared_at = now() WHERE incident_id = $1", number)
