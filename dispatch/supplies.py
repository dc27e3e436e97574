"""Materials and shelters: what there is, what a plan reserves, what is issued and comes back, each with its entry."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import asyncpg
import msgspec
import yaml

from alerts.misreadings import what_is_wrong
from alerts.yamlfile import read_yaml
from database.pool import Connection
from database.queries import load_queries
from dispatch.errors import DispatchRefusal
from dispatch.notices import Notice, tell_people
from dispatch.words import Words

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_Name = Annotated[str, msgspec.Meta(min_length=1)]
_Amount = Annotated[int, msgspec.Meta(ge=0)]
_Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]
_Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]


class SuppliesError(DispatchRefusal):
    """A file of supplies that can't be used, or an amount that isn't there."""


class UnknownSupplyError(SuppliesError):
    """There is no such store, material or shelter."""


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A material in a store: the amount at the first load, and the minimum that is to be kept."""

    item: _Name
    name_zh: _Name
    name_en: _Name
    unit: _Name
    amount: _Amount
    minimum: _Amount = 0


class Store(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place with materials."""

    store_id: _Name
    name_zh: _Name
    name_en: _Name
    longitude: _Longitude
    latitude: _Latitude
    contact: str = ""
    items: tuple[Item, ...] = ()


class Shelter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place for people who have to leave their homes; ``capacity`` in persons."""

    shelter_id: _Name
    name_zh: _Name
    name_en: _Name
    longitude: _Longitude
    latitude: _Latitude
    capacity: Annotated[int, msgspec.Meta(ge=1)]
    contact: str = ""
    phone: str = ""


class Supplies(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A county's stores and shelters."""

    stores: tuple[Store, ...] = ()
    shelters: tuple[Shelter, ...] = ()


def read_supplies(path: Path) -> Supplies:
    """Read and check a file of supplies; SuppliesError with what is wrong."""
    try:
        return msgspec.convert(read_yaml(path), Supplies)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise SuppliesError.at(str(path), zh=what_is_wrong(error), en=str(error)) from error


async def save_supplies(connection: Connection, supplies: Supplies, now: datetime) -> None:
    """Register stores, items and shelters; amounts, occupancy and whether a shelter is open stay as they are."""
    items = [
        {"store_id": store.store_id, **msgspec.to_builtins(item)} for store in supplies.stores for item in store.items
    ]
    await connection.execute(_SQL.save_stores, msgspec.to_builtins(supplies.stores))
    await connection.execute(_SQL.save_stock, items, now)
    await connection.execute(_SQL.save_shelters, msgspec.to_builtins(supplies.shelters), now)


async def reserve(
    connection: Connection, incident_id: int, materials: Mapping[str, int], now: datetime, actor: str = "dispatcher"
) -> dict[str, int]:
    """Promise an incident what its plan or ``actor`` calls for, from the nearest stores that have it; what is missing.

    What was promised or issued to it before counts, so a graver grade reserves only what it adds.
    """
    missing: dict[str, int] = {}
    for item, amount in materials.items():
        got = await connection.fetchval(_SQL.reserve, incident_id, item, amount, now, actor)
        if got < amount:
            missing[item] = amount - got
    return missing


def shortage(missing: Mapping[str, int]) -> Words:
    """What is missing, in words."""
    zh = "、".join(f"{item}缺{amount}" for item, amount in missing.items())
    en = ", ".join(f"{amount} {item}" for item, amount in missing.items())
    return Words(f"物资不足：{zh}", f"materials fall short by {en}")


async def book(
    connection: Connection,
    store_id: str,
    item: str,
    what: Literal["counted", "issued", "returned"],
    amount: int,
    actor: str,
    now: datetime,
    *,
    incident_id: int | None = None,
    note: str = "",
) -> int:
    """Count a stock anew, issue from it or take back; the amount that is then in the store.

    The duty officer is told when that is below the minimum. What is issued to an incident comes out of what was
    reserved for it. UnknownSupplyError when the store has no such item, SuppliesError when it has less than is asked
    for.
    """
    async with connection.transaction():
        await connection.execute(_SQL.take_stock, store_id, item)
        row = await connection.fetchrow(_SQL.find_stock, store_id, item, incident_id)
        if row is None:
            raise UnknownSupplyError(zh=f"仓库 {store_id} 没有物资 {item}", en=f"store {store_id} keeps no {item}")
        promised = min(row["promised"], amount) if what == "issued" else 0
        there: int = row["amount"]
        left = {"counted": amount, "issued": there - amount, "returned": there + amount}[what]
        reserved = row["reserved"] - promised
        if amount < 0 or left < reserved:
            free = there - reserved
            raise SuppliesError(
                zh=f"仓库 {store_id} 未被预留的 {item} 有 {free}，不足 {amount}",
                en=f"store {store_id} has {free} {item} that isn't reserved for others, not {amount}",
            )
        await connection.execute(_SQL.book, store_id, item, left, reserved)
        await connection.execute(_SQL.note, store_id, item, incident_id, what, amount, now, actor, note)
        if left < row["minimum"]:
            await tell_people(connection, [_low(row, left, now)], now)
    return left


def _low(row: asyncpg.Record, left: int, now: datetime) -> Notice:
    return Notice(
        key=f"stock-{row['store_id']}-{row['item']}-{left}-{now:%Y%m%d}",
        kind="stock",
        recipient="duty_officer",
        text=Words(
            f"{row['store_zh']}：{row['name_zh']}剩{left}{row['unit']}，低于最低储备{row['minimum']}",
            f"{row['store_en']}: {left} {row['name_en']} left, below the minimum of {row['minimum']}",
        ),
    )


async def release(connection: Connection, now: datetime) -> None:
    """Free what is still reserved for incidents that have closed, whoever closed them; in a transaction."""
    over = [row["incident_id"] for row in await connection.fetch(_SQL.over)]
    if over:
        await connection.execute(_SQL.take_stock_of, over)
        await connection.execute(_SQL.release, over, now)


async def set_shelter(connection: Connection, shelter_id: str, is_open: bool, occupancy: int, now: datetime) -> None:
    """Open or close a shelter and say how many are in it.

    UnknownSupplyError when it isn't there, SuppliesError when it isn't that large.
    """
    capacity = await connection.fetchval(_SQL.capacity, shelter_id)
    if capacity is None:
        raise UnknownSupplyError(zh=f"没有避难场所 {shelter_id}", en=f"there is no shelter {shelter_id}")
    if not 0 <= occupancy <= capacity:
        raise SuppliesError(
            zh=f"避难场所 {shelter_id} 可容纳 {capacity} 人，不能是 {occupancy} 人",
            en=f"shelter {shelter_id} takes {capacity} people, not {occupancy}",
        )
    await connection.execute(_SQL.set_shelter, shelter_id, is_open, occupancy, now)
