"""People who are told, and whose assets stand in which grid cell."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import yaml

from alerts.yamlfile import read_yaml
from database.pool import Connection
from database.queries import load_queries
from dispatch.errors import DispatchError
from dispatch.plans import Person
from dispatch.throttle import Policy

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_Name = Annotated[str, msgspec.Meta(min_length=1)]


class ContactsError(DispatchError):
    """A file of contacts that can't be used; the message names it and what to change."""


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person: of a grid cell, for an owner unit, or by function; ``channels`` by the names of the channels file."""

    contact_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    name_zh: _Name
    name_en: _Name
    person: Person
    phone: str = ""
    grid_id: str | None = None
    unit: str | None = None
    language: Literal["zh", "en"] = "zh"
    channels: tuple[str, ...] = ("console",)


class Owner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The owner unit (权属单位) of what sensors of ``kind`` watch, in ``grids``; in every cell without any."""

    kind: str
    unit: _Name
    grids: tuple[str, ...] = ()


class Contacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A county's people; ``policy`` says how often and when each may be told."""

    contacts: tuple[Contact, ...] = ()
    owners: tuple[Owner, ...] = ()
    policy: Policy = Policy()


def read_contacts(path: Path) -> Contacts:
    """Read and check a file of contacts; ContactsError with what is wrong."""
    try:
        contacts = msgspec.convert(read_yaml(path), Contacts)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise ContactsError(f"{path}: {error}") from error
    names = [contact.contact_id for contact in contacts.contacts]
    for contact in contacts.contacts:
        if names.count(contact.contact_id) > 1:
            raise ContactsError(f"{path}: {contact.contact_id} is there twice")
        if (contact.person == "grid_person") != (contact.grid_id is not None):
            raise ContactsError(f"{path}: {contact.contact_id}: a grid person, and nobody else, has a grid_id")
        if (contact.person == "owner_unit") != (contact.unit is not None):
            raise ContactsError(f"{path}: {contact.contact_id}: an owner unit's person, and nobody else, has a unit")
    return contacts


async def save_contacts(connection: Connection, contacts: Contacts) -> None:
    """Register people and owners, or change those registered; grid cells that aren't known are left out."""
    rows: Sequence[object] = msgspec.to_builtins(contacts.contacts)
    await connection.execute(
        _SQL.save, rows, contacts.policy.most, contacts.policy.window_s, msgspec.to_builtins(contacts.policy.quiet)
    )
    await connection.execute(_SQL.save_owners, msgspec.to_builtins(contacts.owners))
