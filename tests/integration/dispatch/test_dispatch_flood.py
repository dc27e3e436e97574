"""Ten thousand incidents at once: all assigned or explained, and nobody is told more often than agreed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from time import perf_counter

import asyncpg
import pytest

from dispatch import dispatcher, messages, watch
from dispatch.channels import Channels
from dispatch.contacts import Contact, Contacts, save_contacts
from dispatch.throttle import Policy

INCIDENTS = 10_000
MOST = 6


class Told(Channels):
    """Takes down who is told what."""

    def __init__(self) -> None:
        super().__init__({"pager": None})  # type: ignore[dict-item]
        object.__setattr__(self, "sent", [])

    __slots__ = ("sent",)
    sent: list[tuple[str, str]]

    async def send(self, name: str, title: str, text: str) -> None:
        self.sent.append((title, text))


@pytest.mark.alone
@pytest.mark.timeout(180)
async def test_ten_thousand_incidents_at_once(
    pool: asyncpg.Pool, enlist, squads, rule_id, now: datetime, in_reference_time: Callable[[float], float]
) -> None:
    near = squads["gas-near"]
    await enlist(*[replace(near, squad_id=f"gas-{n}", longitude=112 + n / 100) for n in range(96)])
    await pool.execute(
        "INSERT INTO incident (kind, hazard_type, grade, skill, title_zh, title_en, longitude, latitude, opened_at)"
        " SELECT 'gas', 'gas_leak', 1 + n % 4, 'gas', '燃气泄漏', 'gas leak', 112.4 + n * 0.00002, 23.6, $1"
        " FROM generate_series(1, $2) AS n",
        now,
        INCIDENTS,
    )
    async with pool.acquire() as connection:
        people = [
            Contact(f"{person}-1", "人", "P", person, channels=("pager",))  # type: ignore[arg-type]
            for person in ("duty_officer", "leader", "county_leader")
        ]
        await save_contacts(connection, Contacts(tuple(people), (), Policy(most=MOST, window_s=600)))
    started = perf_counter()
    while (await dispatcher.run_once(pool, now)).more:
        pass
    spent_s = perf_counter() - started
    counts = await pool.fetchrow(
        "SELECT count(*) FILTER (WHERE status = 'ordered') AS ordered,"
        " count(*) FILTER (WHERE decision -> 'shortfall' -> 'en' IS NOT NULL) AS explained FROM task"
    )
    assert (counts["ordered"], counts["ordered"] + counts["explained"]) == (98, INCIDENTS)
    assert in_reference_time(spent_s) <= 30
    graver = await pool.fetchval(
        "SELECT count(*) FROM task JOIN incident USING (incident_id) WHERE open AND grade > 1 AND status = 'ordered'"
    )
    assert graver == 0
    channels = Told()
    moment = now
    while moment <= now + timedelta(minutes=10) - timedelta(seconds=1):
        await messages.run_once(pool, channels, moment)
        moment += timedelta(seconds=60)
        if moment == now + timedelta(minutes=5):
            while (await watch.run_once(pool, moment)).more:
                pass
    by_person = await pool.fetch(
        "SELECT recipient, count(DISTINCT bundle) AS messages FROM notification WHERE channel = 'pager'"
        " AND sent_at IS NOT NULL GROUP BY recipient"
    )
    assert {row["recipient"] for row in by_person} >= {"duty_officer-1", "leader-1"}
    assert all(row["messages"] <= MOST for row in by_person)
    assert len(channels.sent) == sum(row["messages"] for row in by_person)
    assert "红色" in channels.sent[0][0]
