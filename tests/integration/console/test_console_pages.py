"""Every page of the menu with rows in the database, in both languages; the acts that a duty office does most."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from console_support import Desk, Desks, Hub
from playwright.async_api import Locator, expect

from database.engine import detect_engine, ensure_days

pytestmark = pytest.mark.asyncio(loop_scope="session")
_RULE = {
    "title": {"zh": "燃气泄漏", "en": "gas leak"},
    "skill": "gas",
    "source": "test",
    "quantity": "ch4_lel_pct",
    "cases": [{"limits": {"yellow": 25.0, "orange": 50.0}}],
}
_PLAN: dict[str, Any] = {
    "hazard_type": "page_leak",
    "title": {"zh": "页面泄漏预案", "en": "plan of pages"},
    "source": "test",
    "grades": {
        "blue": {
            "tasks": [{"role": "handle", "skill": "gas", "title": {"zh": "处置", "en": "handle it"}}],
            "limits": {"remind_s": 60, "confirm_s": 180, "depart_s": 600, "arrive_s": 1800, "finish_s": 14400},
            "escalation": [{"after_s": 300, "tell": "leader"}],
            "reports": {"first_s": 1200, "follow_up_s": 3600, "final_s": 86400},
        }
    },
}
_WARNING = {
    "status": "Actual",
    "category": "CBRNE",
    "event_level": 2,
    "warning_level": 2,
    "certainty": "Observed",
    "zh": {"event": "燃气泄漏", "headline": "页面橙色预警", "description": "险", "instruction": "避", "area": "南街"},
    "en": {"event": "Gas", "headline": "Pages: orange", "description": "a", "instruction": "b", "area": "Nanjie"},
    "polygon": None,
    "circle": {"center": {"longitude": 112.4, "latitude": 23.6}, "radius_km": 0.3},
    "onset_at": None,
    "contact": "12319",
}
_REPORT = {
    "passed": True,
    "score": 87,
    "outcomes": [
        {
            "text": {"zh": "立案", "en": "a case is opened"},
            "after_s": 0,
            "before_s": 600,
            "at_s": 61,
            "happened": True,
        }
    ],
    "findings": [{"zh": "太慢", "en": "too slow", "proposal_zh": "改预案", "proposal_en": "change the plan"}],
}


@dataclass(frozen=True)
class Rows:
    """Numbers of what ``rows`` put into the database."""

    hazard: int
    incident: int
    held: int
    warning: int
    exercise: int


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rows(hub: Hub) -> AsyncIterator[Rows]:
    """A little of everything that pages show, called after pages."""
    now = datetime.now(UTC).replace(microsecond=0)
    async with hub.pool.acquire() as connection:
        value = connection.fetchval
        if await detect_engine(connection) == "plain":
            await ensure_days(connection, "reading_gas", [now.date()])
        await connection.execute(
            "INSERT INTO grid (grid_id, name_zh, name_en, town_zh, town_en, responsible_person, responsible_phone,"
            " outline) VALUES ('page-grid', '页面网格', 'cell of pages', '南街', 'Nanjie', '李网格', '138', $1)",
            {"type": "Polygon", "coordinates": [[[112.3, 23.5], [112.5, 23.5], [112.5, 23.7], [112.3, 23.5]]]},
        )
        sensor = await value(
            "INSERT INTO sensor (code, kind, name_zh, name_en, grid_id, longitude, latitude, attributes)"
            " VALUES ('page-gas', 'gas', '页面气', 'gas of pages', 'page-grid', 112.4, 23.6, '{}') RETURNING sensor_id"
        )
        for place in range(3):
            await connection.execute(
                "INSERT INTO reading_gas (sensor_id, time, ch4_lel_pct) VALUES ($1, $2, $3)",
                *(sensor, now - timedelta(seconds=place), 61.5 + place),
            )
        await connection.execute(
            "INSERT INTO squad (squad_id, name_zh, name_en, skills, longitude, latitude, duty_start, duty_end, phone)"
            " VALUES ('page-squad', '页面队', 'squad of pages', '{gas}', 112.4, 23.6, '00:00', '00:00', '0758-1')"
        )
        await connection.execute(
            "INSERT INTO contact (contact_id, name_zh, name_en, person)"
            " VALUES ('page-leader', '页面带班', 'leader of pages', 'leader')"
        )
        await connection.execute(
            "INSERT INTO shift (uid, squad_id, starts_at, ends_at) VALUES ('page-shift', 'page-squad', $1, $2)",
            *(now - timedelta(hours=1), now + timedelta(hours=7)),
        )
        await connection.execute(
            "INSERT INTO plan (hazard_type, revision, body, source, proposed_by, proposed_at, approved_by, approved_at)"
            " VALUES ('page_leak', 1, $1, 'test', 'county data', $2, 'lifeline init', $2)",
            *(_PLAN, now),
        )
        await connection.execute("INSERT INTO store VALUES ('page-store', '页面库', 'store of pages', 112.4, 23.6, '')")
        await connection.execute("INSERT INTO stock VALUES ('page-store', 'blower', '风机', 'blower', '台', 4, 1)")
        await connection.execute(
            "INSERT INTO shelter (shelter_id, name_zh, name_en, longitude, latitude, capacity)"
            " VALUES ('page-shelter', '页面馆', 'gymnasium of pages', 112.4, 23.6, 100)"
        )
        rule = await value(
            "INSERT INTO rule (kind, hazard_type, revision, body, source) VALUES ('gas', 'page_leak', 1, $1, 'test')"
            " RETURNING rule_id",
            _RULE,
        )
        incident = await value(
            "INSERT INTO incident (kind, hazard_type, grade, stage, skill, title_zh, title_en, longitude, latitude,"
            " opened_at) VALUES ('gas', 'page_leak', 3, 'dispatched', 'gas', '页面泄漏', 'leak of pages', 112.4, 23.6,"
            " $1) RETURNING incident_id",
            now,
        )
        hazard = await value(
            "INSERT INTO hazard (sensor_id, hazard_type, rule_id, grade, peak_grade, latched, reason_zh, reason_en,"
            " raised_at, graded_at, incident_id) VALUES ($1, 'page_leak', $2, 3, 3, false, '页面浓度高',"
            " 'high on pages', $3, $3, $4) RETURNING hazard_id",
            *(sensor, rule, now, incident),
        )
        task = await value(
            "INSERT INTO task (incident_id, squad_id, status, decision, created_at, updated_at)"
            " VALUES ($1, 'page-squad', 'ordered', $2, $3, $3) RETURNING task_id",
            *(incident, {"chosen": "page-squad"}, now),
        )
        await connection.execute(
            "INSERT INTO notification (key, task_id, channel, recipient, body, created_at, dead_at, error)"
            " VALUES ('page-1', $1, 'pager', 'page-leader', $2, $3, $3, 'no channel is called pager')",
            *(task, {"text": {"zh": "页面通知", "en": "notice of pages"}}, now),
        )
        order = await value(
            "INSERT INTO work_order (grid_id, day, created_at) VALUES ('page-grid', $1, $2) RETURNING work_order_id",
            *(now.date(), now),
        )
        await connection.execute("INSERT INTO work_order_item VALUES ($1, $2)", order, hazard)
        held = await value(
            "INSERT INTO quarantine (topic, payload, reason, received_at) VALUES ('sensors/page', $1, 'odd', $2)"
            " RETURNING quarantine_id",
            *(b"\xff\x00", now),
        )
        warning = await value(
            "INSERT INTO warning (message, state, status, incident_id, event_level, warning_level, entry, drafted_by,"
            " edited_by, drafted_at, expires_at) VALUES ('Alert', 'draft', 'Actual', $1, 2, 2, $2, 'user:page-zhao',"
            " 'user:page-zhao', $3, $4) RETURNING warning_id",
            *(incident, {**_WARNING, "expires_at": (now + timedelta(hours=6)).isoformat()}, now),
            now + timedelta(hours=6),
        )
        exercise = await value(
            "INSERT INTO exercise (drill, title_zh, title_en, seed, status, started_at, ended_at, report)"
            " VALUES ('pages', '页面演练', 'Drill of pages', 1, 'ended', $1, $1, $2) RETURNING exercise_id",
            *(now, _REPORT),
        )
    yield Rows(hazard, incident, held, warning, exercise)
    # Otherwise its alarm would be in the banner of the other tests' pages.
    await hub.pool.execute("UPDATE incident SET stage = 'closed', closed_at = $2 WHERE incident_id = $1", incident, now)


_SHOWN: dict[str, tuple[str, str]] = {
    "/hazards": ("页面浓度高", "high on pages"),
    "/report": ("来电编号", "Reference of the call"),
    "/squads": ("页面队", "squad of pages"),
    "/rota": ("页面队", "squad of pages"),
    "/duty": ("页面带班", "leader of pages"),
    "/warnings": ("页面橙色预警", "Pages: orange"),
    "/notifications": ("页面通知", "notice of pages"),
    "/sensors": ("页面气", "gas of pages"),
    "/silences": ("被静默隐患数", "Hazards silenced"),
    "/work-orders": ("page-grid", "page-grid"),
    "/rules": ("燃气泄漏", "gas leak"),
    "/plans": ("页面泄漏预案", "plan of pages"),
    "/supplies": ("页面库", "store of pages"),
    "/shelters": ("页面馆", "gymnasium of pages"),
    "/exercises": ("页面演练", "Drill of pages"),
    "/kpis": ("page_leak", "page_leak"),
    "/quarantine": ("sensors/page", "sensors/page"),
    "/hazard-trend": ("Ⅰ 红色", "Ⅰ red"),
    "/sensors/page-gas": ("页面浓度高", "high on pages"),
}


@pytest.mark.parametrize(("role", "language"), [("officer", "zh"), ("administrator", "en"), ("approver", "en")])
async def test_every_page_of_the_menu_shows_what_there_is(desk: Desks, rows: Rows, role: str, language: str) -> None:
    at = await desk(role, language)
    menu = at.page.locator(".menu a")
    paths = [(await link.get_attribute("href") or "").removeprefix("/console") for link in await menu.all()]
    assert set(paths) >= set(_SHOWN) - {"/report", "/hazard-trend", "/sensors/page-gas"}
    if role == "approver":  # the same pages with other buttons, tried below
        return
    shown = _SHOWN | {
        f"/warnings/{rows.warning}": ("页面橙色预警", "Pages: orange"),
        f"/exercises/{rows.exercise}": ("太慢", "too slow"),
        f"/incidents/{rows.incident}/review": ("页面泄漏", "leak of pages"),
    }
    for path in dict.fromkeys([*paths, *(path for path in shown if path.count("/") > 1 or path == "/hazard-trend")]):
        await at.open(path)
        await expect(at.page.locator(".fault:visible")).to_have_count(0)
        if path in shown:
            await expect(at.page.locator("#main")).to_contain_text(shown[path][language == "en"])
        wide, there = await at.page.evaluate(
            "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= there, f"{path} is wider than the screen"
        outside = await at.page.eval_on_selector_all(
            "#main a[href]",
            "links => links.map(link => link.pathname).filter(path => !path.startsWith('/console/'))",
        )
        assert outside == [], f"{path} has links that lead out of the console"


def row(at: Desk, text: str) -> Locator:
    """The first row that holds ``text``."""
    return at.page.locator("[data-row]").filter(has_text=text).first


async def answer(at: Desk, **given: str) -> None:
    """Fill the open dialog in, by the labels of its fields, go through with it and see it close."""
    dialog = at.page.get_by_role("dialog")
    for label, text in given.items():
        await dialog.get_by_label(label.replace("_", " ")).first.fill(text)
    await dialog.get_by_role("button", name="Do it").click()
    await expect(dialog).to_have_count(0)


async def test_what_a_duty_officer_does(desk: Desks, hub: Hub, rows: Rows) -> None:
    at = await desk("officer")
    page, value = at.page, hub.pool.fetchval

    await at.open("/hazards")
    await row(at, "high on pages").get_by_role("button", name="Why").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Trust: ")
    await page.keyboard.press("Escape")
    await row(at, "high on pages").get_by_role("button", name="Acknowledge").click()
    await answer(at, Note="seen")
    await expect(row(at, "high on pages")).to_contain_text("officer-")
    assert await value("SELECT acknowledged_at FROM hazard WHERE hazard_id = $1", rows.hazard) is not None

    await at.open("/silences")
    await page.get_by_role("button", name="Add a silence").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Do it").click()
    await expect(dialog).to_contain_text("Fill in: Until, Reason")
    await answer(at, Sensor="page-gas", Until="2099-01-01T08:00", Reason="page works")
    await expect(page.locator(".q-notification")).to_contain_text("within 30 days")
    assert await value("SELECT count(*) FROM silence WHERE reason = 'page works'") == 0
    until = datetime.now(UTC) + timedelta(hours=11)  # on the county's clock: in three hours
    await page.get_by_role("button", name="Add a silence").click()
    await answer(at, Sensor="page-gas", Until=until.strftime("%Y-%m-%dT%H:%M"), Reason="page works")
    await row(at, "page works").get_by_role("button", name="End it").click()
    await answer(at)
    await expect(row(at, "page works")).to_have_count(0)
    assert await value("SELECT ended_by FROM silence WHERE reason = 'page works'") is not None

    await at.open("/plans")
    await row(at, "plan of pages").get_by_role("button", name="Propose a change").click()
    text = page.get_by_label("Plan (YAML)")
    changed = (await text.input_value()).replace("remind_s: 60", "remind_s: 45")
    await text.fill("grades: [")
    await page.get_by_role("button", name="Compare").click()
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("expected")
    await text.fill(changed)
    await page.get_by_role("button", name="Compare").click()
    await expect(page.get_by_role("dialog")).to_contain_text("45")
    await page.get_by_label("What it is for").fill("quicker")
    await page.get_by_role("button", name="Propose", exact=True).click()
    await expect(row(at, "quicker")).to_contain_text("waits for approval")

    await at.open("/supplies")
    await row(at, "store of pages").get_by_role("button", name="Count").click()
    await answer(at, How_many="3", Note="by hand")
    await expect(row(at, "by hand")).to_contain_text("counted")
    assert await value("SELECT amount FROM stock WHERE store_id = 'page-store'") == 3

    await at.open("/shelters")
    await row(at, "gymnasium of pages").get_by_role("button").click()
    await page.get_by_role("switch").click()
    await answer(at, People_in_it="12")
    await expect(row(at, "gymnasium of pages")).to_contain_text("● open")

    await at.open("/squads")
    await row(at, "squad of pages").get_by_role("button", name="Out of service").click()
    await answer(at, Reason="flat tyre")
    await expect(row(at, "squad of pages")).to_contain_text("out of service: flat tyre")
    await row(at, "squad of pages").get_by_role("button", name="Back in service").click()
    await expect(row(at, "squad of pages")).not_to_contain_text("flat tyre")

    await at.open("/quarantine")
    await row(at, "sensors/page").get_by_role("button", name="Look").click()
    await expect(page.get_by_role("dialog")).to_contain_text("0000  ff 00")
    await page.keyboard.press("Escape")
    await row(at, "sensors/page").get_by_role("button", name="Drop").click()
    await answer(at)
    await expect(row(at, "sensors/page")).to_have_count(0)
    assert await value("SELECT status FROM quarantine WHERE quarantine_id = $1", rows.held) == "dropped"

    await at.open("/report")
    await page.get_by_role("button", name="Open the case").click()
    await expect(page.get_by_text("Fill in: Where, in words, What was said")).to_be_visible()
    await page.get_by_label("Where, in words").fill("at the gate of pages")
    await page.get_by_label("What was said").fill("it smells")
    await page.get_by_label("Longitude").fill("500")
    await page.get_by_label("Latitude").fill("23.63")
    await page.get_by_role("button", name="Open the case").click()
    await expect(page.get_by_role("alert").first).to_contain_text("longitude")
    await page.get_by_label("Longitude").fill("112.44")
    await page.get_by_label("Reference of the call").fill("page-call-1")
    async with page.expect_navigation(url="**/console/incidents/*"):
        await page.get_by_role("button", name="Open the case").click()
    taken = await value("SELECT max(incident_id) FROM incident")
    assert page.url.endswith(f"/incidents/{taken}")
    await hub.pool.execute("UPDATE incident SET stage = 'closed', closed_at = now() WHERE incident_id = $1", taken)
    at.faults.clear()  # the incident's own page is another test's


async def test_what_another_person_approves(desk: Desks, hub: Hub, rows: Rows) -> None:
    at = await desk("approver")
    page = at.page
    await at.open("/plans")
    await row(at, "quicker").get_by_role("button", name="Approve").click()
    await expect(page.get_by_role("dialog")).to_contain_text("45")  # what changes, before it does
    await answer(at)
    await expect(row(at, "quicker")).to_contain_text("approved")
    await at.open("/warnings")
    await page.get_by_role("link", name="Pages: orange").click()
    await page.wait_for_url(f"**/console/warnings/{rows.warning}")
    await page.get_by_role("button", name="Approve").click()
    await answer(at, Note="fit to print")
    await expect(page.locator("#main")).to_contain_text("State: approved")
    await expect(row(at, "fit to print")).to_contain_text("approver-")
    assert await hub.pool.fetchval("SELECT state FROM warning WHERE warning_id = $1", rows.warning) == "approved"
