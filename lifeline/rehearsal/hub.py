"""The hub's stages in one process, each run when it is told what time it is.

The road is the real one: messages go through the broker to the intake's session, orders through the outbox and the
broker to the squads, receipts back the same way. Only the loops are missing: who steps the hub says when, so the same
messages at the same times have the same outcome however fast the time goes by.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

import asyncpg

from alerts.service import IngestService, topic_filters
from alerts.service import build_service as build_intake
from dispatch.service import DispatchService
from dispatch.service import build_service as build_dispatch
from ingest.broker import Broker
from ingest.decoder import Decoder
from ingest.formats.table import NATIVE
from ingest.profile import load_profiles
from ingest.session import Session
from ingest.source import Batch, Message
from lifeline.errors import HubError
from lifeline.scratch import clear_session
from simulators.errors import SimulatorError
from simulators.line import Devices, open_line

_WITHIN_S = 30.0
_POLL_S = 0.01
_MOST_AT_ONCE = 100  # taken in together; rumqttd lets about so many be under way, whatever it is asked for


class _Inlet:
    """A session whose messages are waited for by number."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._batches = cast("AsyncGenerator[Batch]", session.batches())

    async def take(self, count: int, use: Callable[[Sequence[Message]], Awaitable[None]]) -> None:
        """Hand the next ``count`` messages to ``use`` and acknowledge them.

        They are handed over together, however the network cut them, so that the same messages make the same batches;
        only more than the broker lets be under way come in parts.
        """
        while count > 0:
            batches: list[Batch] = []
            messages: list[Message] = []
            while len(messages) < min(count, _MOST_AT_ONCE):
                try:
                    async with asyncio.timeout(_WITHIN_S):
                        batch = await anext(self._batches)
                except TimeoutError as error:
                    missing = count - len(messages)
                    raise HubError(
                        f"{missing} messages did not come back from the broker in {_WITHIN_S:g} s"
                    ) from error
                batches.append(batch)
                messages.extend(batch.messages)
            await use(messages)
            for batch in batches:
                self.session.ack(batch)
            count -= len(messages)

    async def close(self) -> None:
        await self._batches.aclose()
        await self.session.close()


@dataclass(slots=True)
class SteppedHub:
    """Intake and dispatch of a hub that somebody else tells the time."""

    intake: IngestService
    dispatch: DispatchService
    devices: Devices
    squads_prefix: str
    orders: _Inlet
    _readings: _Inlet = field(init=False)
    _receipts: _Inlet = field(init=False)

    def __post_init__(self) -> None:
        self._readings = _Inlet(self.intake.session)
        self._receipts = _Inlet(self.dispatch.session)

    async def take_readings(self, messages: Sequence[tuple[str, str, bytes]], now: datetime) -> None:
        """Publish messages (device, topic, payload), then commit and judge all of them at ``now``."""
        await self._publish(messages)
        await self._readings.take(len(messages), lambda batch: self.intake.pipeline.process(batch, now))

    async def take_receipts(self, answers: Sequence[tuple[str, bytes]], now: datetime) -> None:
        """Publish what squads (id, payload) say, then commit it at ``now`` and free the latches that it frees."""
        await self._publish(
            [(squad_id, f"{self.squads_prefix}/{squad_id}/receipts", said) for squad_id, said in answers]
        )
        await self._receipts.take(len(answers), lambda batch: self.dispatch.take(batch, now))
        await self.intake.follow_once(now, {"hazard"})

    @property
    def findings(self) -> int:
        """How many changes of hazards the intake has found so far: news for the stages behind it."""
        stats = self.intake.engine.stats
        return stats.raised + stats.regraded + stats.cleared

    async def decide(self, now: datetime) -> list[Message]:
        """Let the clock bring about what is due at ``now``, then run every stage behind the commit.

        The messages that squads get are returned. Silence is not judged: only the sensors of the drill report. The
        watch comes before the dispatcher, which finds the next squad for an order that it takes back.
        """
        await self.intake.engine.run_once(self.intake.pool, now)
        while (await self.dispatch.watch_once(now)).more:
            pass
        while (await self.dispatch.dispatch_once(now)).more:
            pass
        sent = 0
        while True:
            done = await self.dispatch.send_once(now)
            sent += done.sent
            if not done.more:
                break
        got: list[Message] = []

        async def keep(messages: Sequence[Message]) -> None:
            got.extend(messages)

        await self.orders.take(sent, keep)
        return got

    async def _publish(self, messages: Sequence[tuple[str, str, bytes]]) -> None:
        try:
            await self.devices.publish(messages)
        except SimulatorError as error:
            raise HubError(str(error)) from error

    async def until_connected(self) -> None:
        """Wait until all sessions are there; HubError when the broker does not let them in."""
        sessions = (self.intake.session, self.dispatch.session, self.orders.session)
        try:
            async with asyncio.timeout(_WITHIN_S):
                await self.dispatch.publisher.connected.wait()
                while not all(session.stats.connected for session in sessions):  # noqa: ASYNC110 - a count, no event
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as error:
            raise HubError("the broker does not answer") from error


@asynccontextmanager
async def stepped_hub(pool: asyncpg.Pool, broker: Broker, name: str) -> AsyncGenerator[SteppedHub]:
    """A hub on a prepared database with its county; ``name`` keeps its topics and clients apart from others'."""
    prefix, squads_prefix = f"{name}/sensors", f"{name}/squads"
    decoder = Decoder((NATIVE,), load_profiles(), prefix, ingress_prefix=f"{name}/ingress")
    session = Session(broker, client_id=f"{name}-ingest", topic_filters=topic_filters(prefix, decoder))
    intake = await build_intake(pool, session, decoder, prefix=prefix, unknown_sensor="quarantine")
    dispatch = build_dispatch(pool, broker, prefix=squads_prefix, client_id=f"{name}-dispatch")
    told = (f"{squads_prefix}/+/orders", f"{squads_prefix}/+/notices")
    orders = _Inlet(Session(broker, client_id=f"{name}-squads", topic_filters=told))
    async with AsyncExitStack() as opened:
        devices = Devices(broker, f"{name}-sensor", await open_line(broker, f"{name}-sensors"))
        opened.push_async_callback(devices.close)
        hub = SteppedHub(intake, dispatch, devices, squads_prefix, orders)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(intake.session.run(), name="readings session"),
                group.create_task(dispatch.session.run(), name="receipts session"),
                group.create_task(orders.session.run(), name="orders session"),
                group.create_task(dispatch.publisher.run(), name="orders connection"),
            ]
            try:
                await hub.until_connected()
                yield hub
            finally:
                for inlet in (hub._readings, hub._receipts, orders):
                    await inlet.close()
                for task in tasks:
                    task.cancel()
        for role in ("ingest", "dispatch", "squads"):  # nobody will ever ask for these sessions again
            await clear_session(broker, f"{name}-{role}")
