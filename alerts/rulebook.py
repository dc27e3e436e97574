"""Rules in the database: proposed by one person, approved by another, in force from a time on; none is ever lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import structlog

from alerts.rulefile import is_stored, parse_rule, rule_body
from alerts.rules import Rule, RuleError, RuleFile
from database.pool import Connection, Database
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
SHIPPED = "lifeline"  # who proposes and approves what comes with the program

Key = tuple[str, str]
"""Kind and hazard type."""


class UnknownRuleError(RuleError):
    """There is no such revision."""


class DecidedRuleError(RuleError):
    """The revision was approved or rejected before."""


class OwnRuleError(RuleError):
    """Who proposed a rule can't approve it."""


class Proposed(NamedTuple):
    """A revision that waits for a decision."""

    kind: str
    hazard_type: str
    revision: int


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules that judge now, by kind and hazard type; ``refused`` are those that can't be used."""

    rules: Mapping[Key, tuple[int, Rule]] = field(default_factory=dict)
    refused: frozenset[Key] = frozenset()

    def of(self, kind: str) -> dict[str, tuple[int, Rule]]:
        """The rules of one kind: rule_id and rule by hazard type."""
        return {hazard_type: found for (name, hazard_type), found in self.rules.items() if name == kind}


async def in_force(database: Database, now: datetime) -> InForce:
    """The rules in force at ``now``. One that can't be used is left out, with an error in the log."""
    rules: dict[Key, tuple[int, Rule]] = {}
    refused = set()
    for row in await database.fetch(_SQL.in_force, now):
        key = (row["kind"], row["hazard_type"])
        try:
            rules[key] = (row["rule_id"], parse_rule(_path(row), row["kind"], row["body"]))
        except RuleError as error:
            refused.add(key)
            structlog.get_logger().error("rule_refused", error=str(error))
    return InForce(rules, frozenset(refused))


def _place(row: Mapping[str, Any] | asyncpg.Record) -> str:
    return f"rule {row['hazard_type']} of {row['kind']}, revision {row['revision']}"


def _place_zh(row: asyncpg.Record) -> str:
    return f"规则 {row['kind']}/{row['hazard_type']} 第 {row['revision']} 版"


def _path(row: asyncpg.Record) -> str:
    return f"{row['kind']}/{row['hazard_type']}/{row['revision']}"


async def load_shipped(connection: Connection, files: Sequence[RuleFile], now: datetime) -> list[str]:
    """Bring the program's own rules in; their names as ``kind/hazard_type`` where they differ from the last ones.

    They are in force at once where the program's rules were. Where the county has a rule of its own, they are
    proposals.
    """
    added = []
    async with connection.transaction():
        await connection.execute(_SQL.lock)
        shipped = {(row["kind"], row["hazard_type"]): row["body"] for row in await connection.fetch(_SQL.shipped)}
        county = {(row["kind"], row["hazard_type"]) for row in await connection.fetch(_SQL.own)}
        for file, hazard_type, rule in _rules_of(files):
            key = (file.kind, hazard_type)
            if is_stored(rule, shipped.get(key)):
                continue
            approved = None if key in county else SHIPPED
            await connection.fetchval(_SQL.add, *key, rule_body(rule), rule.source, SHIPPED, "", now, approved)
            added.append("/".join(key))
        if added:
            await connection.execute(_SQL.tell)
    return added


async def propose(
    connection: Connection, files: Sequence[RuleFile], by: str, note: str, now: datetime
) -> list[Proposed]:
    """Propose the rules that differ from those in force."""
    _check_person(by)
    proposed = []
    async with connection.transaction():
        await connection.execute(_SQL.lock)
        current = {(row["kind"], row["hazard_type"]): row["body"] for row in await connection.fetch(_SQL.in_force, now)}
        for file, hazard_type, rule in _rules_of(files):
            key = (file.kind, hazard_type)
            if not is_stored(rule, current.get(key)):
                revision = await connection.fetchval(_SQL.add, *key, rule_body(rule), rule.source, by, note, now, None)
                proposed.append(Proposed(*key, revision))
    return proposed


async def approve(
    connection: Connection, key: Key, revision: int, by: str, now: datetime, effective_from: datetime | None = None
) -> None:
    """Approve a proposal: it is in force from ``effective_from`` on, at once without one.

    Raises UnknownRuleError, DecidedRuleError, OwnRuleError, and RuleError for one that can't be used.
    """
    _check_person(by)
    async with connection.transaction():
        row = await _proposal(connection, key, revision)
        if row["proposed_by"] == by:
            raise OwnRuleError(
                zh=f"{_place_zh(row)}由 {by} 提出，须由他人批准",
                en=f"{_place(row)} was proposed by {by}: another person must approve it",
            )
        parse_rule(_path(row), row["kind"], row["body"])
        starts = max(now, effective_from) if effective_from is not None else now
        await connection.execute(_SQL.approve, row["rule_id"], by, now, starts)
        await connection.execute(_SQL.tell)


async def reject(connection: Connection, key: Key, revision: int, by: str, now: datetime) -> None:
    """Decide that a proposal won't be in force. It stays on record. UnknownRuleError, DecidedRuleError."""
    _check_person(by)
    async with connection.transaction():
        row = await _proposal(connection, key, revision)
        await connection.execute(_SQL.reject, row["rule_id"], by, now)


async def history(pool: asyncpg.Pool, kind: str | None = None, hazard_type: str | None = None) -> list[asyncpg.Record]:
    """Every revision, the newest first, with who proposed and approved it and since when it holds."""
    return await pool.fetch(_SQL.history, kind, hazard_type)


def _rules_of(files: Sequence[RuleFile]) -> list[tuple[RuleFile, str, Rule]]:
    return [(file, hazard_type, rule) for file in files for hazard_type, rule in file.hazards.items()]


def _check_person(by: str) -> None:
    if not by.strip() or by == SHIPPED:
        raise RuleError(zh="请写明由谁决定", en="name the person who decides this")


async def _proposal(connection: Connection, key: Key, revision: int) -> asyncpg.Record:
    row = await connection.fetchrow(_SQL.revision, *key, revision)
    if row is None:
        raise UnknownRuleError(
            zh=f"规则 {'/'.join(key)} 没有第 {revision} 版；见 `lifeline rules history`",
            en=f"{'/'.join(key)} has no revision {revision}: see `lifeline rules history`",
        )
    if row["approved_at"] is not None or row["rejected_at"] is not None:
        raise DecidedRuleError(
            zh=f"{_place_zh(row)}已有决定，请重新提出", en=f"{_place(row)} was decided already: propose it anew"
        )
    return row
