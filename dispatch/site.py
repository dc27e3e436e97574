"""What a squad records on site beside its reports: notes, ticked items of its order's checklist, photos."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from database.pool import Connection
from database.queries import load_queries
from dispatch.errors import DispatchError
from dispatch.orders import order_key
from dispatch.photos import Photo
from dispatch.travel import distance_m
from dispatch.words import Words

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
MOST_PHOTOS = 30
_MOST_NOTES = 200


class SiteError(DispatchError):
    """Something that can't be recorded; the message says why."""


@dataclass(frozen=True, slots=True)
class Note:
    """A remark from the site."""

    at: datetime
    actor: str
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the checklist; ``at`` and ``actor`` tell when it was ticked and by whom, None while it isn't."""

    text: Words
    at: datetime | None = None
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A photo's row. ``distance_m`` is from the incident to where the camera says it was, as far as both are known."""

    photo_id: int
    at: datetime
    actor: str
    width: int
    height: int
    taken_at: datetime | None
    longitude: float | None
    latitude: float | None
    distance_m: int | None


@dataclass(frozen=True, slots=True)
class SiteRecord:
    """All that was recorded for a task, each in the order in which it came; notes up to 200."""

    checklist: tuple[Item, ...]
    notes: tuple[Note, ...]
    photos: tuple[Taken, ...]


async def add_note(connection: Connection, task_id: int, actor: str, text: str, now: datetime) -> None:
    """Keep a remark with a task."""
    await connection.execute(_SQL.add_note, task_id, now, actor, text)


async def tick(connection: Connection, task_id: int, actor: str, items: Iterable[int], now: datetime) -> None:
    """Have exactly ``items`` of the checklist, counted from 0, ticked; those ticked before keep who did it and when."""
    known = range(len(await _checklist(connection, task_id)))
    ticked = sorted({item for item in items if item in known})
    await connection.execute(_SQL.keep_ticks, task_id, ticked)
    await connection.execute(_SQL.add_ticks, task_id, ticked, now, actor)


async def add_photo(connection: Connection, task_id: int, actor: str, photo: Photo, now: datetime) -> None:
    """Keep a photo; the same file again changes nothing. SiteError when the task has ``MOST_PHOTOS``."""
    if await connection.fetchval(_SQL.count_photos, task_id) >= MOST_PHOTOS:
        raise SiteError(f"task {task_id} has {MOST_PHOTOS} photos, which is the most")
    photo_id = await connection.fetchval(
        _SQL.add_photo,
        task_id,
        now,
        actor,
        photo.sha256,
        photo.width,
        photo.height,
        photo.taken_at,
        photo.longitude,
        photo.latitude,
    )
    if photo_id is not None:
        await connection.execute(_SQL.add_image, photo_id, photo.image, photo.small)


async def site_record(connection: Connection, task_id: int) -> SiteRecord:
    """What was recorded for a task so far."""
    checklist = await _checklist(connection, task_id)
    ticks = {row["item"]: (row["at"], row["actor"]) for row in await connection.fetch(_SQL.ticks, task_id)}
    photos = []
    for row in await connection.fetch(_SQL.photos, task_id):
        fields = dict(row)
        there = (fields.pop("there_longitude"), fields.pop("there_latitude"))
        here = (fields["longitude"], fields["latitude"])
        far = None if None in here or None in there else round(distance_m(*here, *there))
        photos.append(Taken(**fields, distance_m=far))
    return SiteRecord(
        tuple(Item(text, *ticks.get(number, (None, None))) for number, text in enumerate(checklist)),
        tuple(Note(**dict(row)) for row in await connection.fetch(_SQL.notes, task_id, _MOST_NOTES)),
        tuple(photos),
    )


async def photo_image(connection: Connection, task_id: int, photo_id: int, *, small: bool) -> bytes | None:
    """A photo of a task as JPEG, at most 1600 or, ``small``, 240 pixels wide and high; None when it has no such one."""
    row = await connection.fetchrow(_SQL.image, task_id, photo_id)
    return None if row is None else bytes(row["small" if small else "image"])


async def _checklist(connection: Connection, task_id: int) -> Sequence[Words]:
    found = await connection.fetchval(_SQL.checklist, order_key(task_id))
    return msgspec.convert(found or (), tuple[Words, ...])
