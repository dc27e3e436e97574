"""The shapes of readings, made from ``ingest.kinds``: models for OpenAPI, columns for SQL, rounding for answers.

Columns are PostgreSQL ``real``, so 0.1 comes back as 0.10000000149; every number is rounded to the resolution of its
quantity on the way out.
"""

import operator
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import reduce
from typing import Any, Literal, Protocol

from pydantic import BaseModel, Field, create_model

from api.fields import Page, SensorCode
from ingest.kinds import KINDS, Kind, Quantity, State


class Row(Protocol):
    """A row of a reading table or roll-up: its values by column name."""

    def __getitem__(self, column: str, /) -> Any: ...


Bucket = Literal["10min", "1h", "1d"]
BUCKETS: tuple[Bucket, ...] = ("10min", "1h", "1d")


def rounder(resolution: float) -> Callable[[float | None], float | None]:
    """A function that rounds to the nearest multiple of ``resolution``; a whole resolution gives an int."""
    digits = max(0, -int(Decimal(str(resolution)).normalize().as_tuple().exponent))
    if resolution == 1:
        return lambda value: None if value is None else round(value)
    if resolution == 10**-digits:  # the usual one, and quick: answers hold tens of thousands of numbers
        return lambda value: None if value is None else round(value, digits) + 0.0  # not -0.0

    def rounded(value: float | None) -> float | None:
        if value is None:
            return None
        steps = round(value / resolution)
        return round(steps * resolution, digits) if digits else int(steps * resolution)

    return rounded


def _as_it_is(value: Any) -> Any:
    return value


_ROUNDERS = {
    kind.name: {
        column.name: rounder(column.resolution) if isinstance(column, Quantity) else _as_it_is
        for column in kind.columns
    }
    for kind in KINDS.values()
}


def raw_columns(kind: Kind) -> str:
    """The columns of a raw reading for SELECT."""
    return ", ".join(("time", *kind.column_names))


def rollup_columns(kind: Kind) -> str:
    """The columns of a roll-up for SELECT."""
    names = ["bucket", "samples"]
    for column in kind.columns:
        suffixes = ("min", "avg", "max") if isinstance(column, Quantity) else ("last",)
        names += [f"{column.name}_{suffix}" for suffix in suffixes]
    return ", ".join(names)


def raw_reading(kind: Kind, row: Row) -> dict[str, Any]:
    """The JSON of one raw reading."""
    reading: dict[str, Any] = {"time": row["time"]}
    for name, rounded in _ROUNDERS[kind.name].items():
        reading[name] = rounded(row[name])
    return reading


def rollup_reading(kind: Kind, row: Row) -> dict[str, Any]:
    """The JSON of one bucket of a roll-up."""
    reading: dict[str, Any] = {"time": row["bucket"], "samples": row["samples"]}
    for column in kind.columns:
        name = column.name
        if isinstance(column, State):
            reading[name] = {"last": row[f"{name}_last"]}
            continue
        to_resolution = _ROUNDERS[kind.name][name]
        reading[name] = {
            "min": to_resolution(row[f"{name}_min"]),
            "mean": to_resolution(row[f"{name}_avg"]),
            "max": to_resolution(row[f"{name}_max"]),
        }
    return reading


def _number(quantity: Quantity, what: str) -> Any:
    return Field(
        ge=quantity.minimum,
        le=quantity.maximum,
        description=f"{what}, {quantity.unit}, in steps of {quantity.resolution:g}; null when not reported",
        json_schema_extra={"x-unit": quantity.unit},
    )


def _raw_model(kind: Kind) -> type[BaseModel]:
    fields: dict[str, Any] = {"time": (datetime, Field(description="When it was measured"))}
    for column in kind.columns:
        if isinstance(column, Quantity):
            fields[column.name] = (float | None, _number(column, column.en))
        else:
            described = Field(description=f"{column.en}; null when not reported")
            fields[column.name] = (Literal[column.words] | None, described)
    return create_model(f"{_title(kind)}Reading", __doc__=f"What a {kind.en} sensor measured at one time.", **fields)


def _rollup_model(kind: Kind) -> type[BaseModel]:
    fields: dict[str, Any] = {
        "time": (datetime, Field(description="Begin of the bucket; days begin at midnight in Asia/Shanghai")),
        "samples": (int, Field(ge=1, description="Readings in the bucket")),
    }
    for column in kind.columns:
        fields[column.name] = (_summary_model(kind, column), Field(description=f"{column.en} in the bucket"))
    return create_model(f"{_title(kind)}Bucket", __doc__=f"A {kind.en} sensor's readings in one bucket.", **fields)


def _summary_model(kind: Kind, column: Quantity | State) -> type[BaseModel]:
    name = f"{_title(kind)}{''.join(part.title() for part in column.name.split('_'))}"
    fields: dict[str, Any]
    if isinstance(column, State):
        fields = {"last": (Literal[column.words] | None, Field(description="The last word in the bucket"))}
    else:
        mean = "mean by energy" if column.mean == "energy" else "mean"
        words = {"min": "lowest", "mean": mean, "max": "highest"}
        fields = {key: (float | None, _number(column, word)) for key, word in words.items()}
    return create_model(name, __doc__=f"{column.en.capitalize()} over a bucket.", **fields)


def _title(kind: Kind) -> str:
    return kind.name.title().replace("_", "")


RAW_MODELS = {kind.name: _raw_model(kind) for kind in KINDS.values()}
ROLLUP_MODELS = {kind.name: _rollup_model(kind) for kind in KINDS.values()}


def _series_model(kind: Kind, bucket: Any, reading: type[BaseModel], suffix: str) -> type[BaseModel]:
    fields: dict[str, Any] = {
        "sensor": (SensorCode, ...),
        "kind": (Literal[kind.name], Field(description="The sensor's kind")),
        "bucket": (bucket, Field(description="Width of a bucket; null for raw readings")),
        "items": (list[reading], Field(description="In the order of time")),  # type: ignore[valid-type]
        "next_cursor": (str | None, Field(description="Pass as cursor to get what follows; null at the end")),
    }
    return create_model(f"{_title(kind)}{suffix}", __doc__=f"Readings of one {kind.en} sensor.", **fields)


def _latest_model(kind: Kind) -> type[BaseModel]:
    fields: dict[str, Any] = {
        "sensor": (SensorCode, ...),
        "kind": (Literal[kind.name], Field(description="The sensor's kind")),
        "reading": (RAW_MODELS[kind.name] | None, Field(description="Null when it has been silent for too long")),
    }
    return create_model(f"{_title(kind)}Latest", __doc__=f"The latest reading of one {kind.en} sensor.", **fields)


def _any_of(models: list[type[BaseModel]]) -> Any:
    return reduce(operator.or_, models)


SERIES: Any = _any_of(
    [_series_model(kind, None, RAW_MODELS[kind.name], "Readings") for kind in KINDS.values()]
    + [_series_model(kind, Bucket, ROLLUP_MODELS[kind.name], "Buckets") for kind in KINDS.values()]
)
_LATEST: Any = _any_of([_latest_model(kind) for kind in KINDS.values()])
LATEST_PAGE: Any = create_model("LatestReadings", __base__=Page[_LATEST], __doc__="Sensors with their latest readings.")
