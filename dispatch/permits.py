"""Entry permits: may somebody enter this well or chamber now?

Judged from the freshest gas readings nearby, by the limits of DOMAIN's table for confined spaces. A permit lasts as
long as its readings are fresh; one that worsens, or goes stale, ends it, and the crew is alarmed at once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import asyncpg
import msgspec

from database.pool import Connection
from database.queries import load_queries
from dispatch.notices import Notice, tell_people, tell_squads
from dispatch.steps import TransitionError, unknown_task
from dispatch.throttle import RED
from dispatch.travel import distance_m
from dispatch.words import STATUS_ZH, Words
from ingest.kinds import KINDS
from ingest.payload import FUTURE_LIMIT

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

FRESH = timedelta(minutes=15)  # a county proposal: sensors in alarm report every minute, at rest half-hourly
REMEMBERED = timedelta(days=1)  # for so long a sensor that went silent on a dangerous value speaks against entering
NEAR_M = 50.0
_QUANTITIES = ("o2_pct_vol", "ch4_lel_pct", "h2s_mg_m3", "co_mg_m3")
_LIMITS: Sequence[tuple[str, float, float, str, str, str]] = (
    # quantity, least, less than, zh, en, unit; after confined-space practice, a county proposal
    ("o2_pct_vol", 19.5, 23.5, "氧气", "O2", "%vol"),
    ("ch4_lel_pct", 0.0, 10.0, "甲烷", "CH4", "%LEL"),
    ("h2s_mg_m3", 0.0, 10.0, "硫化氢", "H2S", "mg/m³"),
    ("co_mg_m3", 0.0, 20.0, "一氧化碳", "CO", "mg/m³"),
)
Verdict = Literal["granted", "refused", "unknown"]


class Sample(msgspec.Struct, frozen=True):
    """The latest value of one quantity at a sensor ``distance_m`` away."""

    sensor: str
    quantity: str
    value: float
    at: datetime
    distance_m: int


class Judgement(msgspec.Struct, frozen=True):
    """May they enter, and why; ``valid_until`` of a granted one."""

    verdict: Verdict
    reason: Words
    samples: tuple[Sample, ...]
    valid_until: datetime | None = None


def judge(samples: Sequence[Sample], now: datetime) -> Judgement:
    """Every quantity must have a fresh value nearby, and no value may lie outside its limits.

    O2 19.5 to 23.5 %vol, CH4 < 10 %LEL, H2S < 10 mg/m³, CO < 20 mg/m³. What is dangerous refuses even when something
    else is not known. A sensor that went silent on a dangerous value is not outvoted by its neighbours: not known. One
    whose clock runs ahead is believed at once: a warning doesn't wait for the hour that it bears.
    """
    fresh = [sample for sample in samples if now - sample.at <= FRESH]
    bad_zh, bad_en, unknown_zh, unknown_en = [], [], [], []
    for quantity, least, most, zh, en, unit in _LIMITS:
        values = [sample for sample in fresh if sample.quantity == quantity]
        for sample in values:
            if not _within(sample, least, most):
                bad_zh.append(f"{zh}{sample.value:g} {unit}（{sample.sensor}）")
                bad_en.append(f"{en} {sample.value:g} {unit} at {sample.sensor}")
        stale = [sample for sample in samples if sample.quantity == quantity and sample not in fresh]
        if not values or not all(_within(sample, least, most) for sample in stale):
            unknown_zh.append(zh)
            unknown_en.append(en)
    kept = tuple(samples)
    if bad_en:
        reason = Words(f"不得进入：{'，'.join(bad_zh)}", f"nobody may enter: {', '.join(bad_en)}")
        return Judgement("refused", reason, kept)
    if unknown_en:
        minutes = round(FRESH.total_seconds() / 60)
        reason = Words(
            f"无法判断：附近{minutes}分钟内没有可靠的{'、'.join(unknown_zh)}读数，请用便携仪检测",
            f"not known: no reliable reading of {', '.join(unknown_en)} nearby within {minutes} min; measure by hand",
        )
        return Judgement("unknown", reason, kept)
    values_zh = "，".join(f"{zh}{_worst(fresh, quantity):g} {unit}" for quantity, _, _, zh, _, unit in _LIMITS)
    values_en = ", ".join(f"{en} {_worst(fresh, quantity):g} {unit}" for quantity, _, _, _, en, unit in _LIMITS)
    oldest = min(now, *(max(sample.at for sample in fresh if sample.quantity == name) for name in _QUANTITIES))
    return Judgement("granted", Words(f"可以进入：{values_zh}", f"may enter: {values_en}"), kept, oldest + FRESH)


def _within(sample: Sample, least: float, most: float) -> bool:
    """Whether a value lies within its limits; the upper one belongs to them for oxygen alone."""
    return least <= sample.value < most or (sample.quantity == "o2_pct_vol" and sample.value == most)


def _worst(samples: Sequence[Sample], quantity: str) -> float:
    values = [sample.value for sample in samples if sample.quantity == quantity]
    return min(values) if quantity == "o2_pct_vol" else max(values)


async def ask(connection: Connection, task_id: int, actor: str, now: datetime) -> Judgement:
    """Judge anew whether the crew of a task may enter, in the caller's transaction, and store it on the task.

    UnknownTaskError when there is no such task, TransitionError when nobody is on scene for it.
    """
    task = await connection.fetchrow(_SQL.task, task_id)
    if task is None:
        raise unknown_task(task_id)
    if task["status"] not in {"on_scene", "working"}:
        raise TransitionError(
            zh=f"任务 {task_id} 的状态为{STATUS_ZH[task['status']]}；队伍到场后才能申请进入许可",
            en=f"task {task_id}: a permit is for a squad on scene, the task is {task['status']}",
        )
    found = judge((await _samples(connection, [task], now))[task_id], now)
    standing = await connection.fetchval(_SQL.end, [task_id], now, "已重新判断", "judged anew")
    permit_id = await connection.fetchval(
        _SQL.add,
        task_id,
        found.verdict,
        found.reason.zh,
        found.reason.en,
        msgspec.to_builtins(found.samples),
        now,
        found.valid_until,
        actor,
    )
    answer = Notice(
        key=f"permit-answer-{permit_id}",
        kind="permit",
        recipient=task["squad_id"],
        incident_id=task["incident_id"],
        task_id=task_id,
        text=found.reason,
    )
    await tell_squads(connection, [answer], now)
    if standing is not None and found.verdict != "granted":  # those who are below went in by the one before
        await _alarm(connection, {**dict(task), "permit_id": standing}, found.reason, now)
    return found


async def run_once(pool: asyncpg.Pool, now: datetime) -> int:
    """Judge every granted permit anew, and revoke those that don't hold any more; how many were revoked.

    Squad, leader and duty officer are told in the same transaction. A newer good reading makes a permit last longer.
    """
    async with pool.acquire() as connection, connection.transaction():
        standing = await connection.fetch(_SQL.standing)
        if not standing:
            return 0
        samples = await _samples(connection, standing, now)
        revoked = 0
        for permit in standing:
            found = judge(samples[permit["task_id"]], now)
            if found.verdict == "granted":
                if found.valid_until != permit["valid_until"]:
                    await connection.execute(_SQL.prolong, permit["permit_id"], found.valid_until)
            elif permit["is_over"]:
                await connection.execute(_SQL.end, [permit["task_id"]], now, "任务结束", "the task is over")
            else:
                await connection.execute(_SQL.end, [permit["task_id"]], now, found.reason.zh, found.reason.en)
                await _alarm(connection, dict(permit), found.reason, now)
                revoked += 1
        if revoked:
            await connection.execute(_SQL.tell)
    return revoked


async def _alarm(connection: Connection, permit: Mapping[str, Any], reason: Words, now: datetime) -> None:
    number = permit["task_id"]
    text = Words(
        f"立即撤离！任务{number}的进入许可已撤销：{reason.zh}",
        f"Get out at once! The entry permit of task {number} is revoked: {reason.en}",
    )
    people = [(f"permit-{permit['permit_id']}-{person}", person) for person in ("leader", "duty_officer")]
    about = {"kind": "permit", "grade": RED, "incident_id": permit["incident_id"], "task_id": number, "text": text}
    squad = Notice(key=f"permit-{permit['permit_id']}", recipient=permit["squad_id"], **about)
    await tell_squads(connection, [squad], now)
    await tell_people(connection, [Notice(key=key, recipient=person, **about) for key, person in people], now)


async def _samples(
    connection: Connection, tasks: Sequence[asyncpg.Record], now: datetime
) -> Mapping[int, list[Sample]]:
    """The latest gas readings near each task's incident, and of the sensors of its hazards."""
    found: dict[int, list[Sample]] = {task["task_id"]: [] for task in tasks}
    query = _SQL.latest.replace("gas_table", KINDS["gas"].table)
    rows = await connection.fetch(query, list(found), now + FUTURE_LIMIT, now - REMEMBERED)
    for row in rows:
        known = None not in (row["longitude"], row["latitude"], row["there_longitude"], row["there_latitude"])
        here = (row["longitude"], row["latitude"], row["there_longitude"], row["there_latitude"])
        far = distance_m(*here) if known else 0.0
        if far <= NEAR_M or row["concerned"]:
            found[row["task_id"]] += [
                Sample(row["code"], quantity, round(row[quantity], 3), row["time"], round(far))
                for quantity in _QUANTITIES
                if row[quantity] is not None
            ]
    return found
