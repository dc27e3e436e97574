"""Field types that several resources share."""

import re
from datetime import UTC, date, datetime
from functools import cache
from types import NoneType
from typing import Annotated, Any, Generic, TypeVar, cast, get_args, get_origin

import asyncpg
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
from pydantic_core import CoreSchema, PydanticKnownError

from api.validation import misfit
from ingest.kinds import KINDS

Item = TypeVar("Item")
Given = TypeVar("Given")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_SAMPLES = ("2026-05-01T08:00:00Z", "2026-05-01T16:00:00%2B08:00")


def _spelled_out(value: object) -> object:
    # Lax parsing would take 0 and "0" for 1970 and a date for its midnight.
    if not isinstance(value, datetime) and not _RFC3339.fullmatch(str(value)):
        raise misfit(
            zh="应按 RFC 3339 写明带时区的时间，如 {} 或网址中的 {}".format(*_SAMPLES),
            en="write the time as RFC 3339 with zone, as {} or {} in an address".format(*_SAMPLES),
        )
    return value


def as_utc(value: datetime) -> datetime:
    """The same moment in UTC; at the ends of the calendar, where there is none, the same digits."""
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return value.replace(tzinfo=UTC)


def _plain_boolean(value: object) -> object:
    if isinstance(value, str) and value not in ("true", "false"):
        raise misfit(zh="应为 true 或 false", en="write true or false")
    return value


def _known_kind(value: str) -> str:
    if value not in KINDS:
        raise misfit(zh=f"应为 {'、'.join(KINDS)} 之一", en=f"write one of {', '.join(KINDS)}")
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
# Readers of JSON that know only doubles tell numbers apart up to here, and OpenAPI's limits are doubles too.
_LARGEST = 2**53 - 1
RowRef = Annotated[int, Field(ge=1, le=_LARGEST)]
OF_EXERCISE = "Only of the exercise of this number; what is of exercises is left out without `Lifeline-Exercises: show`"
RowId = Annotated[int, Path(ge=1, le=_LARGEST, description="The number under which the list shows it")]
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


class Asked(BaseModel):
    """The parameters of an address: one that isn't known is refused, so that a misspelt filter isn't ignored."""

    model_config = ConfigDict(extra="forbid")


class Strict(BaseModel):
    """A request's body: what it doesn't know, it refuses, and each value is written as JSON writes its type.

    Lax reading would take true and "1" for 1, and a number for a time. In an address all is text, so ``Asked`` is lax.
    """

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _as_json_writes_it(cls, value: object, info: ValidationInfo) -> object:
        annotation: Any = cls.model_fields[info.field_name or ""].annotation
        plain = _plain(annotation)
        if plain is not None and not _fits(plain, value):
            fault: Any = f"{plain.__name__}_type"  # pydantic's own name for it
            raise PydanticKnownError(fault)
        return value


_COMES_AS: dict[Any, tuple[type, ...]] = {
    bool: (bool,),
    int: (int, float),  # pydantic takes 5.0 for 5, as JSON Schema does
    float: (int, float),
    datetime: (str,),
    date: (str,),
}


@cache
def _plain(annotation: Any) -> type | None:
    """Which of those types a field, or each item of its lists, has; None for fields of another type."""
    if annotation in _COMES_AS:
        return cast(type, annotation)
    parts = get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation)
    found = {_plain(part) for part in parts if part is not NoneType}
    return found.pop() if len(found) == 1 else None


def _fits(plain: type, value: object) -> bool:
    if isinstance(value, list):
        return all(_fits(plain, item) for item in value)
    if isinstance(value, bool):  # which is a number to Python
        return plain is bool
    return not isinstance(value, str | int | float) or isinstance(value, _COMES_AS[plain])


class Paging(Asked):
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


def shown(model: type[BaseModel], row: asyncpg.Record) -> dict[str, Any]:
    """The columns of a row that ``model`` shows."""
    return {name: value for name, value in row.items() if name in model.model_fields}
