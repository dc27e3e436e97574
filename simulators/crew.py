"""Virtual squads: they receive orders over MQTT and answer as real ones would."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from types import MappingProxyType

import msgspec
import paho.mqtt.client as paho
import structlog
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from simulators.broker_client import BrokerAddress, make_client, start, stop
from simulators.squads import Action, Arrival, How, Pace, steps

_log = structlog.get_logger()


class _Order(msgspec.Struct):
    key: str
    kind: str = "order"
    task_id: int | None = None
    needs_permit: bool = False


class Crew:
    """The clients of several squads, each with its own persistent session, as on their phones.

    ``run`` answers until it is cancelled. ``conducts`` tells which squads do not simply obey. ``now`` gives the time
    of arrivals and receipts.
    """

    def __init__(
        self,
        broker: BrokerAddress,
        squad_ids: Sequence[str],
        pace: Pace,
        *,
        now: Callable[[], datetime],
        prefix: str = "squads",
        client_id: str = "crew",
        conducts: dict[str, How] | None = None,
    ) -> None:
        self._broker = broker
        self._squad_ids = tuple(squad_ids)
        self._pace = pace
        self._now = now
        self._prefix = prefix
        self._client_id = client_id
        self._conducts = conducts or {}
        self._lock = threading.Lock()
        self._arrivals: dict[str, Arrival] = {}
        self._copies: dict[str, int] = {}
        self._called_off: set[str] = set()
        self._ready: set[str] = set()
        self._all_ready = asyncio.Event()

    @property
    def arrivals(self) -> tuple[Arrival, ...]:
        """Orders in the sequence in which their first copies came."""
        with self._lock:
            return tuple(self._arrivals.values())

    def copies(self, key: str) -> int:
        """How often the order ``key`` came."""
        with self._lock:
            return self._copies.get(key, 0)

    async def ready(self) -> None:
        """Wait until every squad is subscribed."""
        await self._all_ready.wait()

    async def run(self) -> None:
        """Connect, answer orders, and disconnect when cancelled."""
        loop = asyncio.get_running_loop()
        came: asyncio.Queue[tuple[paho.Client, str, _Order, bool]] = asyncio.Queue()
        clients = [
            self._client(squad_id, loop, came) for squad_id in self._squad_ids if self._conduct(squad_id) != "absent"
        ]
        if not clients:
            self._all_ready.set()
        try:
            for client in clients:
                start(client, self._broker, clean=False)
            async with asyncio.TaskGroup() as group:
                while True:
                    client, squad_id, order, is_new = await came.get()
                    plan = steps(self._conduct(squad_id), self._pace, needs_permit=order.needs_permit)
                    answers = plan if is_new else plan[:1]
                    answering = self._answer(client, squad_id, order.key, answers)
                    group.create_task(answering, name=f"crew {order.key}")
        finally:
            # At once: a client whose broker is away takes a second to notice.
            await asyncio.gather(*(asyncio.to_thread(stop, client) for client in clients))

    async def _answer(
        self, client: paho.Client, squad_id: str, key: str, answers: tuple[tuple[float, Action], ...]
    ) -> None:
        for pause_s, action in answers:
            await asyncio.sleep(pause_s)
            if key in self._called_off:
                return
            receipt = {"key": key, "action": action, "time": self._now(), "note": ""}
            client.publish(f"{self._prefix}/{squad_id}/receipts", msgspec.json.encode(receipt), qos=1)

    def _conduct(self, squad_id: str) -> How:
        return self._conducts.get(squad_id, "obeys")

    def _client(
        self,
        squad_id: str,
        loop: asyncio.AbstractEventLoop,
        came: "asyncio.Queue[tuple[paho.Client, str, _Order, bool]]",
    ) -> paho.Client:
        client = make_client(self._broker, f"{self._client_id}-{squad_id}")
        orders, notices = f"{self._prefix}/{squad_id}/orders", f"{self._prefix}/{squad_id}/notices"

        def connected(
            client: paho.Client,
            userdata: object,
            flags: paho.ConnectFlags,
            reason: ReasonCode,
            properties: Properties | None,
        ) -> None:
            if not reason.is_failure:
                client.subscribe([(orders, 1), (notices, 1)])

        def subscribed(
            client: paho.Client, userdata: object, mid: int, reasons: list[ReasonCode], properties: Properties
        ) -> None:
            if not any(reason.is_failure for reason in reasons):
                loop.call_soon_threadsafe(self._set_ready, squad_id)

        def ordered(client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
            # The time is taken here, in the client's thread: the event loop may be busy.
            try:
                order = msgspec.json.decode(message.payload, type=dict[str, object])
                read = msgspec.convert(order, _Order)
            except msgspec.MsgspecError as error:
                _log.warning("order_unreadable", squad=squad_id, reason=str(error))
                return
            if message.topic == notices:
                if read.kind == "cancelled":
                    self._called_off.add(f"order-{read.task_id}")
                is_new = False
            else:
                is_new = self._note(Arrival(squad_id, read.key, self._now(), MappingProxyType(order)))
            loop.call_soon_threadsafe(came.put_nowait, (client, squad_id, read, is_new))

        client.on_connect = connected
        client.on_subscribe = subscribed
        client.on_message = ordered
        return client

    def _set_ready(self, squad_id: str) -> None:
        self._ready.add(squad_id)
        present = {squad for squad in self._squad_ids if self._conduct(squad) != "absent"}
        if self._ready >= present:
            self._all_ready.set()

    def _note(self, arrival: Arrival) -> bool:
        with self._lock:
            self._copies[arrival.key] = self._copies.get(arrival.key, 0) + 1
            return self._arrivals.setdefault(arrival.key, arrival) is arrival
