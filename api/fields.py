"""Field types that several resources share."""

import re
from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar, get_args

from fastapi import Path
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationInfo,
    field_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ingest.kinds import KINDS

Item = TypeVar("Item")
Given = TypeVar("Given")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_RFC3339_HINT = (
    "write the time as RFC 3339 with zone, as 2026-05-01T08:00:00Z or 2026-05-01T16:00:00%2B08:00 in an address"
)


def _spelled_out(value: object) -> object:
    # Lax parsing would take "0" for 1970 and a date for its midnight.
    if isinstance(value, str) and not _RFC3339.fullmatch(value):
        raise ValueError(_RFC3339_HINT)
    return value


def as_utc(value: datetime) -> datetime:
    """The same moment in UTC; at the ends of the calendar, where there is none, the same digits."""
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return value.replace(tzinfo=UTC)


def _plain_boolean(value: object) -> object:
    if isinstance(value, str) and value not in ("true", "false"):
        raise ValueError("write true or false")
    return value


def _known_kind(value: str) -> str:
    if value not in KINDS:
        raise ValueError(f"write one of {', '.join(KINDS)}")
    return value


class _NeverNull:
    """A parameter may be left out, but there is no way to write null in an address."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core)
        (present,) = (variant for variant in schema.pop("anyOf") if variant != {"type": "null"})
        return {**schema, **present}


Maybe = Annotated[Given | None, _NeverNull()]
Instant = Annotated[AwareDatetime, BeforeValidator(_spelled_out), AfterValidator(as_utc)]
YesNo = Annotated[bool, BeforeValidator(_plain_boolean)]
Grade = Annotated[int, Field(ge=1, le=4, description="1 red (I), 2 orange (II), 3 yellow (III), 4 blue (IV)")]
KindName = Annotated[str, AfterValidator(_known_kind), Field(json_schema_extra={"enum": list(KINDS)})]
SensorCode = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$", description="The sensor's code, as in its MQTT topic")
]
SquadId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", description="The squad's identifier")]
GridId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$", description="The grid cell's identifier")]
HazardType = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="What is wrong, as named in the rules, e.g. gas_leak")
]
RowId = Annotated[int, Path(ge=1, le=2**63 - 1, description="The number under which the list shows it")]
# PostgreSQL's text can't hold NUL; other control characters have no place in a note either.
Note = Annotated[
    str, Field(max_length=500, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$", description="A remark for the record")
]
Reason = Annotated[
    str,
    Field(
        max_length=500,
        pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*[^\x00-\x20\x7f\s][^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$",
        description="Words for the record, not blank",
    ),
]


Text = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Word = Annotated[
    str,
    Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f\s][^\x00-\x1f\x7f]*$", description="Not blank"),
]
Place = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$", description="Its identifier")]


class Strict(BaseModel):
    """A request's parameters or body: what it doesn't know, it refuses, so that a misspelt filter isn't ignored."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_number(cls, value: object, info: ValidationInfo) -> object:
        # Lax reading would take true for 1 and false for 0, and the reverse.
        wanted = cls.model_fields[info.field_name or ""].annotation
        if wanted is bool and not isinstance(value, (bool, str)):
            raise ValueError("write true or false")
        if wanted is not bool and bool not in get_args(wanted) and _has_truth(value):
            raise ValueError("write no true or false here")
        return value


def _has_truth(value: object) -> bool:
    return isinstance(value, bool) or (isinstance(value, list) and any(map(_has_truth, value)))


class Paging(Strict):
    """Which part of a list."""

    limit: int = Field(100, ge=1, le=500, description="Most items in one answer", examples=[100])
    cursor: Maybe[str] = Field(
        None, max_length=256, description="next_cursor of the page before; leave out for the first page"
    )


class Page(BaseModel, Generic[Item]):
    """A part of a list; more follows while ``next_cursor`` isn't null."""

    items: list[Item]
    next_cursor: str | None = Field(description="Pass as cursor to get what follows; null at the end")


class Bilingual(BaseModel):
    """A text for people, in both languages."""

    zh: str = Field(description="Chinese")
    en: str = Field(description="English")


class Names(Bilingual):
    """What people call it."""

    zh: Text = ""
    en: Text = ""


class Titles(Bilingual):
    """What people call it, in both languages."""

    zh: Word
    en: Word


class Position(BaseModel):
    """A place, WGS 84.

    Strict by its fields: answers hold thousands of them, and what checks requests would run for each.
    """

    longitude: float = Field(
        strict=True, ge=-180, le=180, description="Degrees east", json_schema_extra={"x-unit": "°"}
    )
    latitude: float = Field(strict=True, ge=-90, le=90, description="Degrees north", json_schema_extra={"x-unit": "°"})


class Remark(Strict):
    """The body of an action: what the officer wants on record."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"note": "called by telephone"}]})

    note: Note = ""


class Because(Strict):
    """The body of an action that must be founded."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "现场复查，阀门仍漏气"}]})

    reason: Reason


def position(longitude: float | None, latitude: float | None) -> Position | None:
    """The position, or None where it isn't known."""
    if longitude is None or latitude is None:
        return None
    return Position(longitude=longitude, latitude=latitude)
