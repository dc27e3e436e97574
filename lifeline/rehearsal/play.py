"""Playing a drill on a stepped hub, in the drill's time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from ingest.source import Message
from lifeline.rehearsal.hub import SteppedHub
from simulators.drill import Drill
from simulators.fleet import Fleet
from simulators.network import Carried, Delivery, Network
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


async def play_drill(
    drill: Drill,
    hub: SteppedHub,
    players: tuple[VirtualSensor, ...],
    *,
    time_zone: ZoneInfo,
    seed: int,
    twin_prefix: str,
    wait_until: Callable[[float], Awaitable[None]],
    look: Callable[[float], None],
) -> Played:
    """Play ``drill`` from its start until its last window closes.

    ``wait_until`` is told the drill second that comes next and returns when it may; ``look`` is told the drill second
    that has been played, once a minute.
    """
    start = drill.starts.replace(tzinfo=time_zone)
    fleet = Fleet(
        players, seed=seed, start=start, time_zone=time_zone, injections=drill.injections, weather=drill.weather
    )
    network = Network(seed=seed, start=start, changes=drill.injections)
    squads = Squads(drill.crew, drill.conducts, start)
    played = Played(start, squads, network.carried)
    stop_s = max(drill.duration_s, drill.last_s)
    for at_s in range(STEP_S, stop_s + STEP_S, STEP_S):
        await wait_until(at_s)
        now = start + timedelta(seconds=at_s)
        readings = fleet.readings(min(now, start + timedelta(seconds=drill.duration_s)))
        deliveries = network.carry(readings, now)
        answers = squads.answers(now)
        known = hub.findings
        if deliveries:
            topics = [(one.code, _topic(hub, twin_prefix, one), one.payload) for one in deliveries]
            await hub.take_readings(topics, now)
            played.messages += len(deliveries)
        if answers:
            await hub.take_receipts([(answer.squad_id, answer.payload()) for answer in answers], now)
        # As in the hub: news wakes the stages behind the commit, a tick is the guarantee.
        if hub.findings > known or answers or at_s % _TICK_S == 0:
            for message in await hub.decide(now):
                squads.hear(_squad_of(message), msgspec.json.decode(message.payload), now)
                played.copies += 1
        if at_s % _TICK_S == 0:
            look(at_s)
    played.carried = network.carried
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
