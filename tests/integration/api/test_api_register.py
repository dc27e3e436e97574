"""Sensors entered, changed, imported, exported and taken out of service; readings as files."""

import csv
import io
import json
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pyarrow.parquet
import pytest

ENTRY: dict[str, Any] = {
    "kind": "gas",
    "name": {"zh": "二号井", "en": "well 2"},
    "position": {"longitude": 112.44, "latitude": 23.63},
    "owner_unit": "广宁燃气",
    "responsible_person": "李强",
    "responsible_phone": "0758-1",
    "interval_s": 600,
    "attributes": {"placement": "open"},
    "installed_on": "2025-01-01",
    "calibrated_on": "2025-04-01",
    "calibration_due_on": "2026-04-01",
    "camera_id": "44122300001320000001",
    "camera_url": "rtsp://10.8.0.9/stream1",
}


@pytest.fixture
def desk(everybody: dict[str, httpx.AsyncClient]) -> httpx.AsyncClient:
    return everybody["administrator"]


async def test_what_was_read_and_removed_meanwhile_is_not_made_again(desk: httpx.AsyncClient) -> None:
    refused = await desk.put("/sensors/GAS-2", json=ENTRY, headers={"If-Match": '"1"'})
    assert refused.status_code == 412
    assert (await desk.get("/sensors/GAS-2")).status_code == 404


async def test_a_sensor_is_entered_changed_and_retired(desk: httpx.AsyncClient, pool: asyncpg.Pool) -> None:
    made = await desk.put("/sensors/GAS-2", json=ENTRY)
    assert made.status_code == 201, made.text
    shown = made.json()
    assert {key: shown[key] for key in ENTRY} == ENTRY
    assert shown["calibration_overdue"] is True
    assert [item["code"] for item in (await desk.get("/sensors?calibration_overdue=true")).json()["items"]] == ["GAS-2"]
    assert (await desk.put("/sensors/GAS-2", json=ENTRY)).status_code == 428
    etag = made.headers["etag"]
    change = {**ENTRY, "calibrated_on": "2026-04-20", "calibration_due_on": "2027-04-20"}
    changed = await desk.put("/sensors/GAS-2", json=change, headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["calibration_overdue"]) == (200, False)
    assert (await desk.put("/sensors/GAS-2", json=ENTRY, headers={"If-Match": etag})).status_code == 412
    other = await desk.put("/sensors/GAS-2", json={**ENTRY, "kind": "noise"}, headers={"If-Match": "*"})
    assert other.status_code == 409
    gone = await desk.delete("/sensors/GAS-2", headers={"If-Match": changed.headers["etag"]})
    assert gone.json()["retired_at"] is not None
    assert "GAS-2" not in (await desk.get("/sensors")).text
    assert [item["code"] for item in (await desk.get("/sensors?retired=true")).json()["items"]] == ["GAS-2"]
    back = await desk.put("/sensors/GAS-2", json=ENTRY, headers={"If-Match": "*"})
    assert back.json()["retired_at"] is None
    recorded = [entry["action"] for entry in (await desk.get("/audit?subject=sensor")).json()["items"]]
    assert recorded == ["put_sensor", "retire_sensor", "put_sensor", "put_sensor"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "submarine"},
        {"position": {"longitude": 181, "latitude": 0}},
        {"camera_id": "123"},
        {"camera_url": "http://10.0.0.1/"},
        {"camera_url": "rtsp://user:secret@10.0.0.1/"},
        {"calibration_due_on": "2020-01-01"},
        {"attributes": {"Bad Name": "x"}},
        {"interval_s": 0},
        {"unknown": 1},
    ],
)
async def test_an_entry_that_makes_no_sense_is_refused(desk: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    answer = await desk.put("/sensors/GAS-2", json={**ENTRY, **wrong})
    assert (answer.status_code, bool(answer.json()["errors"])) == (422, True)
    assert "secret" not in answer.text
    assert (await desk.put("/sensors/GAS-2", json={**ENTRY, "grid_id": "nowhere"})).status_code == 409
    assert (await desk.get("/sensors/GAS-2")).status_code == 404


async def test_what_is_exported_can_be_imported(desk: httpx.AsyncClient, pool: asyncpg.Pool) -> None:
    await desk.put("/sensors/GAS-2", json=ENTRY)
    exported = await desk.get("/exports/sensors")
    assert exported.headers["content-disposition"].startswith("attachment; filename=sensors-")
    again = await desk.post("/imports/sensors", content=exported.content, headers={"Content-Type": "text/csv"})
    assert again.json() == {"total": 4, "changed": 1}  # NOISE-1 was provisioned: a person has seen it now
    rows = list(csv.DictReader(io.StringIO(exported.content.decode("utf-8-sig"))))
    rows[0]["owner_unit"] = "城管局"
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    changed = await desk.post(
        "/imports/sensors", content=text.getvalue().encode(), headers={"Content-Type": "text/csv"}
    )
    assert changed.json() == {"total": 4, "changed": 1}
    assert (await desk.get("/sensors/GAS-1")).json()["owner_unit"] == "城管局"


async def test_a_file_at_fault_changes_nothing_and_every_line_is_named(
    desk: httpx.AsyncClient, pool: asyncpg.Pool
) -> None:
    before = await pool.fetchval("SELECT count(*) FROM sensor")
    lines = [
        "code,kind,longitude,latitude",
        "OK-1,gas,112,23",
        "bad code,gas,1,2",
        "B-2,ship,1,2",
        "B-3,gas,999,2",
        "B-4",
    ]
    answer = await desk.post("/imports/sensors", content="\n".join(lines), headers={"Content-Type": "text/csv"})
    assert answer.status_code == 422
    places = {error["location"] for error in answer.json()["errors"]}
    assert places == {"body.line 3.code", "body.line 4.kind", "body.line 5.position.longitude", "body.line 6"}
    for content in (b"\xff\xfe", b"name\nx", b"code,kind,code\na,gas,b", b""):
        assert (await desk.post("/imports/sensors", content=content)).status_code == 422
    assert await pool.fetchval("SELECT count(*) FROM sensor") == before


async def test_geojson_has_every_sensor(desk: httpx.AsyncClient) -> None:
    answer = await desk.get("/exports/sensors?format=geojson")
    assert answer.headers["content-type"] == "application/geo+json"
    features = json.loads(answer.content)["features"]
    assert [feature["id"] for feature in features] == ["GAS-1", "NOISE-1", "WATER-1"]
    assert features[0]["geometry"] == {"type": "Point", "coordinates": [112.4, 23.6]}
    assert features[1]["geometry"] is None


async def test_readings_as_csv_and_parquet(
    desk: httpx.AsyncClient, county: Any, store_readings: Any, now: datetime
) -> None:
    times = [now - timedelta(minutes=minutes) for minutes in (3, 2, 1)]
    await store_readings("gas", [{"sensor_id": county.gas_sensor, "time": time, "ch4_lel_pct": 0.1} for time in times])
    text = (await desk.get("/exports/readings?kind=gas")).text.splitlines()
    assert text[0].startswith('"sensor","time","ch4_lel_pct"')
    assert len(text) == 4
    assert text[1].startswith('"GAS-1",2026-05-01 07:57:00.000000Z,0.1,')
    parquet = (await desk.get("/exports/readings?kind=gas&format=parquet&sensor=GAS-1")).content
    table = pyarrow.parquet.read_table(io.BytesIO(parquet))
    assert table.num_rows == 3
    assert table["time"].to_pylist() == times
    assert table.schema.field("ch4_lel_pct").metadata == {b"unit": b"%LEL"}
    empty = pyarrow.parquet.read_table(
        io.BytesIO((await desk.get("/exports/readings?kind=noise&format=parquet")).content)
    )
    assert empty.num_rows == 0
    for wrong in ("", "?kind=ship", "?kind=gas&from=2026-05-02T00:00:00Z", "?kind=gas&from=2020-01-01T00:00:00Z"):
        assert (await desk.get(f"/exports/readings{wrong}")).status_code == 422
