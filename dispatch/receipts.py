"""What squads answer: receipts and reports over MQTT, one transaction per batch.

A receipt comes at least once, so repeated and overtaken ones change nothing. One that can't be taken (malformed, for
no order of ours, from another squad than the ordered one, or not possible in the task's status) goes to quarantine
with its reason, where a person sees it, and its neighbours are applied all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, cast

import asyncpg
import msgspec
import structlog

from database.pool import Connection
from database.queries import load_queries
from dispatch.errors import DispatchError
from dispatch.orders import order_key
from dispatch.permits import ask
from dispatch.sightings import Sighting, see
from dispatch.squads import UnknownSquadError, set_service
from dispatch.steps import Action, Move, Report, TransitionError
from dispatch.tasks import lock, write
from ingest.quarantine import Rejected, hold
from ingest.source import Message

_SQL = load_queries(Path(__file__).with_suffix(".sql"))

MAX_PAYLOAD_BYTES = 8192
_ON_SITE = frozenset({"on_scene", "working"})
_OF_SELF = frozenset({"position", "out_of_service", "in_service"})
_NO_STEP = frozenset({"received", "permit"}) | _OF_SELF
_MOST_BIGINT = 2**63 - 1
_SELF = "squad-status"
"""The key of what a squad says about itself: where it is, that it can't go for now, that it can again."""

_KEY = r"^(order-[1-9][0-9]{0,18}|(?!order-)[a-z]+-[a-z0-9_-]+)$"  # of an order, or of a notice


class ReceiptError(DispatchError):
    """A message on a receipts topic that isn't a receipt for an order of ours."""


class _Position(msgspec.Struct, frozen=True):
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)]


class _Wire(msgspec.Struct, frozen=True):
    key: Annotated[str, msgspec.Meta(pattern=_KEY, max_length=64)]
    action: Literal[
        "received",
        "accept",
        "refuse",
        "en_route",
        "on_scene",
        "working",
        "check_in",
        "permit",
        "done",
        "fail",
        "position",
        "out_of_service",
        "in_service",
    ]
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    note: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    position: _Position | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """One answer of a squad; ``action`` None: it was received. ``time`` is by the squad's clock.

    It is about the order of ``task_id``, about the notice of ``key``, which can only be received, or about the squad
    itself: ``service`` says whether it can go at all. ``asks`` says that the crew wants to know whether it may enter;
    ``position`` is longitude and latitude in degrees.
    """

    squad_id: str
    key: str
    task_id: int | None
    action: Action | None
    time: datetime
    note: str
    asks: bool = False
    position: tuple[float, float] | None = None
    service: bool | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a batch, in messages."""

    applied: int = 0
    repeated: int = 0
    rejected: int = 0


_decoder = msgspec.json.Decoder(_Wire)


def receipts_filter(prefix: str) -> str:
    """The topic filter that matches every squad's receipts."""
    return f"{prefix}/+/receipts"


def parse_receipt(topic: str, payload: bytes, prefix: str) -> Receipt:
    """Read a receipt from ``{prefix}/{squad_id}/receipts``; ReceiptError with what is wrong."""
    head, tail = f"{prefix}/", "/receipts"
    squad_id = topic[len(head) : -len(tail)]
    if not (topic.startswith(head) and topic.endswith(tail)) or not squad_id or "/" in squad_id:
        raise ReceiptError(f"not a receipts topic, which looks like {prefix}/SQUAD/receipts")
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ReceiptError(f"{len(payload)} bytes, more than {MAX_PAYLOAD_BYTES}")
    try:
        wire = _decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ReceiptError(f"not a receipt: {error}") from error
    if "\0" in wire.note:
        raise ReceiptError("not a receipt: the note holds a NUL character")
    action = None if wire.action in _NO_STEP else wire.action
    position = (wire.position.longitude, wire.position.latitude) if wire.position is not None else None
    return Receipt(
        squad_id,
        wire.key,
        _task_id(wire),
        cast("Action | None", action),
        wire.time,
        wire.note,
        asks=wire.action == "permit",
        position=position,
        service={"in_service": True, "out_of_service": False}.get(wire.action),
    )


def _task_id(wire: _Wire) -> int | None:
    if (wire.key == _SELF) != (wire.action in _OF_SELF):
        raise ReceiptError(f"{', '.join(sorted(_OF_SELF))}, and nothing else, go with the key {_SELF}")
    if wire.key == _SELF:
        return None
    if not wire.key.startswith("order-"):
        if wire.action != "received":
            raise ReceiptError(f"{wire.key} is a notice, which can only be received, not {wire.action}")
        return None
    task_id = int(wire.key.removeprefix("order-"))
    if task_id > _MOST_BIGINT:
        raise ReceiptError(f"no order has the key {wire.key}")
    return task_id


async def apply(pool: asyncpg.Pool, messages: Sequence[Message], now: datetime, *, prefix: str = "squads") -> Applied:
    """Commit what ``messages`` report, in their order; those that can't be taken go to quarantine."""
    parsed: list[tuple[Message, Receipt]] = []
    rejected: list[Rejected] = []
    for message in messages:
        try:
            parsed.append((message, parse_receipt(message.topic, message.payload, prefix)))
        except ReceiptError as error:
            rejected.append(Rejected(message.topic, message.payload, str(error), now))
    async with pool.acquire() as connection, connection.transaction():
        moves = await lock(connection, [receipt.task_id for _, receipt in parsed if receipt.task_id is not None])
        changed: dict[int, Move] = {}
        repeated = 0
        for message, receipt in parsed:
            try:
                if not await _take(connection, moves, receipt, now):
                    repeated += 1
                elif receipt.task_id is not None:
                    changed[receipt.task_id] = moves[receipt.task_id]
            except (ReceiptError, TransitionError) as error:
                rejected.append(Rejected(message.topic, message.payload, str(error), now))
        if changed:
            await write(connection, changed.values(), now)
        await _follow_up(connection, [receipt for _, receipt in parsed], moves, now)
        if rejected:
            await hold(connection, rejected)
    for refused in rejected:
        structlog.get_logger().warning("receipt_rejected", topic=refused.topic, reason=refused.reason)
    return Applied(len(messages) - repeated - len(rejected), repeated, len(rejected))


async def _take(connection: Connection, moves: dict[int, Move], receipt: Receipt, now: datetime) -> bool:
    """Take in what a squad says; False when it says nothing new, ReceiptError when it can't be."""
    if receipt.task_id is not None:
        new = _fold(moves, receipt, now)
        if receipt.asks and moves[receipt.task_id].after.status not in _ON_SITE:
            raise ReceiptError(f"{receipt.key}: only a squad on scene can ask to enter")
        return new or receipt.asks
    if receipt.key == _SELF:
        return await _stand(connection, receipt, now)
    before = await connection.fetchval(_SQL.receive, receipt.key, receipt.squad_id, now)
    if before is None:
        raise ReceiptError(f"{receipt.squad_id} was told nothing under the key {receipt.key}")
    return not before


async def _stand(connection: Connection, receipt: Receipt, now: datetime) -> bool:
    """Take in what a squad says of itself; where it is, is noted with all other positions."""
    if receipt.service is not None:
        out_for = None if receipt.service else receipt.note or "停止出勤 / out of service"
        try:
            await set_service(connection, receipt.squad_id, out_for, now)
        except UnknownSquadError as error:
            raise ReceiptError(str(error)) from error
    elif receipt.position is None:
        raise ReceiptError("a position is missing")
    return True


async def _follow_up(
    connection: Connection, receipts: Sequence[Receipt], moves: dict[int, Move], now: datetime
) -> None:
    """Take down where the squads are, and judge for the crews that ask whether they may enter."""
    await see(
        connection,
        [
            Sighting(receipt.squad_id, *receipt.position, min(receipt.time, now))
            for receipt in receipts
            if receipt.position is not None
        ],
        now,
    )
    for receipt in receipts:
        move = moves.get(receipt.task_id or 0)
        ours = move is not None and move.before.squad_id == receipt.squad_id
        if receipt.asks and ours and move is not None and move.after.status in _ON_SITE:
            await ask(connection, move.before.task_id, f"squad:{receipt.squad_id}", now)


def _fold(moves: dict[int, Move], receipt: Receipt, now: datetime) -> bool:
    move = moves.get(receipt.task_id or 0)
    if move is None or move.before.squad_id is None:
        raise ReceiptError(f"no order has the key {receipt.key}")
    task = move.before
    if task.squad_id != receipt.squad_id:
        raise ReceiptError(f"{order_key(task.task_id)} was ordered from {task.squad_id}, not from {receipt.squad_id}")
    # A device's clock may be wrong: a time before the order or still to come gives way to the hub's.
    at = receipt.time if task.created_at <= receipt.time <= now else now
    return move.fold(Report(receipt.action, f"squad:{receipt.squad_id}", at, receipt.note))
