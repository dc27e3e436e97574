"""The way from devices to the broker: it loses, doubles, delays, garbles, and is cut.

Pure: readings in, messages with the moment of their arrival out, the same for the same seed.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from heapq import heappop, heappush
from types import MappingProxyType
from typing import Protocol
from zlib import crc32

import msgspec
import numpy as np

from simulators.sensors.behaviour import Cause, Values
from simulators.timeline import Timeline

NETWORK_SETTINGS: Mapping[str, Cause] = MappingProxyType(
    {
        # Shares of the messages that are lost, come twice, and come broken.
        "loss": Cause(0, 0, 1),
        "duplicates": Cause(0, 0, 1),
        "malformed": Cause(0, 0, 1),
        # Mean delay; each message has its own, exponentially distributed, so a long one also puts them out of order.
        "delay_s": Cause(0, 0, 3600),
        # Share of the messages that are held back for ``held_s``, so that later ones overtake them.
        "disorder": Cause(0, 0, 1),
        "held_s": Cause(120, 0, 3600),
        # By how much the device's clock is ahead.
        "clock_skew_s": Cause(0, -86_400, 86_400),
        # 1: no connection. The device keeps its last ``buffer`` readings and sends them when it is back, within
        # ``reconnect_spread_s``: at 0 all devices come back at once.
        "cut": Cause(0, 0, 1),
        "buffer": Cause(100, 0, 10_000),
        "reconnect_spread_s": Cause(0, 0, 3600),
        # -1: the device shares a connection that stays. Else it has one of its own, which a cut really drops and which
        # is really made again, with a session that the broker keeps so long; 0: the session ends with its connection.
        "own_session_s": Cause(-1, -1, 86_400),
    }
)


class Reading(Protocol):
    """What a device sends."""

    @property
    def code(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def time(self) -> datetime: ...
    @property
    def values(self) -> Values: ...


class Change(Protocol):
    """Network settings of some sensors from a moment on."""

    @property
    def at_s(self) -> int: ...
    @property
    def sensors(self) -> tuple[str, ...]: ...
    @property
    def network(self) -> dict[str, float]: ...


@dataclass(frozen=True, slots=True, order=True)
class Delivery:
    """A message that reaches the broker at ``at``. ``number`` tells equal moments apart, in order of sending."""

    at: datetime
    number: int
    code: str = field(compare=False)
    kind: str = field(compare=False)
    payload: bytes = field(compare=False)


@dataclass(frozen=True, slots=True)
class Turn:
    """A device's own connection is made at ``at``, its session kept for ``session_s`` after a cut; None: it is cut."""

    at: datetime
    code: str
    session_s: int | None


@dataclass(frozen=True, slots=True)
class Carried:
    """Counts of what the network did: in messages, and in own connections that were cut and made again."""

    sent: int = 0
    lost: int = 0
    doubled: int = 0
    broken: int = 0
    overflowed: int = 0
    dropped: int = 0
    reconnected: int = 0


class _Way:
    """One device's connection."""

    def __init__(self, code: str, seed: int, changes: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        self.generator = np.random.default_rng((seed, crc32(code.encode()), 2))
        self.settings = Timeline(NETWORK_SETTINGS, changes)
        self.kept: deque[Reading] = deque()
        self.is_cut = False
        self.is_linked = False  # has a connection of its own


class Network:
    """Carries the readings of a fleet that starts at ``start``; ``changes`` are the timed settings of sensors."""

    def __init__(self, *, seed: int, start: datetime, changes: Sequence[Change] = ()) -> None:
        self._seed = seed
        self._start = start
        self._changes = sorted((one for one in changes if one.network), key=lambda one: one.at_s)
        self._moments = deque(sorted({one.at_s for one in self._changes}))
        self._ways: dict[str, _Way] = {}
        self._coming: list[Delivery] = []
        self._number = 0
        self._turns: list[Turn] = []
        self._gone: set[str] = set()
        self._counts = dict.fromkeys((field.name for field in fields(Carried)), 0)
        for change in self._changes:
            if "own_session_s" in change.network:
                for code in change.sensors:
                    self._way(code)

    @property
    def carried(self) -> Carried:
        """What became of the readings so far."""
        return Carried(**self._counts)

    def carry(self, readings: Iterable[Reading], until: datetime) -> list[Delivery]:
        """Take in ``readings`` up to ``until``, in order of time; the messages that arrive before then, in order."""
        for reading in readings:
            self._settle_cuts((reading.time - self._start).total_seconds())
            self._take(reading)
        self._settle_cuts((until - self._start).total_seconds())
        arrived = []
        while self._coming and self._coming[0].at < until:
            arrived.append(heappop(self._coming))
        return arrived

    def turns(self, until: datetime) -> list[Turn]:
        """What became of devices' own connections before ``until``, up to which readings were carried; in order."""
        due = sorted((turn for turn in self._turns if turn.at < until), key=lambda turn: (turn.at, turn.code))
        self._turns = [turn for turn in self._turns if turn.at >= until]
        for turn in due:
            if turn.session_s is None:
                self._gone.add(turn.code)
                self._counts["dropped"] += 1
            elif turn.code in self._gone:
                self._gone.remove(turn.code)
                self._counts["reconnected"] += 1
        return due

    def _settle_cuts(self, now_s: float) -> None:
        """Let devices whose connection is back send what they kept."""
        while self._moments and self._moments[0] <= now_s:
            moment_s = self._moments.popleft()
            for code, way in self._ways.items():
                settings = way.settings.at(moment_s)
                at = self._start + timedelta(seconds=moment_s)
                if way.is_cut and settings["cut"] < 0.5:
                    back_s = moment_s + float(way.generator.uniform(0, settings["reconnect_spread_s"] or 1e-9))
                    at = self._start + timedelta(seconds=back_s)
                    for reading in way.kept:
                        self._send(way, settings, reading, at)
                    way.kept.clear()
                way.is_cut = settings["cut"] >= 0.5
                self._link(code, way, settings, at)

    def _link(self, code: str, way: _Way, settings: Mapping[str, float], at: datetime) -> None:
        linked = settings["own_session_s"] >= 0 and not way.is_cut
        if linked == way.is_linked:
            return
        way.is_linked = linked
        before = [turn for turn in self._turns if turn.code != code or turn.at < at]
        if linked or len(before) == len(self._turns):  # else it was still on its way back
            before.append(Turn(at, code, int(settings["own_session_s"]) if linked else None))
        self._turns = before

    def _way(self, code: str) -> _Way:
        way = self._ways.get(code)
        if way is None:
            changes = [(one.at_s, one.network) for one in self._changes if code in one.sensors]
            way = self._ways[code] = _Way(code, self._seed, changes)
        return way

    def _take(self, reading: Reading) -> None:
        way = self._way(reading.code)
        settings = way.settings.at((reading.time - self._start).total_seconds())
        way.is_cut = settings["cut"] >= 0.5
        if not way.is_cut:
            self._send(way, settings, reading, reading.time)
            return
        way.kept.append(reading)
        while len(way.kept) > settings["buffer"]:
            way.kept.popleft()
            self._counts["overflowed"] += 1

    def _send(self, way: _Way, settings: Mapping[str, float], reading: Reading, at: datetime) -> None:
        # Everything is drawn every time: a setting changes nothing but what it is about.
        lost, doubled, broken, held = way.generator.random(4)
        delays_s = way.generator.exponential(1.0, 2) * settings["delay_s"]
        how = int(way.generator.integers(len(_BREAKAGES)))
        self._counts["sent"] += 1
        if lost < settings["loss"]:
            self._counts["lost"] += 1
            return
        payload = payload_of(reading, settings["clock_skew_s"])
        if broken < settings["malformed"]:
            payload = _BREAKAGES[how](payload)
            self._counts["broken"] += 1
        held_s = settings["held_s"] if held < settings["disorder"] else 0.0
        self._push(reading, payload, at + timedelta(seconds=float(delays_s[0]) + held_s))
        if doubled < settings["duplicates"]:
            self._counts["doubled"] += 1
            self._push(reading, payload, at + timedelta(seconds=float(delays_s.sum()) + held_s))

    def _push(self, reading: Reading, payload: bytes, at: datetime) -> None:
        self._number += 1
        heappush(self._coming, Delivery(at, self._number, reading.code, reading.kind, payload))


def payload_of(reading: Reading, clock_skew_s: float = 0.0) -> bytes:
    """The native payload: a JSON object with the time by the device's clock in RFC 3339."""
    return msgspec.json.encode({"time": reading.time + timedelta(seconds=clock_skew_s), **reading.values})


def _cut_short(payload: bytes) -> bytes:
    return payload[: len(payload) // 2]


def _not_text(payload: bytes) -> bytes:
    return b"\xff\xfe" + payload


def _unknown_field(payload: bytes) -> bytes:
    return payload[:-1] + b',"firmware":"1.2"}'


def _beyond_range(payload: bytes) -> bytes:
    return payload.replace(b'"battery_pct":', b'"battery_pct":-1')


def _no_time(payload: bytes) -> bytes:
    return b"{" + payload.partition(b",")[2]


_BREAKAGES: tuple[Callable[[bytes], bytes], ...] = (_cut_short, _not_text, _unknown_field, _beyond_range, _no_time)
