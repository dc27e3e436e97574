"""Playing a drill on a stepped hub, in the drill's time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

from ingest.source import Message
from lifeline.rehearsal.hub import SteppedHub
from simulators.drill import Drill
from simulators.fleet import Fleet
from simulators.network import Carried, Delivery, Network, Turn
from simulators.roster import VirtualSensor
from simulators.squads import Squads

STEP_S = 10
"""How finely the drill's time goes: what arrives within a step is one batch of the intake."""
_TICK_S = 60  # of a hub that has nothing else to do


@dataclass(slots=True)
class Played:
    """A drill that has been played: what its squads got, and what the network did."""

    start: datetime
    squads: Squads
    carried: Carried
    messages: int = 0
    copies: int = 0  # of orders, repeated ones too


class Feed(Protocol):
    """Where the messages of sensors come from."""

    def arriving(self, until: datetime) -> list[Delivery]:
        """Those that arrive before ``until`` and were not given yet, in order."""

    def turns(self, until: datetime) -> list[Turn]:
        """What became of devices' own connections before ``until``; asked for after what arrives until then."""

    @property
    def carried(self) -> Carried:
        """What the network did to them so far."""


class Simulated:
    """A fleet behind its network, until the drill's end."""

    def __init__(self, drill: Drill, players: Sequence[VirtualSensor], seed: int, start: datetime) -> None:
        zone = start.tzinfo
        assert isinstance(zone, ZoneInfo)
        self._end = start + timedelta(seconds=drill.duration_s)
        self._fleet = Fleet(
            players, seed=seed, start=start, time_zone=zone, injections=drill.injections, weather=drill.weather
        )
        self._network = Network(seed=seed, start=start, changes=drill.injections)

    def arriving(self, until: datetime) -> list[Delivery]:
        """As of a feed."""
        return self._network.carry(self._fleet.readings(min(until, self._end)), until)

    def turns(self, until: datetime) -> list[Turn]:
        """As of a feed."""
        return self._network.turns(until)

    @property
    def carried(self) -> Carried:
        """As of a feed."""
        return self._network.carried


class Recorded:
    """What was stored of a past event; ``deliveries`` are in order of time."""

    def __init__(self, deliveries: Sequence[Delivery]) -> None:
        self._left = deque(deliveries)
        self._given = 0

    def arriving(self, until: datetime) -> list[Delivery]:
        """As of a feed."""
        given = []
        while self._left and self._left[0].at < until:
            given.append(self._left.popleft())
        self._given += len(given)
        return given

    def turns(self, until: datetime) -> list[Turn]:
        """As of a feed; nobody has recorded connections."""
        return []

    @property
    def carried(self) -> Carried:
        """As of a feed."""
        return Carried(sent=self._given)


async def play_drill(
    drill: Drill,
    hub: SteppedHub,
    feed: Feed,
    *,
    start: datetime,
    twin_prefix: str,
    wait_until: Callable[[float], Awaitable[None]],
    look: Callable[[float], None],
) -> Played:
    """Play ``drill`` from ``start`` until its last window closes.

    ``wait_until`` is told the drill second that comes next and returns when it may; ``look`` is told the drill second
    that has been played, once a minute.
    """
    squads = Squads(drill.crew, drill.conducts, start)
    played = Played(start, squads, feed.carried)
    stop_s = max(drill.duration_s, drill.last_s)
    for at_s in range(STEP_S, stop_s + STEP_S, STEP_S):
        await wait_until(at_s)
        now = start + timedelta(seconds=at_s)
        deliveries = feed.arriving(now)
        linked = {turn.code: turn.session_s for turn in feed.turns(now)}
        await hub.devices.connect({code: kept_s for code, kept_s in linked.items() if kept_s is not None})
        answers = squads.answers(now)
        known = hub.findings
        if deliveries:
            topics = [(one.code, _topic(hub, twin_prefix, one), one.payload) for one in deliveries]
            await hub.take_readings(topics, now)
            played.messages += len(deliveries)
        hub.devices.drop([code for code, kept_s in linked.items() if kept_s is None])  # after what came before the cut
        if answers:
            await hub.take_receipts([(answer.squad_id, answer.payload()) for answer in answers], now)
        # As in the hub: news wakes the stages behind the commit, a tick is the guarantee.
        if hub.findings > known or answers or at_s % _TICK_S == 0:
            for message in await hub.decide(now):
                said = msgspec.json.decode(message.payload)
                if message.topic.endswith("/notices"):
                    squads.heed(_squad_of(message), said, now)
                else:
                    squads.hear(_squad_of(message), said, now)
                    played.copies += 1
        if at_s % _TICK_S == 0:
            look(at_s)
    played.carried = feed.carried
    return played


def _topic(hub: SteppedHub, twin_prefix: str, delivery: Delivery) -> str:
    return f"{hub.intake.registry.prefix}/{delivery.kind}/{twin_prefix}{delivery.code}/reading"


def _squad_of(message: Message) -> str:
    return message.topic.split("/")[-2]


def pacer(speed: float | None, now: Callable[[], float]) -> Callable[[float], Awaitable[None]]:
    """Waits so that ``speed`` drill seconds go by in one of ``now``'s; None never waits."""
    began = now()

    async def wait_until(at_s: float) -> None:
        ahead_s = at_s / speed - (now() - began) if speed is not None else 0.0
        if ahead_s > 0:
            await asyncio.sleep(ahead_s)

    return wait_until
