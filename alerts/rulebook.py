"""Rules in the database: every revision that was ever in force, the newest one in force."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from alerts.rules import RULES, RuleFile, read_rules
from database.pool import Connection
from database.queries import load_queries

_SQL = load_queries(Path(__file__).with_suffix(".sql"))


def default_rules() -> list[RuleFile]:
    """The rules that come with the program."""
    return [read_rules(path) for path in sorted(RULES.glob("*.yaml"))]


async def load_rules(connection: Connection, files: Sequence[RuleFile]) -> list[str]:
    """Add a revision for every rule that differs from the newest one; their names as ``kind/hazard_type``."""
    added = []
    async with connection.transaction():
        await connection.execute(_SQL.lock)
        latest = {(row["kind"], row["hazard_type"]): row for row in await connection.fetch(_SQL.latest)}
        for file in files:
            for hazard_type, rule in file.hazards.items():
                body = msgspec.json.decode(msgspec.json.encode(rule))  # as jsonb gives it back
                row = latest.get((file.kind, hazard_type))
                if row is not None and row["body"] == body:
                    continue
                revision = row["revision"] + 1 if row is not None else 1
                await connection.execute(_SQL.add, file.kind, hazard_type, revision, body, rule.source)
                added.append(f"{file.kind}/{hazard_type}")
        if added:
            await connection.execute(_SQL.tell)
    return added
