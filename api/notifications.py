"""What squads and people were told, their receipts, and what could not be delivered."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.access.guard import CallerOf, GuardedRoute
from api.address import PREFIX
from api.answers import answers
from api.context import Now, Reach
from api.cursors import Cursor, RowNumber
from api.errors import NotFound
from api.fields import Bilingual, Maybe, Page, Paging, RowId, RowRef
from database.pool import Connection
from database.queries import load_queries
from dispatch.messages import acknowledge, revive

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_CURSOR: Cursor[int] = Cursor("notifications", RowNumber)
State = Literal["waiting", "sent", "received", "dead"]
router = APIRouter(prefix=PREFIX, tags=["notifications"], route_class=GuardedRoute)


class Notification(BaseModel):
    """Something that a squad or a person was told on one channel."""

    notification_id: int
    kind: str = Field(description="order, cancelled, reminder, opened, shortfall, overdue, permit, report, audit …")
    channel: str = Field(description="mqtt for squads, console, or the name of a channel; never its address")
    recipient: str = Field(description="A squad, a contact, or a function that nobody has")
    incident_id: int | None
    task_id: int | None
    grade: int = Field(ge=1, le=4, description="1 red to 4 blue")
    text: Bilingual
    state: State
    created_at: datetime
    sent_at: datetime | None = Field(description="Handed over last")
    received_at: datetime | None = Field(description="Receipt (收到并知晓)")
    received_by: str | None
    error: str = Field(description="What went wrong with the latest attempt; empty if nothing did")


class NotificationFilter(Paging):
    """Which notifications."""

    state: Maybe[State] = Field(None, description="Only those in this state", examples=["dead"])
    incident: Maybe[RowRef] = Field(None, description="Only about the incident of this number")


_EXAMPLE: dict[str, Any] = {
    "notification_id": 12,
    "kind": "overdue",
    "channel": "console",
    "recipient": "leader-1",
    "incident_id": 5,
    "task_id": 7,
    "grade": 1,
    "text": {"zh": "事件5：命令未确认", "en": "Incident 5: the order is not confirmed"},
    "state": "sent",
    "created_at": "2026-05-01T08:05:00Z",
    "sent_at": "2026-05-01T08:05:00Z",
    "received_at": None,
    "received_by": None,
    "error": "",
}
_RECEIVED = {**_EXAMPLE, "state": "received", "received_at": "2026-05-01T08:06:00Z", "received_by": "key:duty-desk"}


def _notification(row: Any) -> Notification:
    fields: dict[str, Any] = dict(row)
    return Notification(text=Bilingual(zh=fields.pop("text_zh"), en=fields.pop("text_en")), **fields)


async def _one(connection: Connection, notification_id: int) -> Notification:
    row = await connection.fetchrow(_SQL.one, notification_id)
    if row is None:
        raise NotFound(
            zh=f"没有编号为 {notification_id} 的通知；全部见 /api/v1/notifications。",
            en=f"There is no notification {notification_id}; /api/v1/notifications lists them.",
        )
    return _notification(row)


@router.get(
    "/notifications",
    summary="Notifications",
    description="What squads and people were told, the newest first, filtered by state and incident.",
    responses=answers({"items": [_EXAMPLE], "next_cursor": None}),
)
async def list_notifications(
    store: Reach, _caller: CallerOf, which: Annotated[NotificationFilter, Query()]
) -> Page[Notification]:
    before = _CURSOR.decode(which.cursor)
    async with store.reading() as connection:
        rows = await connection.fetch(_SQL.page, before, which.state, which.incident, which.limit + 1)
    items = [_notification(row) for row in rows]
    return _CURSOR.page(items, which.limit, key=lambda notification: notification.notification_id)


@router.post(
    "/notifications/{notification_id}/acknowledge",
    summary="Say that a notification was read",
    description="收到并知晓: keeps who has read it and when; the first receipt stays.",
    responses=answers(_RECEIVED, 404, acts=True),
)
async def acknowledge_notification(store: Reach, now: Now, caller: CallerOf, notification_id: RowId) -> Notification:
    async with store.writing() as connection:
        await _one(connection, notification_id)
        await acknowledge(connection, notification_id, caller.actor, now)
        return await _one(connection, notification_id)


@router.post(
    "/notifications/{notification_id}/retry",
    summary="Send a dead letter again",
    description="What isn't a dead letter is answered with 409.",
    responses=answers({**_EXAMPLE, "state": "waiting", "sent_at": None}, 404, 409, acts=True),
)
async def retry_notification(store: Reach, now: Now, _caller: CallerOf, notification_id: RowId) -> Notification:
    async with store.writing() as connection:
        await _one(connection, notification_id)
        await revive(connection, notification_id, now)
        return await _one(connection, notification_id)
