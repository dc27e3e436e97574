"""What a county has prepared: plans, people, supplies and shelters, beside its grids, sensors and squads."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from database.pool import Connection
from dispatch.contacts import Contacts, ContactsError, read_contacts, save_contacts
from dispatch.planbook import adopt
from dispatch.plans import Plan, read_plans
from dispatch.supplies import Supplies, read_supplies, save_supplies
from ingest.kinds import KINDS


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


def check_grid_duty(contacts: Contacts, grids: Iterable[str]) -> None:
    """That every grid cell has a responsible person and, for each kind, an owner unit that somebody answers for.

    ContactsError names the cell and what is missing. A county without any contacts has no such duty yet.
    """
    cells = set(grids)
    if not contacts.contacts and not contacts.owners:
        return
    people = {contact.grid_id for contact in contacts.contacts if contact.grid_id is not None}
    units = {contact.unit for contact in contacts.contacts if contact.unit is not None}
    for owner in contacts.owners:
        unknown = sorted(set(owner.grids) - cells)
        if unknown:
            raise ContactsError(
                f"contacts.yaml: {owner.unit} owns {owner.kind} in {unknown[0]}, which is not in grids.json"
            )
        if owner.kind not in KINDS:
            raise ContactsError(f"contacts.yaml: {owner.unit}: kind {owner.kind} is none of {', '.join(KINDS)}")
        if owner.unit not in units:
            raise ContactsError(
                f"contacts.yaml: nobody answers for {owner.unit}: add a contact of it, person owner_unit"
            )
    for cell in sorted(people - cells):
        raise ContactsError(f"contacts.yaml: a grid person is of {cell}, which is not in grids.json")
    for cell in sorted(cells - people):
        raise ContactsError(f"contacts.yaml: grid {cell} has no responsible person: add a contact, person grid_person")
    for kind in KINDS:
        owned = [owner for owner in contacts.owners if owner.kind == kind]
        left = cells - {cell for owner in owned for cell in owner.grids or cells}
        if left:
            raise ContactsError(
                f"contacts.yaml: nobody owns what {kind} sensors watch in {min(left)}: add it to owners"
            )


async def load_preparedness(connection: Connection, prepared: Preparedness, now: datetime) -> Prepared:
    """Add what the database has not and update what it has otherwise, in one transaction; nothing is removed."""
    async with connection.transaction():
        await save_contacts(connection, prepared.contacts)
        await save_supplies(connection, prepared.supplies, now)
        in_force, proposed = await adopt(connection, prepared.plans, now)
    return Prepared(tuple(in_force), tuple(proposed))
