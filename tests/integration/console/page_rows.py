"""What the pages of the console have to show in their tests."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from database.engine import detect_engine, ensure_days

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


async def add_rows(pool: asyncpg.Pool) -> Rows:
    """A little of everything that pages show, called after pages."""
    now = datetime.now(UTC).replace(microsecond=0)
    async with pool.acquire() as connection:
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
            "INSERT INTO rule (kind, hazard_type, revision, body, source, approved_by, approved_at, effective_from)"
            " VALUES ('gas', 'page_leak', 1, $1, 'test', 'lifeline', $2, $2) RETURNING rule_id",
            *(_RULE, now),
        )
        await connection.execute(  # of what raise_incident raises
            "INSERT INTO rule (kind, hazard_type, revision, body, source, approved_by, approved_at, effective_from)"
            " VALUES ('gas', 'gas_leak', 1, $1, 'test', 'lifeline', $2, $2)",
            *({**_RULE, "title": {"zh": "街道泄漏", "en": "leak of streets"}}, now),
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
        await connection.execute("INSERT INTO response (incident_id, grade) VALUES ($1, 3)", incident)
        await connection.execute(
            "INSERT INTO response_role (incident_id, role, skill, title_zh, title_en, lead, confined_space)"
            " VALUES ($1, 'handle', 'gas', '到场处置', 'handle it on site', true, false)",
            incident,
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
    return Rows(hazard, incident, held, warning, exercise)


async def add_drill_squad(pool: asyncpg.Pool, exercise_id: int) -> str:
    """A squad of its own that takes part in an exercise, away from what else is on the map."""
    squad = f"drill-squad-{exercise_id}"
    await pool.execute(
        "INSERT INTO squad (squad_id, name_zh, name_en, skills, longitude, latitude, duty_start, duty_end, phone)"
        " VALUES ($1, '演练队', 'squad of drills', '{gas}', 112.46, 23.66, '00:00', '00:00', '')",
        squad,
    )
    await pool.execute("INSERT INTO exercise_squad VALUES ($1, $2)", exercise_id, squad)
    return squad


async def add_order(pool: asyncpg.Pool, incident_id: int, squad_id: str = "page-squad") -> int:
    """An order for it to a squad, as the dispatcher leaves it."""
    now = datetime.now(UTC)
    async with pool.acquire() as connection, connection.transaction():
        task: int = await connection.fetchval(
            "INSERT INTO task (incident_id, squad_id, status, decision, created_at, updated_at)"
            " VALUES ($1, $3, 'ordered', '{}', $2, $2) RETURNING task_id",
            *(incident_id, now, squad_id),
        )
        await connection.execute(
            "INSERT INTO task_event (task_id, at, event, actor) VALUES ($1, $2, 'ordered', 'dispatcher')", task, now
        )
        await connection.execute("UPDATE incident SET stage = 'dispatched' WHERE incident_id = $1", incident_id)
        await connection.execute(
            "INSERT INTO incident_event (incident_id, at, event, actor) VALUES ($1, $2, 'dispatched', 'dispatcher')",
            *(incident_id, now),
        )
        await connection.execute("NOTIFY lifeline, 'task'")
    return task


async def raise_incident(pool: asyncpg.Pool, code: str, *, grade: int, drill: bool = False) -> int:
    """An incident with an open hazard, as the engine leaves them."""
    now = datetime.now(UTC)
    async with pool.acquire() as connection, connection.transaction():
        real = await connection.fetchval(
            "INSERT INTO sensor (code, kind, longitude, latitude) VALUES ($1, 'gas', 112.4, 23.6) RETURNING sensor_id",
            code,
        )
        exercise = 0
        if drill:
            exercise = await connection.fetchval(
                "INSERT INTO exercise (drill, title_zh, title_en, seed, status, started_at)"
                " VALUES ('gas_leak', '演练', 'drill', 1, 'running', $1) RETURNING exercise_id",
                now,
            )
            real = await connection.fetchval(
                "INSERT INTO sensor (code, kind, exercise_id, twin_of) VALUES ($1, 'gas', $2, $3) RETURNING sensor_id",
                *(f"{code}-twin", exercise, real),
            )
        rule = await connection.fetchval(
            "INSERT INTO rule (kind, hazard_type, revision, body, source) VALUES ('gas', $1, 1, $2, 'test')"
            " RETURNING rule_id",
            code.lower().replace("-", "_"),
            {"title": {"zh": "泄漏", "en": "leak"}, "skill": "gas", "source": "test", "missed": {"red": 2}},
        )
        number = await connection.fetchval(
            "INSERT INTO incident (kind, hazard_type, grade, peak_grade, stage, skill, title_zh, title_en, opened_at,"
            " exercise_id, longitude, latitude) VALUES ('gas', 'gas_leak', $1, $1, 'filed', 'gas', $2, $2, $3, $4,"
            " 112.4, 23.6) RETURNING incident_id",
            *(grade, code, now, exercise),
        )
        hazard = await connection.fetchval(
            "INSERT INTO hazard (sensor_id, hazard_type, rule_id, grade, peak_grade, latched, reason_zh, reason_en,"
            " raised_at, graded_at, incident_id, exercise_id)"
            " VALUES ($1, 'gas_leak', $2, $3, $3, false, '高', 'high', $4, $4, $5, $6) RETURNING hazard_id",
            *(real, rule, grade, now, number, exercise),
        )
        await connection.execute(
            "INSERT INTO hazard_event (hazard_id, at, event, grade, reason_zh, reason_en, actor)"
            " VALUES ($1, $2, 'raised', $3, '高', 'high', 'engine')",
            *(hazard, now, grade),
        )
        await connection.execute("NOTIFY lifeline, 'incident'")
    return int(number)
