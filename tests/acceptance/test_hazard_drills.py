"""A drill for each hazard type that ships: what sensors say, when it must be raised, when it must go down again.

Messages take the pipeline's road into a real database; the clock is passed in.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.rulebook import load_shipped
from alerts.rulefile import default_rules
from alerts.service import build_service
from ingest.broker import Broker
from ingest.decoder import Decoder
from ingest.formats.table import NATIVE
from ingest.session import Session

# 02:00 local time: the night limits of noise hold.
START = (datetime.now(UTC) - timedelta(days=2)).replace(hour=18, minute=0, second=0, microsecond=0)
CLOCK_S = 90


@dataclass(frozen=True)
class Drill:
    """``said``: (second, quantities); ``wanted``: (event, grade, second) of the hazard type, in order."""

    hazard_type: str
    kind: str
    said: list[tuple[int, dict[str, Any]]]
    wanted: list[tuple[str, int | None, int]]
    attributes: dict[str, str] = field(default_factory=dict)
    interval_s: int | None = None
    checked: int | None = None  # second of the check on site
    until: int = 7200


def every(step: int, first: int, last: int, **values: Any) -> list[tuple[int, dict[str, Any]]]:
    """The same reading again and again."""
    return [(second, values) for second in range(first, last + 1, step)]


def down(second: int, step: int, *grades: int | None) -> list[tuple[str, int | None, int]]:
    """One grade after the other, an off-delay apart."""
    return [
        ("cleared" if grade is None else "downgraded", grade, second + step * number)
        for number, grade in enumerate(grades)
    ]


ROAD = {"road": "carriageway"}
CLASS_2 = {"noise_class": "2"}
DRILLS = (
    Drill(
        "cover_open", "manhole", [(60, {"cover_state": "open"}), (600, {"cover_state": "closed"})],
        [("raised", 2, 60), ("cleared", None, 660)],
    ),
    Drill(
        "cover_displaced", "manhole", [(60, {"cover_state": "displaced"}), (600, {"cover_state": "closed"})],
        [("raised", 1, 60), ("latched", 1, 60), ("cleared", None, 1860)], ROAD, checked=1800,
    ),
    Drill(
        "cover_missing", "manhole", [(60, {"cover_state": "missing"}), (600, {"cover_state": "closed"})],
        [("raised", 1, 60), ("latched", 1, 60), ("cleared", None, 1860)], checked=1800,
    ),
    Drill(
        "cover_tilt", "manhole", [(60, {"tilt_deg": 40}), (600, {"tilt_deg": 1})],
        [("raised", 2, 60), *down(660, 60, 3, 4, None)],
    ),
    Drill(
        "well_level", "manhole", [(60, {"water_below_cover_m": 0.2}), (600, {"water_below_cover_m": 1.5})],
        [("raised", 3, 90), ("cleared", None, 1200)],
    ),
    Drill(
        "gas_combustible", "gas", [(60, {"ch4_lel_pct": 91.5}), (600, {"ch4_lel_pct": 1.0})],
        [("raised", 1, 60), *down(1200, 600, 2, 3, 4, None)],
    ),
    Drill(
        "gas_combustible", "gas",
        [(60, {"ch4_lel_pct": 112}), *every(1800, 120, 3720, ch4_lel_pct=2.0)],  # beyond the head's range
        [("raised", 1, 60), ("latched", 1, 60), *down(2400, 600, 2, 3, 4, None)], checked=1800,
    ),
    Drill(
        "gas_combustible", "gas",
        [(60, {"ch4_lel_pct": 55}), (120, {"ch4_lel_pct": 104}), *every(1800, 240, 3840, ch4_lel_pct=2)],
        [("raised", 2, 60), ("upgraded", 1, 120), ("latched", 1, 120), *down(2400, 600, 2, 3, 4, None)], checked=1800,
    ),
    Drill(
        "gas_combustible", "gas",
        [(60, {"ch4_lel_pct": 91}), (120, {"ch4_lel_pct": 104}), *every(1800, 240, 3840, ch4_lel_pct=2)],
        [("raised", 1, 60), ("latched", 1, 120), *down(2400, 600, 2, 3, 4, None)], checked=1800,
    ),
    Drill(
        "gas_h2s", "gas", [(60, {"h2s_mg_m3": 12}), (600, {"h2s_mg_m3": 0.1})],
        [("raised", 3, 90), *down(1200, 600, 4, None)],
    ),
    Drill(
        "gas_co", "gas", [(60, {"co_mg_m3": 200}), (600, {"co_mg_m3": 1})],
        [("raised", 1, 60), *down(1200, 600, 2, 3, 4, None)],
    ),
    Drill(
        "oxygen", "gas", [(60, {"o2_pct_vol": 17}), (600, {"o2_pct_vol": 20.9})],
        [("raised", 2, 60), *down(1200, 600, 3, None)],
    ),
    Drill(
        "oxygen_enriched", "gas", [(60, {"o2_pct_vol": 24}), (600, {"o2_pct_vol": 20.9})],
        [("raised", 3, 90), ("cleared", None, 1200)],
    ),
    Drill(
        "ponding", "waterlogging", [*every(300, 0, 600, depth_m=0.16), *every(300, 900, 5400, depth_m=0.0)],
        [("raised", 2, 300), *down(1800, 900, 3, 4, None)], {"place": "underpass"},
    ),
    Drill(
        "noise_exceedance", "noise", [*every(600, 0, 1200, laeq_db=57), *every(600, 1800, 7200, laeq_db=40.5)],
        [("raised", 3, 600), *down(3000, 1200, 4, None)], CLASS_2,
    ),
    Drill(
        "noise_burst", "noise", [(60, {"lmax_db": 80}), *every(600, 600, 3000, lmax_db=50)],
        [("raised", 3, 60), ("cleared", None, 1800)], CLASS_2,
    ),
    Drill(
        "sensor_silent", "gas", [(0, {"ch4_lel_pct": 1}), (3000, {"ch4_lel_pct": 1})],
        [("raised", 4, 1200), ("upgraded", 3, 2400), *down(3000, 0, 4, None)], interval_s=600, until=3100,
    ),
    Drill(
        "battery_low", "gas", [(0, {"battery_pct": 9}), (600, {"battery_pct": 9}), (1200, {"battery_pct": 90})],
        [("raised", 3, 600), *down(1200, 0, 4, None)],
    ),
    Drill(
        "sensor_fault", "waterlogging",
        [(0, {"depth_m": 0.01}), (300, {"depth_m": 0.9}), *every(300, 600, 7200, depth_m=0.01)],
        [("raised", 4, 600), ("cleared", None, 4500)],
    ),
)  # fmt: skip


def test_there_is_a_drill_for_each_hazard_type() -> None:
    assert {drill.hazard_type for drill in DRILLS} == {name for file in default_rules() for name in file.hazards}


@pytest.mark.parametrize("drill", DRILLS, ids=lambda drill: drill.hazard_type)
async def test_drill(pool, drill: Drill) -> None:
    async with pool.acquire() as connection:
        await load_shipped(connection, default_rules(), START - timedelta(days=1))
    await pool.execute(
        "INSERT INTO sensor (code, kind, attributes, interval_s) VALUES ('s', $1, $2, $3)",
        drill.kind,
        drill.attributes,
        drill.interval_s,
    )
    session = Session(Broker("127.0.0.1", 1), client_id="unused", topic_filters=("x",))
    service = await build_service(pool, session, Decoder((NATIVE,), {}), prefix="sensors", unknown_sensor="quarantine")

    @dataclass(frozen=True)
    class Message:
        topic: str
        payload: bytes

    def time(second: int) -> datetime:
        return START + timedelta(seconds=second)

    said = dict(drill.said)
    for second in range(0, drill.until + 1, 10):
        if second in said:
            body = json.dumps({"time": time(second).isoformat(), **said[second]}).encode()
            await service.pipeline.process([Message(f"sensors/{drill.kind}/s/reading", body)], time(second))
        if second == drill.checked:
            await pool.execute("UPDATE hazard SET checked_at = $1", time(second))
            await service.follow_once(time(second))
        if second % CLOCK_S == 0:
            await service.engine.run_once(pool, time(second), connected_at=START - timedelta(hours=1))
    rows = await pool.fetch(
        "SELECT event, hazard_event.grade, at FROM hazard_event JOIN hazard USING (hazard_id)"
        " WHERE hazard_type = $1 AND event <> 'checked' ORDER BY hazard_event_id",
        drill.hazard_type,
    )
    found = [(row["event"], row["grade"], int((row["at"] - START).total_seconds())) for row in rows]
    assert found == drill.wanted
