"""What the pages show of a squad's orders, exercises included, as the database has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from api.errors import NotFound
from api.squadpage.sign import Sign, sign_of
from api.squadpage.words import MARK
from database.pool import Connection
from database.queries import load_queries
from dispatch.site import SiteRecord, site_record
from dispatch.steps import STEPS, Action, Status
from dispatch.words import Words

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_SHOWN_FOR = timedelta(hours=24)  # after it has ended
_OFFERED: tuple[Action, ...] = ("accept", "en_route", "on_scene", "working", "done", "check_in", "refuse", "fail")


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page of a squad has: its name, and telephones of the duty office, the one to call first."""

    squad: Words
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """An order in the list; the title of an exercise's begins with its mark. Grade 1 (red) to 4 (blue)."""

    task_id: int
    title: Words
    status: Status
    grade: int
    is_drill: bool
    is_open: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Material:
    """So many of an item, and where to fetch it; ``set_aside`` are kept there for this incident."""

    name: Words
    unit: str
    amount: int
    stores: tuple[tuple[Words, int], ...]


@dataclass(frozen=True, slots=True)
class Order(Line):
    """An order whole. ``actions`` are those that its status allows a squad."""

    incident_id: int
    role: Words | None
    findings: tuple[tuple[int, Words], ...]
    grid: Words | None
    place: tuple[float, float] | None
    ordered_at: datetime
    confirm_before: datetime | None
    needs_permit: bool
    check_in_at: datetime | None
    actions: tuple[Action, ...]
    sign: Sign
    steps: tuple[tuple[datetime, str, str], ...]
    materials: tuple[Material, ...]
    record: SiteRecord

    @property
    def on_site(self) -> bool:
        """Whether the squad is there, so that a permit can be asked for."""
        return self.status in ("on_scene", "working")


def unknown_order() -> NotFound:
    """The error for an order that isn't there, or is another squad's: the same words for both."""
    return NotFound(zh="没有这个任务。", en="There is no such order.")


async def frame_of(connection: Connection, squad_id: str, now: datetime) -> Frame:
    """What stands around each page of a squad."""
    row = await connection.fetchrow(_SQL.frame, squad_id, now)
    assert row is not None  # accounts and links name squads that are there
    return Frame(Words(row["name_zh"], row["name_en"]), tuple(row["phones"]))


async def orders_of(connection: Connection, squad_id: str, now: datetime, *, only: int | None = None) -> list[Line]:
    """The squad's open orders, gravest first, then those that have ended within a day; ``only``: this one."""
    rows = await connection.fetch(_SQL.orders, squad_id, now - _SHOWN_FOR, only)
    return [Line(**_line(dict(row))) for row in rows]


async def order_of(connection: Connection, task_id: int, squad_id: str, now: datetime) -> Order:
    """An order of this squad; NotFound when it has no such one."""
    row = await connection.fetchrow(_SQL.order, task_id, squad_id)
    if row is None:
        raise unknown_order()
    body = row["body"] or {}
    permit = await connection.fetchrow(_SQL.permit, task_id)
    steps = await connection.fetch(_SQL.steps, task_id)
    status: Status = row["status"]
    place = (row["longitude"], row["latitude"])
    return Order(
        **_line(dict(row)),
        incident_id=row["incident_id"],
        role=_words(body.get("role")),
        findings=await _findings(connection, row["incident_id"]),
        grid=Words(row["grid_zh"], row["grid_en"]) if row["grid_zh"] else None,
        place=None if None in place else cast("tuple[float, float]", place),
        ordered_at=row["created_at"],
        confirm_before=_time(body.get("confirm_before")) if status == "ordered" else None,
        needs_permit=row["confined_space"],
        check_in_at=row["check_in_at"] if status in ("on_scene", "working") else None,
        actions=_actions(status, timed=row["check_in_at"] is not None),
        sign=sign_of(None if permit is None else dict(permit), now),
        steps=tuple((step["at"], step["event"], step["note"]) for step in reversed(steps)),
        materials=await _materials(connection, row["incident_id"], body.get("materials") or {}),
        record=await site_record(connection, task_id),
    )


async def state_of(connection: Connection, squad_id: str, task_id: int | None) -> str:
    """A word that changes when what the squad's pages show has changed."""
    return await connection.fetchval(_SQL.state, squad_id, task_id) or "none"


def _actions(status: Status, *, timed: bool) -> tuple[Action, ...]:
    """What a squad may do next, the usual step first. Who has confirmed can't do it rather than refuses it."""
    possible = set(STEPS[status])
    if status != "ordered":
        possible.discard("refuse")
    if not timed:
        possible.discard("check_in")
    return tuple(action for action in _OFFERED if action in possible)


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    drill = row["exercise_id"] != 0
    title = (row["body"] or {}).get("title") or {"zh": row["title_zh"], "en": row["title_en"]}
    return {
        "task_id": row["task_id"],
        "title": Words(*(_marked(title[language], language) if drill else title[language] for language in MARK)),
        "status": row["status"],
        "grade": row["grade"],
        "is_drill": drill,
        "is_open": row["open"],
        "updated_at": row["updated_at"],
    }


def _marked(title: str, language: str) -> str:
    mark = MARK[language]
    return title if title.startswith(mark) else mark + title


async def _findings(connection: Connection, incident_id: int) -> tuple[tuple[int, Words], ...]:
    rows = await connection.fetch(_SQL.findings, incident_id)
    return tuple(
        (
            row["grade"],
            Words(
                f"{row['name_zh'] or row['code']}：{row['reason_zh']}",
                f"{row['name_en'] or row['code']}: {row['reason_en']}",
            ),
        )
        for row in rows
    )


async def _materials(connection: Connection, incident_id: int, wanted: Mapping[str, int]) -> tuple[Material, ...]:
    rows = await connection.fetch(_SQL.materials, incident_id, list(wanted)) if wanted else []
    return tuple(
        _material(item, amount, [row for row in rows if row["item"] == item]) for item, amount in wanted.items()
    )


def _material(item: str, amount: int, kept: Sequence[Any]) -> Material:
    if not kept:
        return Material(Words(item, item), "", amount, ())
    # Where something is set aside for the incident, nobody needs to know of other stores.
    from_stores = [row for row in kept if row["amount"] > 0] or kept
    stores = tuple((Words(row["store_zh"], row["store_en"]), row["amount"]) for row in from_stores)
    return Material(Words(kept[0]["name_zh"], kept[0]["name_en"]), kept[0]["unit"], amount, stores)


def _words(value: Mapping[str, str] | None) -> Words | None:
    return Words(value["zh"], value["en"]) if value else None


def _time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
