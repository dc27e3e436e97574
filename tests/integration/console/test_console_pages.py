"""Every page of the menu with rows in the database, in both languages; the acts that a duty office does most."""

from datetime import UTC, datetime, timedelta

import pytest
from console_support import Desk, Desks, Hub, barriers_in_both_themes
from page_rows import Rows
from playwright.async_api import Locator, expect

pytestmark = pytest.mark.asyncio(loop_scope="session")


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
    "/work-orders": ("页面网格", "cell of pages"),
    "/rules": ("燃气泄漏", "gas leak"),
    "/plans": ("页面泄漏预案", "plan of pages"),
    "/supplies": ("页面库", "store of pages"),
    "/shelters": ("页面馆", "gymnasium of pages"),
    "/exercises": ("页面演练", "Drill of pages"),
    "/kpis": ("燃气泄漏", "gas leak"),
    "/quarantine": ("sensors/page", "sensors/page"),
    "/hazard-trend": ("Ⅰ 红色", "Ⅰ red"),
    "/sensors/page-gas": ("页面浓度高", "high on pages"),
}


# Texts outside of what is a code by its nature: a topic, an address, a name of a table, what is edited as YAML.
_CODES = """() => {
  const texts = document.createTreeWalker(document.querySelector('#main'), NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    const within = texts.currentNode.parentElement;
    if (within.closest('.code, .diff, i, textarea')) continue;
    const said = texts.currentNode.data;
    if (/(^|\\W)([a-z]+_[a-z_]+|(user|squad|key):\\w+)/.test(said)) found.push(said);
  }
  return found;
}"""


@pytest.mark.parametrize(("role", "language"), [("officer", "zh"), ("administrator", "en"), ("approver", "en")])
@pytest.mark.timeout(240)
async def test_every_page_of_the_menu_shows_what_there_is(desk: Desks, rows: Rows, role: str, language: str) -> None:
    at = await desk(role, language)
    await at.open("/me")
    menu = at.page.locator(".menu a")
    paths = [(await link.get_attribute("href") or "").removeprefix("/console") for link in await menu.all()]
    assert set(paths) >= set(_SHOWN) - {"/report", "/hazard-trend", "/sensors/page-gas"}
    if role == "approver":  # the same pages with other buttons, tried below
        return
    barred: list[str] = []
    shown = _SHOWN | {
        f"/warnings/{rows.warning}": ("页面橙色预警", "Pages: orange"),
        f"/exercises/{rows.exercise}": ("太慢", "too slow"),
        f"/incidents/{rows.incident}": ("到场处置", "handle it on site"),
        f"/incidents/{rows.incident}/review": ("页面泄漏", "leak of pages"),
    }
    for path in dict.fromkeys([*paths, *(path for path in shown if path.count("/") > 1 or path == "/hazard-trend")]):
        await at.open(path)
        if path != f"/incidents/{rows.incident}":  # which says that nobody has acknowledged it
            await expect(at.page.locator(".fault:visible")).to_have_count(0)
        if path in shown:
            await expect(at.page.locator("#main")).to_contain_text(shown[path][language == "en"])
        assert await at.page.evaluate(_CODES) == [], f"{path} shows codes"
        wide, there = await at.page.evaluate(
            "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= there, f"{path} is wider than the screen"
        if role == "officer" or path == "/audit":  # that one is the administrator's
            barred += await barriers_in_both_themes(at.page)
        outside = await at.page.eval_on_selector_all(
            "#main a[href]",
            "links => links.map(link => link.pathname).filter(path => !path.startsWith('/console/'))",
        )
        assert outside == [], f"{path} has links that lead out of the console"
    assert barred == []


async def test_a_list_says_that_nothing_is_there_once_that_is_known(desk: Desks) -> None:
    at = await desk("officer", "en")
    kept_waiting = await at.page.context.new_page()
    await kept_waiting.route_web_socket("**", lambda _: None)  # what fills lists comes over it
    await kept_waiting.goto(f"{at.hub.address}/console/silences")
    await expect(kept_waiting.locator("table th").first).to_be_visible()
    await expect(kept_waiting.locator("td.empty")).to_have_count(0)
    await kept_waiting.close()
    await at.open("/silences")
    await expect(at.page.locator("tr[data-row], td.empty")).not_to_have_count(0)


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


async def test_a_plan_is_proposed_by_one_person_and_approved_by_another(desk: Desks, hub: Hub, rows: Rows) -> None:
    at = await desk("officer")
    page = at.page
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

    at = await desk("approver")
    await at.open("/plans")
    await row(at, "quicker").get_by_role("button", name="Approve").click()
    await expect(at.page.get_by_role("dialog")).to_contain_text("45")  # what changes, before it does
    await answer(at)
    await expect(row(at, "quicker")).to_contain_text("approved")
    assert await hub.pool.fetchval("SELECT approved_by FROM plan WHERE note = 'quicker'") is not None


async def test_a_warning_is_approved(desk: Desks, hub: Hub, rows: Rows) -> None:
    at = await desk("approver")
    page = at.page
    await at.open("/warnings")
    await page.get_by_role("link", name="Pages: orange").click()
    await page.wait_for_url(f"**/console/warnings/{rows.warning}")
    await page.get_by_role("button", name="Approve").click()
    await answer(at, Note="fit to print")
    await expect(page.locator("#main")).to_contain_text("State: approved")
    await expect(row(at, "fit to print")).to_contain_text("approver-")
    assert await hub.pool.fetchval("SELECT state FROM warning WHERE warning_id = $1", rows.warning) == "approved"
