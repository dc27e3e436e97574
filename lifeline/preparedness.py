"""What a county has prepared: plans, people, supplies and shelters, beside its grids, sensors and squads."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from database.pool import Connection
from dispatch.contacts import Contacts, read_contacts, save_contacts
from dispatch.planbook import adopt
from dispatch.plans import Plan, read_plans
from dispatch.supplies import Supplies, read_supplies, save_supplies


@dataclass(frozen=True, slots=True)
class Preparedness:
    """What the files say; each of them may be missing."""

    plans: tuple[Plan, ...] = ()
    contacts: Contacts = field(default_factory=Contacts)
    supplies: Supplies = field(default_factory=Supplies)


@dataclass(frozen=True, slots=True)
class Prepared:
    """What loading did: plans in force at once, and plans that wait for approval, as ``hazard_type revision``."""

    in_force: tuple[str, ...]
    proposed: tuple[str, ...]


def read_preparedness(folder: Path) -> Preparedness:
    """Read plans/, contacts.yaml and supplies.yaml of a county's folder; DispatchError for what is wrong."""
    plans, contacts, supplies = folder / "plans", folder / "contacts.yaml", folder / "supplies.yaml"
    return Preparedness(
        plans=tuple(read_plans(plans)) if plans.is_dir() else (),
        contacts=read_contacts(contacts) if contacts.is_file() else Contacts(),
        supplies=read_supplies(supplies) if supplies.is_file() else Supplies(),
    )


async def load_preparedness(connection: Connection, prepared: Preparedness, now: datetime) -> Prepared:
    """Add what the database has not and update what it has otherwise, in one transaction; nothing is removed."""
    async with connection.transaction():
        await save_contacts(connection, prepared.contacts)
        await save_supplies(connection, prepared.supplies, now)
        in_force, proposed = await adopt(connection, prepared.plans, now)
    return Prepared(tuple(in_force), tuple(proposed))
