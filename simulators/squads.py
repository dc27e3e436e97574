"""Virtual squads as pure data: orders in, answers with their time out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from math import ceil
from typing import Annotated, Any, Literal

import msgspec

Action = Literal["received", "accept", "refuse", "en_route", "on_scene", "permit", "done"]
How = Literal["obeys", "refuses", "absent", "out_of_reach"]
Seconds = Annotated[int, msgspec.Meta(ge=0)]


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds from one step of a squad to the next; ``received`` is answered at once.

    Where nobody may enter without a permit, the crew on scene asks for it every ``permit_s`` until it is done.
    """

    accept_s: float
    en_route_s: float
    on_scene_s: float
    done_s: float
    permit_s: float = 300.0

    def faster(self, speed: float) -> "Pace":
        """The same pace when ``speed`` seconds are played in one."""
        return Pace(
            accept_s=self.accept_s / speed,
            en_route_s=self.en_route_s / speed,
            on_scene_s=self.on_scene_s / speed,
            done_s=self.done_s / speed,
            permit_s=self.permit_s / speed,
        )


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a squad behaves between two moments of the drill; for ever when no end is given.

    It ``obeys`` (``slower`` times as slowly as the others), ``refuses``, is ``absent`` (nobody answers), or is
    ``out_of_reach``: its orders and answers wait until it is back.
    """

    squad: str
    how: How = "obeys"
    from_s: Seconds = 0
    to_s: Seconds | None = None
    slower: Annotated[float, msgspec.Meta(gt=0)] = 1.0

    def holds_at(self, at_s: float) -> bool:
        """Whether it is in force."""
        return self.from_s <= at_s and (self.to_s is None or at_s < self.to_s)


_OBEYS = Conduct("")


@dataclass(frozen=True, slots=True)
class Arrival:
    """The first copy of an order in a squad's hands."""

    squad_id: str
    key: str
    at: datetime
    order: Mapping[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Answer:
    """What a squad says about an order, at ``at``."""

    at: datetime
    number: int
    squad_id: str
    key: str
    action: Action

    def payload(self) -> bytes:
        """The receipt as it goes over MQTT."""
        return msgspec.json.encode({"key": self.key, "action": self.action, "time": self.at, "note": ""})


def steps(how: How, pace: Pace, *, needs_permit: bool = False) -> tuple[tuple[float, Action], ...]:
    """What a squad answers to a new order: pauses before each answer, in seconds, and the answers."""
    if how == "absent":
        return ()
    if how == "refuses":
        return ((0.0, "received"), (pace.accept_s, "refuse"))
    asking: tuple[tuple[float, Action], ...] = ()
    if needs_permit and pace.done_s > 0:
        asking = ((pace.permit_s, "permit"),) * (ceil(pace.done_s / pace.permit_s) - 1)
    return (
        (0.0, "received"),
        (pace.accept_s, "accept"),
        (pace.en_route_s, "en_route"),
        (pace.on_scene_s, "on_scene"),
        *asking,
        (pace.done_s - len(asking) * pace.permit_s, "done"),
    )


class Squads:
    """All squads of a drill that starts at ``start``; squads without a conduct simply obey."""

    def __init__(self, pace: Pace, conducts: Sequence[Conduct], start: datetime) -> None:
        self._pace = pace
        self._conducts = conducts
        self._start = start
        self._due: list[Answer] = []
        self._number = 0
        self.arrivals: dict[str, Arrival] = {}

    def hear(self, squad_id: str, order: Mapping[str, Any], at: datetime) -> None:
        """A copy of an order comes at ``at``; one that came before is only confirmed again."""
        conduct = self._conduct(squad_id, at)
        if conduct.how == "out_of_reach":
            at = self._back(conduct)
        key = str(order["key"])
        known = key in self.arrivals
        if conduct.how != "absent":
            self.arrivals.setdefault(key, Arrival(squad_id, key, at, order))
        needs_permit = bool(order.get("needs_permit"))
        for pause_s, action in steps(conduct.how, self._pace, needs_permit=needs_permit)[: 1 if known else None]:
            at += timedelta(seconds=pause_s * conduct.slower)
            self._say(at, squad_id, key, action)

    def heed(self, squad_id: str, notice: Mapping[str, Any], at: datetime) -> None:
        """A notice comes at ``at`` and is confirmed; after one that calls off an order nothing more is said of it."""
        conduct = self._conduct(squad_id, at)
        if conduct.how == "absent":
            return
        if notice["kind"] == "cancelled":
            order = f"order-{notice['task_id']}"
            self._due = [answer for answer in self._due if answer.key != order]
            heapify(self._due)
        at = self._back(conduct) if conduct.how == "out_of_reach" else at
        self._say(at, squad_id, str(notice["key"]), "received")

    def _say(self, at: datetime, squad_id: str, key: str, action: Action) -> None:
        self._number += 1
        heappush(self._due, Answer(at, self._number, squad_id, key, action))

    def answers(self, until: datetime) -> list[Answer]:
        """What is said up to ``until``, in order; what a squad out of reach would say waits until it is back."""
        said = []
        while self._due and self._due[0].at <= until:
            answer = heappop(self._due)
            conduct = self._conduct(answer.squad_id, answer.at)
            if conduct.how == "out_of_reach":
                heappush(self._due, replace(answer, at=self._back(conduct)))
            else:
                said.append(answer)
        return said

    def _conduct(self, squad_id: str, at: datetime) -> Conduct:
        at_s = (at - self._start).total_seconds()
        return next((one for one in self._conducts if one.squad == squad_id and one.holds_at(at_s)), _OBEYS)

    def _back(self, conduct: Conduct) -> datetime:
        if conduct.to_s is None:
            return datetime.max.replace(tzinfo=self._start.tzinfo)
        return self._start + timedelta(seconds=conduct.to_s)
