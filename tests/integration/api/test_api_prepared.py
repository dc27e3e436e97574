"""What a county prepares, over the API: squads, rota, plans, materials, shelters, people, grid cells."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from county_support import GRID, NOW, PLAN

from dispatch.dispatcher import TURN

NAME = {"zh": "二队", "en": "squad 2"}
HOME = {"longitude": 112.41, "latitude": 23.61}
SQUAD = {"name": NAME, "skills": ["gas"], "position": HOME, "members": [{"name": "李强", "skills": ["confined_space"]}]}
SHIFT = {"who": "gas-1", "starts_at": "2026-05-02T00:00:00Z", "ends_at": "2026-05-02T12:00:00Z"}
ENTRIES: list[tuple[str, dict[str, Any]]] = [
    ("/squads/gas-2", SQUAD),
    ("/rota/new-1", SHIFT),
    ("/stores/store-2", {"name": NAME, "position": HOME}),
    ("/stores/store-1/stock/sandbag", {"name": NAME, "unit": "袋", "minimum": 5}),
    ("/shelters/shelter-2", {"name": NAME, "position": HOME, "capacity": 50}),
    ("/contacts/grid-2", {"name": NAME, "person": "grid_person", "grid_id": "grid-1", "channels": ["console"]}),
    ("/grids/grid-2", GRID),
]


@pytest.mark.parametrize(("address", "entry"), ENTRIES, ids=[address for address, _ in ENTRIES])
async def test_what_is_entered_is_changed_with_its_etag_only(
    everybody: dict[str, httpx.AsyncClient], pool: asyncpg.Pool, address: str, entry: dict[str, Any]
) -> None:
    desk = everybody["administrator"]
    made = await desk.put(address, json=entry)
    assert made.status_code == 201, made.text
    tag = made.headers["etag"]
    assert (await desk.put(address, json=entry)).status_code == 428
    assert (await desk.put(address, json=entry, headers={"If-Match": '"1"'})).status_code == 412
    changed = await desk.put(address, json=entry, headers={"If-Match": tag})
    assert (changed.status_code, changed.headers["etag"] == tag) == (200, False), changed.text
    assert (await desk.put(address, json=entry, headers={"If-Match": tag})).status_code == 412
    assert changed.json() | {"updated_at": ""} == made.json() | {"updated_at": ""}
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE action = $1", _action(address)) >= 2


def _action(address: str) -> str:
    parts = address.strip("/").split("/")
    return {"rota": "put_shift"}.get(parts[0], "put_stock" if "stock" in parts else f"put_{parts[0].removesuffix('s')}")


async def test_squads_stand_as_they_say(everybody: dict[str, httpx.AsyncClient], pool: asyncpg.Pool) -> None:
    member = everybody["squad"]
    shown = (await member.get("/squads/gas-1")).json()
    assert (shown["standing"], shown["open_tasks"]) == ("assigned", [1])
    assert (await member.get("/squads/road-1")).status_code == 404
    assert (await member.post("/squads/road-1/position", json=HOME)).status_code == 404
    placed = await member.post("/squads/gas-1/position", json=HOME)
    assert (placed.json()["seen"], placed.json()["seen_at"]) == (HOME, "2026-05-01T08:00:00Z")
    etag = placed.headers["etag"]
    out = await member.post("/squads/gas-1/out-of-service", json={"reason": "车辆故障"})
    assert (out.json()["standing"], out.json()["out_reason"]) == ("assigned", "车辆故障")
    assert out.headers["etag"] == etag
    back = await everybody["officer"].post("/squads/gas-1/in-service")
    assert (back.json()["standing"], back.json()["out_since"]) == ("assigned", None)
    standing = {one["squad_id"]: one["standing"] for one in (await everybody["viewer"].get("/squads")).json()["items"]}
    assert standing == {"gas-1": "assigned", "road-1": "off_duty"}
    refused = await everybody["administrator"].delete("/squads/gas-1", headers={"If-Match": "*"})
    assert refused.status_code == 409
    assert (await everybody["administrator"].delete("/squads/road-1", headers={"If-Match": "*"})).status_code == 204


async def test_the_rota_goes_in_and_out_as_a_calendar(everybody: dict[str, httpx.AsyncClient]) -> None:
    officer = everybody["officer"]
    leave = {**SHIFT, "who": "leader-1", "kind": "leave", "substitute": "leader-1", "note": "休假"}
    assert (await officer.put("/rota/leave-1", json=leave)).status_code == 201
    listed = (await officer.get("/rota?limit=1")).json()
    assert [shift["uid"] for shift in listed["items"]] == ["shift-1"]
    follows = (await officer.get(f"/rota?cursor={listed['next_cursor']}")).json()["items"]
    assert [shift["uid"] for shift in follows] == ["leave-1"]
    calendar = await officer.get("/exports/rota")
    assert calendar.headers["content-type"].startswith("text/calendar")
    assert "X-SUBSTITUTE:leader-1" in calendar.text
    gone = await officer.delete("/rota/leave-1", headers={"If-Match": "*"})
    assert gone.status_code == 204
    header = {"Content-Type": "text/calendar"}
    again = await officer.post("/imports/rota", content=calendar.content, headers=header)
    assert again.json() == {"shifts": 2}
    assert (await officer.get("/rota/leave-1")).json()["note"] == "休假"
    over = await officer.post("/rota/shift-1/hand-over", json={"note": "阀门井已通风"})
    assert (over.json()["handed_over_by"], over.json()["handed_over_note"]) == ("user:officer-1", "阀门井已通风")
    assert (await officer.post("/rota/shift-1/hand-over")).status_code == 404
    for wrong in ({**SHIFT, "who": "nobody"}, {**SHIFT, "ends_at": SHIFT["starts_at"]}):
        assert (await officer.put("/rota/wrong", json=wrong)).status_code == 422
    assert (await officer.post("/imports/rota", content=b"BEGIN:VCALENDAR")).status_code == 422


async def test_a_plan_is_approved_by_another_person(everybody: dict[str, httpx.AsyncClient]) -> None:
    leader, approver = everybody["leader"], everybody["approver"]
    slower = {**PLAN, "source": "drill 7"}
    [change] = (await leader.post("/plans/diff", json={"plans": [slower]})).json()["items"]
    assert "-source: test\n+source: drill 7\n" in change["diff"]
    [made] = (await leader.post("/plans/proposals", json={"plans": [slower], "note": "演练"})).json()["items"]
    assert (made["revision"], made["state"]) == (2, "proposed")
    assert (await leader.post("/plans/gas_leak/revisions/2/approve")).status_code == 403
    assert (await approver.post("/plans/gas_leak/revisions/3/approve")).status_code == 404
    approved = await approver.post("/plans/gas_leak/revisions/2/approve")
    assert (approved.json()["state"], approved.json()["approved_by"]) == ("approved", "user:approver-1")
    assert (await approver.post("/plans/gas_leak/revisions/2/approve")).status_code == 409
    await leader.post("/plans/proposals", json={"plans": [PLAN]})
    rejected = await approver.post("/plans/gas_leak/revisions/3/reject", json={"reason": "没有必要"})
    assert (rejected.json()["state"], rejected.json()["rejected_why"]) == ("rejected", "没有必要")
    assert (await approver.post("/plans/gas_leak/revisions/3/approve")).status_code == 409
    assert [plan["revision"] for plan in (await leader.get("/plans")).json()["items"]] == [2]
    states = [plan["state"] for plan in (await leader.get("/plans/revisions?type=gas_leak")).json()["items"]]
    assert states == ["rejected", "approved", "approved"]
    wrong = await leader.post("/plans/proposals", json={"plans": [{**PLAN, "grades": {}}]})
    assert (wrong.status_code, "at least one grade" in wrong.text) == (422, True)


async def test_materials_are_promised_issued_and_come_back(
    everybody: dict[str, httpx.AsyncClient], county: Any, pool: asyncpg.Pool
) -> None:
    officer = everybody["officer"]
    wanted = {"item": "blower", "amount": 6}
    promised = await officer.post(f"/incidents/{county.incident}/materials", json=wanted)
    assert promised.json() == {"item": "blower", "wanted": 6, "missing": 2}
    address = "/stores/store-1/stock/blower/movements"
    assert (await officer.post(address, json={"what": "issued", "amount": 1})).status_code == 409
    issue = {"what": "issued", "amount": 3, "incident_id": county.incident, "note": "抢修"}
    assert (await officer.post(address, json=issue)).json()["amount"] == 1
    response = (await officer.get(f"/incidents/{county.incident}/response")).json()
    assert response["materials"] == [{"item": "blower", "wanted": 1, "reserved": 1, "issued": 3}]
    back = await officer.post(address, json={**issue, "what": "returned"})
    assert (back.json()["amount"], back.json()["reserved"]) == (4, 1)
    assert (await officer.post(address, json={**issue, "incident_id": 99})).status_code == 404
    assert (await officer.post("/stores/store-1/stock/rope/movements", json=issue)).status_code == 404
    trail = (await officer.get(f"/stock/movements?incident={county.incident}")).json()["items"]
    assert [(entry["what"], entry["amount"], entry["actor"]) for entry in trail] == [
        ("returned", 3, "user:officer-1"),
        ("issued", 3, "user:officer-1"),
        ("reserved", 4, "user:officer-1"),
    ]
    await pool.execute("DELETE FROM response_role; DELETE FROM response")
    assert (await officer.post(f"/incidents/{county.incident}/materials", json=wanted)).status_code == 409


async def test_a_shelter_takes_no_more_than_it_can(everybody: dict[str, httpx.AsyncClient]) -> None:
    officer = everybody["officer"]
    full = await officer.post("/shelters/shelter-1/state", json={"is_open": True, "occupancy": 100})
    assert (full.json()["is_open"], full.json()["occupancy"]) == (True, 100)
    over = await officer.post("/shelters/shelter-1/state", json={"is_open": True, "occupancy": 101})
    assert over.status_code == 409
    assert len((await officer.get("/shelters?open=true")).json()["items"]) == 1


async def test_the_map_of_grid_cells_names_who_answers(everybody: dict[str, httpx.AsyncClient]) -> None:
    desk = everybody["administrator"]
    await desk.put("/grids/grid-2", json=GRID)
    shown = (await desk.get("/exports/grids")).json()
    assert [feature["id"] for feature in shown["features"]] == ["grid-1", "grid-2"]
    second = shown["features"][1]
    assert second["geometry"] == GRID["outline"]
    assert (second["properties"]["responsible_person"], second["properties"]["owners"]) == (
        "陈网格",
        {"gas": "广宁燃气"},
    )
    await desk.put("/grids/grid-2", json={**GRID, "owners": {"noise": "环保局"}}, headers={"If-Match": "*"})
    assert (await desk.get("/grids/grid-2")).json()["owners"] == {"noise": "环保局"}
    broken = {"type": "Polygon", "coordinates": [[[1, 1], [2, 2], [3, 3], [4, 4]]]}
    assert (await desk.put("/grids/grid-3", json={**GRID, "outline": broken})).status_code == 422


async def test_one_in_the_rota_stays(everybody: dict[str, httpx.AsyncClient]) -> None:
    desk = everybody["administrator"]
    leave = {**SHIFT, "who": "leader-1", "ends_at": (NOW + timedelta(days=9)).isoformat()}
    assert (await desk.put("/rota/x", json=leave)).status_code == 201
    assert (await desk.delete("/contacts/leader-1", headers={"If-Match": "*"})).status_code == 409
    assert (await desk.delete("/rota/x", headers={"If-Match": "*"})).status_code == 204
    assert (await desk.delete("/contacts/leader-1", headers={"If-Match": "*"})).status_code == 204
    misfit = {"name": NAME, "person": "leader", "grid_id": "grid-1"}
    assert (await desk.put("/contacts/misfit", json=misfit)).status_code == 422


async def test_a_squad_that_is_being_sent_is_not_removed(
    everybody: dict[str, httpx.AsyncClient], pool: asyncpg.Pool, county: Any
) -> None:
    desk = everybody["administrator"]
    assert (await desk.put("/squads/gas-2", json=SQUAD)).status_code == 201
    async with pool.acquire() as dispatching, dispatching.transaction():
        await dispatching.execute("SELECT pg_advisory_xact_lock($1)", TURN)
        removing = asyncio.create_task(desk.delete("/squads/gas-2", headers={"If-Match": "*"}))
        waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
        while not removing.done() and not await pool.fetchval(waits):
            await asyncio.sleep(0)
        await dispatching.execute(
            "INSERT INTO task (incident_id, squad_id, status, decision, role, clock_at, created_at, updated_at)"
            " SELECT min(incident_id), 'gas-2', 'ordered', '{}', 'second', $1, $1, $1 FROM incident",
            NOW,
        )
    assert (await removing).status_code == 409
