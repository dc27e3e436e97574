"""What squads answer: receipts and reports over MQTT, one transaction per batch.

A receipt comes at least once, so repeated and overtaken ones change nothing. One that can't be taken (malformed, for
no order of ours, from another squad than the ordered one, or not possible in the task's status) goes to quarantine
with its reason, where a person sees it, and its neighbours are applied all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

import asyncpg
import msgspec
import structlog

from dispatch.errors import DispatchError
from dispatch.orders import order_key
from dispatch.steps import Action, Move, Report, TransitionError
from dispatch.tasks import lock, write
from ingest.quarantine import Rejected, hold
from ingest.source import Message

MAX_PAYLOAD_BYTES = 8192
_MOST_BIGINT = 2**63 - 1


class ReceiptError(DispatchError):
    """A message on a receipts topic that isn't a receipt for an order of ours."""


class _Wire(msgspec.Struct, frozen=True):
    key: Annotated[str, msgspec.Meta(pattern=r"^order-[1-9][0-9]{0,18}$", max_length=64)]
    action: Literal["received", "accept", "refuse", "en_route", "on_scene", "done"]
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    note: Annotated[str, msgspec.Meta(max_length=2000)] = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One answer of a squad; ``action`` None: the order was received. ``time`` is by the squad's clock."""

    squad_id: str
    task_id: int
    action: Action | None
    time: datetime
    note: str


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
    task_id = int(wire.key.removeprefix("order-"))
    if task_id > _MOST_BIGINT:
        raise ReceiptError(f"no order has the key {wire.key}")
    if "\0" in wire.note:
        raise ReceiptError("not a receipt: the note holds a NUL character")
    return Receipt(squad_id, task_id, None if wire.action == "received" else wire.action, wire.time, wire.note)


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
        moves = await lock(connection, [receipt.task_id for _, receipt in parsed])
        changed: dict[int, Move] = {}
        repeated = 0
        for message, receipt in parsed:
            try:
                if _fold(moves, receipt, now):
                    changed[receipt.task_id] = moves[receipt.task_id]
                else:
                    repeated += 1
            except (ReceiptError, TransitionError) as error:
                rejected.append(Rejected(message.topic, message.payload, str(error), now))
        if changed:
            await write(connection, changed.values(), now)
        if rejected:
            await hold(connection, rejected)
    for refused in rejected:
        structlog.get_logger().warning("receipt_rejected", topic=refused.topic, reason=refused.reason)
    return Applied(len(messages) - repeated - len(rejected), repeated, len(rejected))


def _fold(moves: dict[int, Move], receipt: Receipt, now: datetime) -> bool:
    move = moves.get(receipt.task_id)
    if move is None or move.before.squad_id is None:
        raise ReceiptError(f"no order has the key {order_key(receipt.task_id)}")
    task = move.before
    if task.squad_id != receipt.squad_id:
        raise ReceiptError(f"{order_key(task.task_id)} was ordered from {task.squad_id}, not from {receipt.squad_id}")
    # A device's clock may be wrong: a time before the order or still to come gives way to the hub's.
    at = receipt.time if task.created_at <= receipt.time <= now else now
    return move.fold(Report(receipt.action, f"squad:{receipt.squad_id}", at, receipt.note))
