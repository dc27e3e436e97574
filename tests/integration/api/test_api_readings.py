"""Readings as stored, summed up, rounded and in pages."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

MIDNIGHT = datetime(2026, 4, 29, 16, 0, tzinfo=UTC)  # 00:00 of 30 April in Guangning
GAS = {"h2s_mg_m3": None, "co_mg_m3": None, "o2_pct_vol": None, "temperature_c": None, "battery_pct": None}


def at(minutes: float) -> datetime:
    return MIDNIGHT + timedelta(minutes=minutes)


def text(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def between(first: datetime, last: datetime, **more: Any) -> dict[str, Any]:
    return {"from": text(first), "to": text(last), **more}


async def fetch(client: httpx.AsyncClient, code: str, query: dict[str, Any]) -> dict[str, Any]:
    answer = await client.get(f"/sensors/{code}/readings", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_raw_numbers_come_rounded_to_the_resolution(
    viewer: httpx.AsyncClient, county: Any, store_readings: Any
) -> None:
    row = {"sensor_id": county.gas_sensor, "time": at(0), "ch4_lel_pct": 12.3, "temperature_c": -0.1}
    await store_readings("gas", [row | {"battery_pct": 87.4}])
    body = await fetch(viewer, "GAS-1", between(at(0), at(1)))
    reading = {"time": text(at(0)), **GAS, "ch4_lel_pct": 12.3, "temperature_c": -0.1, "battery_pct": 87}
    assert body == {"sensor": "GAS-1", "kind": "gas", "bucket": None, "items": [reading], "next_cursor": None}


async def test_the_range_takes_its_start_and_leaves_its_end(
    viewer: httpx.AsyncClient, county: Any, store_readings: Any
) -> None:
    rows = [{"sensor_id": county.gas_sensor, "time": at(minute), "ch4_lel_pct": float(minute)} for minute in range(5)]
    await store_readings("gas", rows)
    body = await fetch(viewer, "GAS-1", between(at(1), at(3)))
    assert [reading["ch4_lel_pct"] for reading in body["items"]] == [1, 2]
    shifted = {"from": "2026-04-30T00:01:00+08:00", "to": "2026-04-30T00:03:00+08:00"}
    assert (await fetch(viewer, "GAS-1", shifted))["items"] == body["items"]
    assert (await fetch(viewer, "GAS-1", between(at(1), at(1))))["items"] == []


async def test_the_range_is_the_last_day_when_nothing_is_said(
    viewer: httpx.AsyncClient, county: Any, store_readings: Any, now: datetime
) -> None:
    times = [now - timedelta(hours=25), now - timedelta(hours=24), now - timedelta(seconds=1), now]
    rows = [{"sensor_id": county.gas_sensor, "time": time, "ch4_lel_pct": 1.0} for time in times]
    await store_readings("gas", rows)
    assert [item["time"] for item in (await fetch(viewer, "GAS-1", {}))["items"]] == [text(time) for time in times[1:3]]


async def test_buckets_of_sound_are_means_of_energy(
    viewer: httpx.AsyncClient, county: Any, store_readings: Any
) -> None:
    levels = [(at(0), 60.0), (at(5), 70.0), (at(9.9), 80.0), (at(10), 50.0)]
    rows = [
        {"sensor_id": county.noise_sensor, "time": time, "laeq_db": level, "l50_db": level, "battery_pct": 90.0}
        for time, level in levels
    ]
    await store_readings("noise", rows)
    body = await fetch(viewer, "NOISE-1", between(at(0), at(20), bucket="10min"))
    first, second = body["items"]
    # (10^6 + 10^7 + 10^8) / 3 = 3.7·10^7, and 10·lg of that is 75.68; the plain mean is 70.
    assert first["laeq_db"] == {"min": 60, "mean": 75.7, "max": 80}
    assert math.isclose(10 * math.log10(1.11e8 / 3), 75.68, abs_tol=0.01)
    assert first["l50_db"] == {"min": 60, "mean": 70, "max": 80}
    assert first["lmax_db"] == {"min": None, "mean": None, "max": None}
    assert (first["samples"], first["time"]) == (3, text(at(0)))
    assert (second["samples"], second["time"], second["laeq_db"]["mean"]) == (1, text(at(10)), 50)
    assert body["bucket"] == "10min"


@pytest.mark.parametrize(("bucket", "begins"), [("10min", [0, 50, 1430]), ("1h", [0, 1380]), ("1d", [0])])
async def test_buckets_begin_where_they_should(
    viewer: httpx.AsyncClient, county: Any, store_readings: Any, bucket: str, begins: list[int]
) -> None:
    rows = [
        {"sensor_id": county.gas_sensor, "time": at(minute), "ch4_lel_pct": value}
        for minute, value in ((0, 1.0), (59.9, 2.0), (1439.9, 4.5))
    ]
    await store_readings("gas", rows)
    body = await fetch(viewer, "GAS-1", between(at(0), at(1440), bucket=bucket))
    assert [item["time"] for item in body["items"]] == [text(at(minute)) for minute in begins]
    assert sum(item["samples"] for item in body["items"]) == 3
    if bucket == "1d":
        assert body["items"][0]["ch4_lel_pct"] == {"min": 1, "mean": 2.5, "max": 4.5}
    if bucket == "1h":
        assert body["items"][0]["ch4_lel_pct"] == {"min": 1, "mean": 1.5, "max": 2}


async def test_a_bucket_has_the_last_word_of_a_state(
    officer: httpx.AsyncClient, pool: Any, store_readings: Any
) -> None:
    sensor = await pool.fetchval("INSERT INTO sensor (code, kind) VALUES ('COVER-1', 'manhole') RETURNING sensor_id")
    rows = [
        {"sensor_id": sensor, "time": at(0), "cover_state": "open", "water_below_cover_m": 1.2344},
        {"sensor_id": sensor, "time": at(1), "cover_state": "closed", "water_below_cover_m": 1.2341},
    ]
    await store_readings("manhole", rows)
    raw = (await fetch(officer, "COVER-1", between(at(0), at(10))))["items"]
    assert [(item["cover_state"], item["water_below_cover_m"]) for item in raw] == [("open", 1.234), ("closed", 1.234)]
    (bucket,) = (await fetch(officer, "COVER-1", between(at(0), at(10), bucket="1h")))["items"]
    assert bucket["cover_state"] == {"last": "closed"}
    assert bucket["water_below_cover_m"] == {"min": 1.234, "mean": 1.234, "max": 1.234}


@pytest.mark.parametrize("bucket", [None, "10min"])
async def test_pages_hold_every_reading_once_while_others_come_in(
    viewer: httpx.AsyncClient, county: Any, store_readings: Any, bucket: str | None
) -> None:
    def row(minute: float) -> dict[str, Any]:
        return {"sensor_id": county.gas_sensor, "time": at(minute), "ch4_lel_pct": float(minute % 50)}

    await store_readings("gas", [row(minute) for minute in range(0, 230, 10)])
    query = between(at(0), at(230), limit=5) | ({"bucket": bucket} if bucket else {})
    seen: list[str] = []
    for page_number in range(100):
        page = await fetch(viewer, "GAS-1", query)
        assert len(page["items"]) <= 5
        seen += [item["time"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
        await store_readings(
            "gas", [row(page_number + 0.5), row(229.5 - page_number)]
        )  # behind and ahead of the cursor
    assert len(seen) == len(set(seen))
    assert seen == sorted(seen)
    assert {text(at(minute)) for minute in range(0, 230, 10)} <= set(seen)


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_a_long_range_holds_what_lies_months_apart(
    viewer: httpx.AsyncClient, county: Any, store_readings: Any, limit: int
) -> None:
    days = [0, 3.9, 4, 4.1, 19.9, 20, 84, 84.1, 340, 365]  # around the ends of the stretches that are read
    stored = [{"sensor_id": county.gas_sensor, "time": at(day * 1440), "ch4_lel_pct": 1.0} for day in days]
    await store_readings("gas", stored)
    query = between(at(0), at(365 * 1440), limit=limit)
    seen: list[str] = []
    while True:
        page = await fetch(viewer, "GAS-1", query)
        seen += [item["time"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == [text(at(day * 1440)) for day in days[:-1]]


async def test_latest_of_many(viewer: httpx.AsyncClient, county: Any, store_readings: Any, now: datetime) -> None:
    gas = [
        {"sensor_id": county.gas_sensor, "time": now - timedelta(minutes=minutes), "ch4_lel_pct": float(minutes)}
        for minutes in (30, 1, 60)
    ]
    await store_readings("gas", gas)
    old = {"sensor_id": county.noise_sensor, "time": now - timedelta(days=8), "laeq_db": 50.0}
    await store_readings("noise", [old])
    body = (await viewer.get("/readings/latest")).json()
    assert [(item["sensor"], item["kind"]) for item in body["items"]] == [
        ("GAS-1", "gas"),
        ("NOISE-1", "noise"),
        ("WATER-1", "waterlogging"),
    ]
    assert body["items"][0]["reading"] == {"time": text(now - timedelta(minutes=1)), **GAS, "ch4_lel_pct": 1}
    assert [item["reading"] for item in body["items"][1:]] == [None, None]
    assert body["next_cursor"] is None
    some = (await viewer.get("/readings/latest?sensor=WATER-1&sensor=GAS-1&sensor=NONE")).json()["items"]
    assert [item["sensor"] for item in some] == ["GAS-1", "WATER-1"]
    noisy = (await viewer.get("/readings/latest?kind=noise")).json()["items"]
    assert [item["sensor"] for item in noisy] == ["NOISE-1"]
    first = (await viewer.get("/readings/latest?limit=2")).json()
    rest = (await viewer.get(f"/readings/latest?limit=2&cursor={first['next_cursor']}")).json()
    assert first["items"] + rest["items"] == body["items"]


async def test_a_sensor_of_a_kind_unknown_here_has_no_readings(viewer: httpx.AsyncClient, pool: Any) -> None:
    await pool.execute("INSERT INTO sensor (code, kind) VALUES ('ODD-1', 'seismic')")
    answer = await viewer.get("/sensors/ODD-1/readings")
    assert answer.status_code == 404
    assert "seismic" in answer.json()["detail"]
    assert (await viewer.get("/sensors/ODD-1")).json()["interval_s"] is None
    assert (await viewer.get("/readings/latest")).json()["items"] == []


WRONG = [
    ("from=yesterday", "query.from"),
    ("from=0", "query.from"),
    ("from=2026-05-01", "query.from"),
    ("from=2026-05-01T00:00:00", "query.from"),
    ("from=2026-05-01T00:00:00+08:00", "query.from"),  # an unescaped plus is a blank
    ("from=2026-05-02T00:00:00Z&to=2026-05-01T00:00:00Z", "query.from"),
    ("bucket=5min", "query.bucket"),
    ("bucket=1d;DROP TABLE sensor", "query.bucket"),
    ("limit=0", "query.limit"),
    ("limit=5001", "query.limit"),
    ("limit=many", "query.limit"),
    ("cursor=abc", "query.cursor"),
    ("cursor=WyJzZW5zb3JzIiwiR0FTLTEiXQ", "query.cursor"),  # of the list of sensors
    ("form=2026-05-01T00:00:00Z", "query.form"),
]


async def test_what_is_wrong_with_a_query_is_said(viewer: httpx.AsyncClient) -> None:
    for query, place in WRONG:
        answer = await viewer.get(f"/sensors/GAS-1/readings?{query}")
        problem = answer.json()
        assert (answer.status_code, problem["status"]) == (422, 422)
        assert [fault["location"] for fault in problem["errors"]] == [place], query
        assert len(problem["errors"][0]["detail"]) > 10


async def test_the_ends_of_the_calendar_are_answered(viewer: httpx.AsyncClient, county: Any) -> None:
    for query in (
        {"from": "0001-01-01T00:00:00+08:00", "to": "9999-12-31T23:59:59-08:00"},
        {"to": "0001-01-01T00:00:00Z"},
        {"from": "0001-01-01T00:00:00Z", "bucket": "1d"},
    ):
        assert (await fetch(viewer, "GAS-1", query))["items"] == []
