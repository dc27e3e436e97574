"""Guangning with a day of readings, hazards of each kind, incidents and tasks in every stage."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from alerts.hubtroubles import Trouble, settle
from alerts.rulebook import load_shipped
from alerts.rulefile import default_rules
from alerts.rules import Words
from dashboards.reader import grant_reader
from database.engine import detect_engine, ensure_days
from database.pool import connect
from dispatch import words as dispatch_words
from dispatch.exercises import end_exercise, open_exercise
from ingest.kinds import KINDS, Quantity
from lifeline.county import load_county, read_county

NOW = datetime(2026, 6, 10, 9, 30, tzinfo=UTC)
GUANGNING = Path(__file__).parents[3] / "counties" / "guangning"
PASSWORD = "a reader's passphrase"


@pytest.fixture
async def county(pool: asyncpg.Pool) -> datetime:
    """Fills the test's database; gives the time at which it is looked at."""
    async with pool.acquire() as connection:
        await load_shipped(connection, default_rules(), datetime(2026, 1, 1, tzinfo=UTC))
        await load_county(connection, read_county(GUANGNING), NOW)
        await connection.execute(
            'UPDATE sensor SET attributes = attributes || \'{"noise_class": "0"}\''
            " WHERE code = (SELECT min(code) FROM sensor WHERE kind = 'noise')"
        )
        if await detect_engine(connection) == "plain":
            for kind in KINDS.values():
                await ensure_days(connection, kind.table, [(NOW - timedelta(days=back)).date() for back in range(3)])
        for kind in KINDS.values():
            values = ", ".join(
                f"({column.minimum} + random() * {column.maximum - column.minimum} / 4)::real"
                if isinstance(column, Quantity)
                else f"(ARRAY['{column.words[0]}', '{column.words[1]}'])[1 + (extract(hour FROM at)::integer % 2)]"
                for column in kind.columns
            )
            # The first sensor of each kind fell silent a day ago, so that there is one.
            await connection.execute(
                f"INSERT INTO {kind.table} SELECT sensor_id, at, {values} FROM sensor,"
                " generate_series($1::timestamptz, $2, INTERVAL '30 minutes') AS at WHERE kind = $3"
                f" AND (at < $2 - INTERVAL '20 hours' OR code <> (SELECT min(code) FROM sensor WHERE kind = $3))",
                NOW - timedelta(hours=26),
                NOW,
                kind.name,
            )
        await _add_cases(connection)
    return NOW


async def _add_cases(connection: asyncpg.pool.PoolConnectionProxy) -> None:
    """Two hazards of every rule, one cleared; an incident for each in a stage of its own; tasks with their steps."""
    await connection.execute(
        """
        WITH chosen AS (
            SELECT rule_id, rule.kind, hazard_type, sensor_id, grid_id, longitude,
                   latitude, placed, n,
                   $1::timestamptz - n * INTERVAL '20 minutes' AS at, $1::timestamptz - INTERVAL '5 minutes' AS ended
            FROM rule JOIN (
                SELECT *, row_number() OVER (PARTITION BY kind ORDER BY code) AS placed FROM sensor
            ) AS sensor ON sensor.kind = rule.kind AND placed <= 2
            CROSS JOIN LATERAL (SELECT 2 * rule_id + placed AS n) AS numbered
        ), opened AS (
            INSERT INTO incident (kind, hazard_type, grade, stage, skill, title_zh, title_en, grid_id, longitude,
                                  latitude, opened_at, recorded_at, closed_at)
            SELECT kind, hazard_type, 1 + n % 4, CASE WHEN placed = 2 THEN 'closed' ELSE (ARRAY['reported', 'filed',
                   'dispatched', 'handling', 'fed_back'])[1 + n % 5] END, 'gas', '事', 'what', grid_id, longitude,
                   latitude, at, at + INTERVAL '1 second',
                   CASE WHEN placed = 2 THEN ended END
            FROM chosen ORDER BY n RETURNING *
        ), raised AS (
            INSERT INTO hazard (sensor_id, hazard_type, rule_id, grade, peak_grade, latched, reason_zh, reason_en,
                                raised_at, graded_at, cleared_at, recorded_at)
            SELECT sensor_id, hazard_type, rule_id, 1 + n % 4, 1 + n % 2, false, '高', 'high',
                   at, at,
                   CASE WHEN placed = 2 THEN ended END, at
            FROM chosen RETURNING *
        ), told AS (
            INSERT INTO hazard_event (hazard_id, at, event, grade, actor)
            SELECT hazard_id, raised_at, 'raised', peak_grade, 'engine' FROM raised
            UNION ALL SELECT hazard_id, cleared_at, 'cleared', NULL, 'engine' FROM raised WHERE cleared_at IS NOT NULL
        ), logged AS (
            INSERT INTO incident_event (incident_id, at, event, actor)
            SELECT incident_id, opened_at, 'opened', 'engine' FROM opened
        ), tasked AS (
            INSERT INTO task (incident_id, squad_id, status, decision, created_at, updated_at)
            SELECT incident_id, (SELECT squad_id FROM squad ORDER BY squad_id OFFSET incident_id % 5 LIMIT 1),
                   CASE WHEN closed_at IS NULL THEN 'on_scene' ELSE 'done' END,
                   '{"reason": {"zh": "近", "en": "near"}}', opened_at, $1::timestamptz
            FROM opened RETURNING *
        ), stepped AS (
            INSERT INTO task_event (task_id, at, event, actor)
            SELECT task_id, created_at + place * INTERVAL '2 minutes', event, 'squad'
            FROM tasked, unnest(ARRAY['ordered', 'received', 'accepted', 'on_scene', 'done']) WITH ORDINALITY
                AS steps (event, place)
        )
        INSERT INTO notification (key, task_id, channel, recipient, body, created_at, sent_at, received_at,
                                  next_attempt_at)
        SELECT 'order-' || task_id, task_id, 'mqtt', squad_id, '{}', created_at, created_at + INTERVAL '1 second',
               created_at + INTERVAL '3 seconds', CASE WHEN status = 'on_scene' THEN $1::timestamptz END
        FROM tasked
        """,
        NOW,
    )
    await connection.execute(
        "INSERT INTO quarantine (topic, payload, reason, received_at) VALUES ('sensors/x', '\\x00', 'odd', $1)",
        NOW - timedelta(hours=1),
    )
    await connection.execute(
        "INSERT INTO process (name, pid, started_at, seen_at, ready, figures)"
        " VALUES ('ingest', 1, $1, now(), true, '{}'), ('dispatch', 2, $1, now(), true,"
        ' \'{"disk_free": 0.4, "clock_skew_s": 0.01}\')',
        NOW,
    )
    await connection.execute(
        "INSERT INTO process_sample (name, at, figures) SELECT name, at, jsonb_build_object('queue', 3, 'lag_s', 0.1,"
        " 'commit_s', extract(epoch FROM at - $1) / 100, 'batches', extract(epoch FROM at - $1), 'disk_free', 0.4)"
        " FROM unnest(ARRAY['ingest', 'dispatch']) AS name,"
        " generate_series($1::timestamptz, $2, INTERVAL '30 seconds') AS at",
        NOW - timedelta(hours=2),
        NOW,
    )
    full = Trouble("hub_disk", 3, Words("磁盘剩余9%", "9% of the disk is free"))
    async with connection.transaction():
        await settle(connection, [full], {}, NOW - timedelta(hours=1))
    await _add_drill(connection)


async def _add_drill(connection: asyncpg.pool.PoolConnectionProxy) -> None:
    """One drill that was held, with a hazard, a case, a task and its report."""
    started = NOW - timedelta(hours=3)
    code = await connection.fetchval("SELECT min(code) FROM sensor")
    squad = await connection.fetchval("SELECT min(squad_id) FROM squad")
    title = dispatch_words.Words("燃气演练", "gas drill")
    exercise = await open_exercise(connection, "gas-leak", title, 1, sensors=[code], squads=[squad], now=started)
    await connection.execute(
        """
        WITH opened AS (
            INSERT INTO incident (kind, hazard_type, grade, skill, title_zh, title_en, opened_at, exercise_id)
            SELECT kind, hazard_type, 2, 'gas', '【演练】漏气', 'DRILL leak', $2, $1 FROM rule LIMIT 1 RETURNING *
        ), logged AS (
            INSERT INTO incident_event (incident_id, at, event, actor)
            SELECT incident_id, $2, 'opened', 'engine' FROM opened
        ), raised AS (
            INSERT INTO hazard (sensor_id, hazard_type, rule_id, grade, peak_grade, latched, reason_zh, reason_en,
                                raised_at, graded_at)
            SELECT sensor_id, hazard_type, rule_id, 2, 2, false, '高', 'high', $2, $2
            FROM (SELECT * FROM rule LIMIT 1) AS rule, sensor WHERE exercise_id = $1 RETURNING *
        ), told AS (
            INSERT INTO hazard_event (hazard_id, at, event, grade, actor)
            SELECT hazard_id, raised_at, 'raised', grade, 'engine' FROM raised
        )
        SELECT 1
        """,
        exercise.exercise_id,
        started,
    )
    await connection.execute(
        """
        WITH tasked AS (
            INSERT INTO task (incident_id, squad_id, status, decision, created_at, updated_at)
            SELECT incident_id, $2, 'done', '{}', $3, $3 FROM incident WHERE exercise_id = $1 RETURNING *
        )
        INSERT INTO task_event (task_id, at, event, actor)
        SELECT task_id, $3 + place * INTERVAL '2 minutes', event, 'squad'
        FROM tasked, unnest(ARRAY['ordered', 'accepted', 'on_scene', 'done']) WITH ORDINALITY AS steps (event, place)
        """,
        exercise.exercise_id,
        squad,
        started,
    )
    report = {
        "score": 80,
        "outcomes": [{"text": {"zh": "报警", "en": "alarm"}, "happened": True, "reason": {"zh": "", "en": ""}}],
        "timings": [{"zh": "发现", "en": "detect", "limit_s": 60, "cases": 1, "in_time": 1, "slowest_s": 20.0}],
        "findings": [{"zh": "慢", "en": "slow", "proposal_zh": "快", "proposal_en": "faster"}],
    }
    await end_exercise(connection, exercise.exercise_id, report, NOW - timedelta(hours=2))


@pytest.fixture
async def reader(county: datetime, pool: asyncpg.Pool, database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the role that Grafana reads with, whose name is this test's own: roles are the server's."""
    role = f"reader_{uuid4().hex[:8]}"
    async with pool.acquire() as connection:
        await grant_reader(connection, PASSWORD, role=role)
    parts = urlsplit(database_url)
    netloc = f"{role}:{PASSWORD.replace(' ', '%20')}@{parts.netloc.rpartition('@')[2]}"
    opened = await connect(urlunsplit(parts._replace(netloc=netloc)), application="grafana")
    yield opened
    await opened.close()
    async with pool.acquire() as connection:
        await connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
