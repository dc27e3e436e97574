"""The demonstration county with a real API process on it, and the phones of its squads."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
from argon2 import PasswordHasher
from playwright.async_api import Browser, BrowserContext, Page

from alerts.rulebook import in_force, load_shipped
from alerts.rulefile import default_rules
from database.engine import detect_engine, ensure_days
from dispatch import dispatcher, notify
from dispatch.exercises import open_exercise
from dispatch.words import Words
from ingest.kinds import KINDS
from lifeline.county import load_county, read_county
from lifeline.preparedness import load_preparedness, read_preparedness

COUNTY = Path(__file__).parents[3] / "counties" / "guangning"
PASSWORD = "seven herons over the Sui river"
GOOD = {"o2_pct_vol": 20.8, "ch4_lel_pct": 2.0, "h2s_mg_m3": 1.0, "co_mg_m3": 3.0}
PHONE = {"width": 390, "height": 844}
TITLES = ("南街人民路3号井 可燃气体泄漏", "combustible gas at Renmin Rd chamber 3, Nanjie")


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order as its squad got it."""

    task_id: int
    squad_id: str
    link: str


@dataclass
class Phone:
    """A browser of a squad's, and all that it complained of or asked elsewhere for."""

    context: BrowserContext
    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)
    received_bytes: list[int] = field(default_factory=list)

    async def sign_in(self, name: str, password: str = PASSWORD) -> None:
        await self.page.goto(f"{self.base}/squad")
        await self.page.locator("#name").fill(name)
        await self.page.locator("#password").fill(password)
        await self.page.locator("form button").click()

    async def press(self, text: str) -> None:
        await self.page.get_by_role("button", name=text, exact=True).first.click()

    async def text(self) -> str:
        return await self.page.locator("body").inner_text()


@dataclass
class Town:
    """The county, its database, the API in front of it, and a browser."""

    pool: asyncpg.Pool
    base: str
    browser: Browser

    async def prepare(self) -> None:
        """Load rules and county, and an account for each of two squads."""
        now = datetime.now(UTC)
        async with self.pool.acquire() as connection:
            await load_shipped(connection, default_rules(), now)
            await load_county(connection, read_county(COUNTY), now)
            await load_preparedness(connection, read_preparedness(COUNTY), now)
            stored = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)  # quick to check
            for name, role, squad in (("chen", "squad", "gas-1"), ("lin", "squad", "gas-2"), ("wang", "officer", None)):
                await connection.execute(
                    "INSERT INTO account (name, role, squad_id, password_hash, must_change_password, created_at,"
                    " updated_at) VALUES ($1, $2, $3, $4, false, $5, $5)",
                    name,
                    role,
                    squad,
                    stored,
                    now,
                )

    async def order(self, *, drill: bool = False) -> Ordered:
        """A gas incident in a chamber, ordered from gas-1 by the dispatcher and sent with its link."""
        now = datetime.now(UTC)
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute("UPDATE task SET status = 'cancelled' WHERE open")
            await connection.execute("UPDATE incident SET closed_at = $1 WHERE closed_at IS NULL", now)
            await connection.execute("UPDATE hazard SET cleared_at = $1 WHERE cleared_at IS NULL", now)
            await connection.execute("UPDATE squad SET rest_s = 0")
            code = await connection.fetchval("SELECT code FROM sensor WHERE kind = 'gas' AND exercise_id = 0 LIMIT 1")
            if drill:
                title = Words("燃气泄漏", "Gas leak")
                exercise = await open_exercise(connection, "gas", title, 1, sensors=[code], squads=["gas-1"], now=now)
                code = f"{exercise.twin_prefix}{code}"
            sensor = await connection.fetchrow("SELECT * FROM sensor WHERE code = $1", code)
            rule_id, _ = (await in_force(connection, now)).rules["gas", "gas_combustible"]
            incident = await connection.fetchval(
                "INSERT INTO incident (kind, hazard_type, grade, skill, title_zh, title_en, grid_id, longitude,"
                " latitude, opened_at, exercise_id) VALUES ('gas', 'gas_combustible', 3, 'gas', $1, $2, $3, $4, $5, $6,"
                " $7) RETURNING incident_id",
                ("【演练】" if drill else "") + TITLES[0],
                ("DRILL " if drill else "") + TITLES[1],
                sensor["grid_id"],
                sensor["longitude"],
                sensor["latitude"],
                now,
                sensor["exercise_id"],
            )
            await connection.execute(
                "INSERT INTO hazard (sensor_id, hazard_type, rule_id, grade, peak_grade, latched, reason_zh, reason_en,"
                " raised_at, graded_at, incident_id) VALUES ($1, 'gas_combustible', $2, 3, 3, false,"
                " '甲烷 27 %LEL，达到黄色限值 20 %LEL', 'CH4 27 %LEL, over the yellow limit of 20 %LEL', $3, $3, $4)",
                sensor["sensor_id"],
                rule_id,
                now,
                incident,
            )
        await dispatcher.run_once(self.pool, now)
        sent: list[tuple[str, dict[str, Any]]] = []

        async def publish(topic: str, payload: bytes) -> None:
            sent.append((topic, orjson.loads(payload)))

        await notify.run_once(self.pool, publish, now, page=f"{self.base}/squad/link")
        order = next(body for topic, body in sent if topic == "squads/gas-1/orders" and body["incident_id"] == incident)
        return Ordered(order["task_id"], "gas-1", order["link"])

    async def measure(self, values: dict[str, float], *, age: timedelta = timedelta(seconds=30)) -> None:
        """A gas reading of every sensor that orders are about."""
        at, table = datetime.now(UTC) - age, KINDS["gas"].table
        async with self.pool.acquire() as connection:
            if await detect_engine(connection) == "plain":
                await ensure_days(connection, table, [at.date()])
            await connection.execute(
                f"INSERT INTO {table} (sensor_id, time, {', '.join(values)})"
                f" SELECT DISTINCT sensor_id, $1::timestamptz, {', '.join(map(str, values.values()))} FROM hazard",
                at,
            )

    async def phone(self, *, scripts: bool = True, language: str = "zh-CN", **options: Any) -> Phone:
        """A new browser that complains of errors and of every request that leaves for elsewhere."""
        context = await self.browser.new_context(
            viewport=PHONE, java_script_enabled=scripts, locale=language, **options
        )
        page = await context.new_page()
        phone = Phone(context, page, self.base)
        page.on("pageerror", lambda error: phone.complaints.append(str(error)))
        page.on("console", lambda said: phone.complaints.append(said.text) if said.type == "error" else None)
        context.on("request", lambda asked: asked.url.startswith(self.base) or phone.complaints.append(asked.url))
        return phone


async def wait_for(address: str) -> None:
    """Wait until the API answers."""
    async with httpx.AsyncClient() as client:
        async with asyncio.timeout(90):
            while True:
                try:
                    if (await client.get(address)).status_code == 200:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
