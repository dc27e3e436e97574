"""The hub looks after itself: measures what it depends on, and makes an incident of what is wrong.

It runs in the dispatch process. When that, or the database, is away, nothing here can tell: that is what the watchdog
outside is for.
"""

import asyncio
import shutil
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import asyncpg
import structlog
from aiomqtt.exceptions import MqttConnectError

from alerts.hubtroubles import Settled, open_troubles, settle
from database.errors import PASSING
from database.queries import load_queries
from lifeline.certificates import first_end
from lifeline.credentials import BROKER_LOG
from lifeline.settings import Settings
from lifeline.vitals import Vitals, judge

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_EVERY_S = 15.0
_CERTIFICATES_EVERY = timedelta(hours=1)
_LOGINS_WITHIN = timedelta(minutes=10)
_MOST_LOGINS = 10_000
_AGAIN_AFTER_S = 30.0
_REFUSED = (134, 135)  # bad user name or password, not authorized: MQTT 5, 3.2.2.2
_WORDS = b"not authori"  # Mosquitto's log says "not authorised"


@dataclass(slots=True)
class SelfWatch:
    """Looks every 15 seconds; ``refused`` holds the times of refused logins."""

    pool: asyncpg.Pool
    settings: Settings
    refused: deque[datetime] = field(default_factory=lambda: deque(maxlen=_MOST_LOGINS))
    since: Mapping[str, datetime] = field(default_factory=dict)
    vitals: Vitals = field(default_factory=Vitals)
    _hears_broker: bool = False
    _certificate_end: datetime | None = None
    _certificates_seen_at: datetime | None = None

    async def run(self) -> None:
        """Look and listen until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look(), name="vitals")
            if self.settings.broker_dollar_topics:
                group.create_task(self._listen(), name="broker's log")

    def figures(self) -> dict[str, float]:
        """The latest look, for the heartbeat."""
        return {name: value for name, value in asdict(self.vitals).items() if value is not None}

    async def run_once(self, now: datetime) -> Settled:
        """Measure, judge, and settle what follows."""
        self.vitals = vitals = await self.measure(now)
        async with self.pool.acquire() as connection, connection.transaction():
            judged = judge(vitals, await open_troubles(connection), self.since, now)
            settled = Settled()
            if judged.troubles or judged.over:
                settled = await settle(connection, judged.troubles, judged.over, now)
        self.since = judged.since
        return settled

    async def measure(self, now: datetime) -> Vitals:
        """One look; PASSING errors of the database come through."""
        before = datetime.now(UTC)
        row = await self.pool.fetchrow(_SQL.vitals, now)
        after = datetime.now(UTC)
        assert row is not None
        return Vitals(
            ingest_behind_s=row["ingest_behind_s"],
            outbox_late_s=row["outbox_late_s"],
            disk_free=_disk_free(self.settings.data_dir),
            # Half the way there and back is nobody's fault.
            clock_skew_s=abs((row["clock"] - before - (after - before) / 2).total_seconds()),
            certificate_days=await self._certificate_days(now),
            refused_logins=self._refused_logins(now) if self._hears_broker else None,
        )

    def _refused_logins(self, now: datetime) -> int:
        while self.refused and self.refused[0] < now - _LOGINS_WITHIN:
            self.refused.popleft()
        return len(self.refused)

    async def _certificate_days(self, now: datetime) -> float | None:
        seen_at = self._certificates_seen_at
        if seen_at is None or now - seen_at >= _CERTIFICATES_EVERY:
            self._certificate_end = await first_end(self.settings)
            self._certificates_seen_at = now
        end = self._certificate_end
        return None if end is None else (end - now) / timedelta(days=1)

    async def _look(self) -> None:
        log = structlog.get_logger()
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                settled = await self.run_once(datetime.now(UTC))
                if settled != Settled():
                    log.warning("hub_troubles", opened=settled.opened, graver=settled.graver, closed=settled.closed)
            except PASSING as error:
                log.warning("self_watch_waits", error=str(error) or type(error).__name__)

    async def _listen(self) -> None:
        """Hear Mosquitto's log, which needs its ``log_dest topic``; another broker leaves it silent."""
        broker = self.settings.broker
        while True:
            try:
                async with aiomqtt.Client(
                    broker.host,
                    broker.port,
                    username=broker.username,
                    password=broker.password,
                    identifier=f"{self.settings.client_id}-selfwatch",
                    protocol=aiomqtt.ProtocolVersion.V5,
                    tls_context=broker.ssl_context(),
                ) as client:
                    await client.subscribe(f"{BROKER_LOG}/#")
                    self._hears_broker = True
                    async for message in client.messages:
                        self.take(bytes(message.payload), datetime.now(UTC))
            except MqttConnectError as error:
                if error.rc in _REFUSED:  # the hub's own login
                    self._hears_broker = True
                    self.refused.append(datetime.now(UTC))
            except (aiomqtt.MqttError, OSError) as error:
                structlog.get_logger().debug("broker_log_not_heard", error=str(error))
            await asyncio.sleep(_AGAIN_AFTER_S)

    def take(self, line: bytes, at: datetime) -> None:
        """A line of the broker's log."""
        if _WORDS in line:
            self.refused.append(at)


def _disk_free(folder: Path) -> float:
    there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    usage = shutil.disk_usage(there)
    return usage.free / usage.total
