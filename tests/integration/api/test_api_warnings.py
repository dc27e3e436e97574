"""A warning's way to the public: two persons, one release, updates, the end; and what the public reads."""

from datetime import datetime, timedelta
from typing import Any

import asyncpg
import capparser
import httpx
import pytest
from lxml import etree

from api.app import create_app

Clients = dict[str, httpx.AsyncClient]
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
async def public(pool: asyncpg.Pool, now: datetime, everybody: Clients) -> Any:
    app = create_app(pool, clock=lambda: now)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub/public") as client:
        yield client


async def draft(everybody: Clients, county: Any, **given: Any) -> dict[str, Any]:
    answer = await everybody["officer"].post("/warnings", json={"incident_id": county.incident, **given})
    assert answer.status_code == 201, answer.text
    drafted: dict[str, Any] = answer.json()
    return drafted


async def bring_out(everybody: Clients, number: int) -> dict[str, Any]:
    approved = await everybody["approver"].post(f"/warnings/{number}/approve", headers={"If-Match": "*"})
    assert approved.status_code == 200, approved.text
    released = await everybody["officer"].post(f"/warnings/{number}/release")
    assert released.status_code == 200, released.text
    warning: dict[str, Any] = released.json()
    return warning


async def test_a_draft_holds_what_is_known_of_the_incident(everybody: Clients, county: Any) -> None:
    entry = (await draft(everybody, county))["entry"]
    assert (entry["event_level"], entry["warning_level"], entry["category"]) == (2, 2, "CBRNE")
    assert entry["zh"]["headline"] == "气一泄漏"
    assert entry["zh"]["description"] == "高。"
    assert "明火" in entry["zh"]["instruction"]
    assert entry["circle"]["center"] == {"longitude": 112.4, "latitude": 23.6}
    assert entry["expires_at"] == "2026-05-01T14:00:00Z"
    for wrong, status in (({}, 422), ({"incident_id": 99999}, 404), ({"incident_id": 99999, "entry": entry}, 404)):
        assert (await everybody["officer"].post("/warnings", json=wrong)).status_code == status


async def test_an_incident_without_a_place_takes_an_area(everybody: Clients, county: Any, pool: asyncpg.Pool) -> None:
    officer, asked = everybody["officer"], {"incident_id": county.incident}
    await pool.execute("UPDATE incident SET longitude = NULL, latitude = NULL")
    refused = await officer.post("/warnings", json=asked)
    assert (refused.status_code, "has no place" in refused.json()["detail"]) == (409, True)
    corners = [{"longitude": 112.3 + east, "latitude": 23.5 + north} for east, north in ((0, 0), (0.1, 0), (0, 0.1))]
    area = {"zh": "南街街道", "en": "Nanjie", "polygon": corners}
    made = await officer.post("/warnings", json={**asked, "area": area})
    entry = made.raise_for_status().json()["entry"]
    assert (entry["polygon"], entry["circle"], entry["en"]["area"]) == (corners, None, "Nanjie")
    for wrong in ({**area, "polygon": None}, {**area, "circle": {"center": corners[0], "radius_km": 1}}):
        assert (await officer.post("/warnings", json={**asked, "area": wrong})).status_code == 422


async def test_nobody_approves_what_they_wrote(everybody: Clients, county: Any, pool: asyncpg.Pool) -> None:
    leader = everybody["leader"]
    answer = await leader.post("/warnings", json={"incident_id": county.incident})
    number = answer.json()["warning_id"]
    own = await leader.post(f"/warnings/{number}/approve", headers={"If-Match": "*"})
    assert (own.status_code, "another person" in own.json()["detail"]) == (403, True)
    by_officer = await draft(everybody, county)
    edited = await leader.put(
        f"/warnings/{by_officer['warning_id']}", json=by_officer["entry"], headers={"If-Match": "*"}
    )
    assert edited.status_code == 200, edited.text
    own = await leader.post(f"/warnings/{by_officer['warning_id']}/approve", headers={"If-Match": "*"})
    assert own.status_code == 403
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute("UPDATE warning SET approved_by = drafted_by WHERE warning_id = $1", number)


async def test_what_is_approved_is_what_was_read(everybody: Clients, county: Any) -> None:
    drafted = await draft(everybody, county)
    number = drafted["warning_id"]
    read = (await everybody["approver"].get(f"/warnings/{number}")).headers["etag"]
    changed = {**drafted["entry"], "warning_level": 1}
    await everybody["officer"].put(f"/warnings/{number}", json=changed, headers={"If-Match": "*"})
    stale = await everybody["approver"].post(f"/warnings/{number}/approve", headers={"If-Match": read})
    assert stale.status_code == 412
    assert (await everybody["officer"].post(f"/warnings/{number}/release")).status_code == 409
    await everybody["approver"].post(f"/warnings/{number}/approve", headers={"If-Match": "*"})
    again = await everybody["officer"].put(f"/warnings/{number}", json=changed, headers={"If-Match": "*"})
    assert (again.json()["state"], again.json()["approved_by"]) == ("draft", None)
    assert (await everybody["officer"].post(f"/warnings/{number}/release")).status_code == 409


async def test_released_updated_and_cancelled(
    everybody: Clients, county: Any, public: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    assert "目前没有预警" in (await public.get("/warnings")).text
    first = await bring_out(everybody, (await draft(everybody, county))["warning_id"])
    page = await public.get("/warnings")
    assert "气一泄漏" in page.text
    assert "script" not in page.headers["content-security-policy"]
    update = await everybody["officer"].post(f"/warnings/{first['warning_id']}/update")
    assert update.status_code == 201
    assert (await everybody["officer"].post(f"/warnings/{first['warning_id']}/update")).status_code == 409
    second = await bring_out(everybody, update.json()["warning_id"])
    assert (await everybody["viewer"].get(f"/warnings/{first['warning_id']}")).json()["state"] == "superseded"
    assert (
        await everybody["approver"].post(f"/warnings/{first['warning_id']}/cancel", json={"zh": "止", "en": "end"})
    ).status_code == 409
    cancelled = await everybody["approver"].post(
        f"/warnings/{second['warning_id']}/cancel", json={"zh": "险情已解除。", "en": "The danger is over."}
    )
    assert cancelled.status_code == 201, cancelled.text
    document = (await public.get(f"/warnings/{cancelled.json()['identifier']}.xml")).text
    alert = capparser.parse(stringXML=document)
    assert alert.msgType[0] == "Cancel"
    assert [part.split(",")[1] for part in alert.references[0].split()] == [first["identifier"], second["identifier"]]
    assert alert.info[0][0].description[0] == "险情已解除。"
    events = (await everybody["viewer"].get(f"/warnings/{second['warning_id']}")).json()["events"]
    assert [event["event"] for event in events] == ["drafted", "approved", "released", "cancelled"]
    assert await pool.fetchval("SELECT count(*) FROM feed WHERE topic = 'warning'") == 10
    feed = etree.fromstring((await public.get("/warnings.atom")).content)
    assert len(feed.findall(f"{ATOM}entry")) == 3
    for entry in feed.findall(f"{ATOM}entry"):
        address = entry.find(f"{ATOM}link").get("href").removeprefix("http://127.0.0.1:8000/public")
        assert (await public.get(address)).headers["content-type"] == "application/cap+xml"


async def test_a_drill_is_never_among_real_warnings(everybody: Clients, county: Any, public: httpx.AsyncClient) -> None:
    drill = await bring_out(everybody, (await draft(everybody, county, status="Exercise"))["warning_id"])
    assert "气一泄漏" not in (await public.get("/warnings")).text
    shown = (await public.get("/warnings?status=Exercise")).text
    assert "【演练】" in shown
    assert "<status>Exercise</status>" in (await public.get(f"/warnings/{drill['identifier']}.xml")).text


async def test_what_is_not_released_is_not_public(everybody: Clients, county: Any, public: httpx.AsyncClient) -> None:
    drafted = await draft(everybody, county)
    assert drafted["identifier"] is None
    assert (await public.get("/warnings/44122300000000_20260501160000_000002.xml")).status_code == 404
    gone = await everybody["officer"].delete(f"/warnings/{drafted['warning_id']}", headers={"If-Match": "*"})
    assert gone.json()["state"] == "discarded"
    assert (await everybody["officer"].post(f"/warnings/{drafted['warning_id']}/release")).status_code == 409


async def test_markup_in_a_warning_stays_text(
    everybody: Clients, county: Any, public: httpx.AsyncClient, now: datetime
) -> None:
    entry = (await draft(everybody, county))["entry"]
    evil = "</p><script>alert(1)</script>]]>&"
    entry["zh"] |= {"headline": evil, "description": evil}
    made = await everybody["officer"].post("/warnings", json={"entry": entry})
    released = await bring_out(everybody, made.json()["warning_id"])
    assert "<script>" not in (await public.get("/warnings")).text
    document = (await public.get(f"/warnings/{released['identifier']}.xml")).text
    assert capparser.parse(stringXML=document).info[0][0].headline[0] == evil
    late = {**entry, "expires_at": (now - timedelta(minutes=1)).isoformat()}
    number = (await everybody["officer"].post("/warnings", json={"entry": late})).json()["warning_id"]
    await everybody["approver"].post(f"/warnings/{number}/approve", headers={"If-Match": "*"})
    assert (await everybody["officer"].post(f"/warnings/{number}/release")).status_code == 409
