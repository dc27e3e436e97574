"""The shapes of readings, made from ``ingest.kinds``: models for OpenAPI, columns for SQL, rounding for answers.

Columns are PostgreSQL ``real``, so 0.1 comes back as 0.10000000149; every number is rounded to the resolution of its
quantity on the way out.
"""

import operator
from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from functools import reduce
from typing import Any, Literal, Protocol

import numpy as np
from pydantic import BaseModel, Field, create_model

from api.fields import Page, SensorCode
from ingest.kinds import KINDS, Kind, Quantity, State


class Row(Protocol):
    """A row of a reading table or roll-up: its values by column name."""

    def __getitem__(self, column: str, /) -> Any: ...


Bucket = Literal["10min", "1h", "1d"]
_KEPT = {"min": "min", "mean": "avg", "max": "max"}  # as answered, and as stored
BUCKETS: tuple[Bucket, ...] = ("10min", "1h", "1d")


def rounded(values: Sequence[float | None], resolution: float) -> list[float | None]:
    """Each to the nearest multiple of ``resolution``, None to None; a whole resolution gives ints.

    A column at a time, since answers hold tens of thousands of numbers.
    """
    step = Fraction(str(resolution))
    steps = np.rint(np.array(values, dtype=np.float64) * step.denominator / step.numerator) * step.numerator
    if step.denominator == 1:
        return [None if number != number else int(number) for number in steps.tolist()]
    return [None if number != number else number for number in (steps / step.denominator + 0.0).tolist()]  # not -0.0


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


def raw_readings(kind: Kind, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The JSON of raw readings."""
    columns: dict[str, list[Any]] = {"time": [row["time"] for row in rows]}
    for column in kind.columns:
        values = [row[column.name] for row in rows]
        columns[column.name] = rounded(values, column.resolution) if isinstance(column, Quantity) else values
    return _in_rows(columns)


def rollup_readings(kind: Kind, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The JSON of buckets of a roll-up."""
    columns: dict[str, list[Any]] = {
        "time": [row["bucket"] for row in rows],
        "samples": [row["samples"] for row in rows],
    }
    for column in kind.columns:
        if isinstance(column, State):
            parts: dict[str, list[Any]] = {"last": [row[f"{column.name}_last"] for row in rows]}
        else:
            found = {what: [row[f"{column.name}_{kept}"] for row in rows] for what, kept in _KEPT.items()}
            parts = {what: rounded(values, column.resolution) for what, values in found.items()}
        columns[column.name] = _in_rows(parts)
    return _in_rows(columns)


def _in_rows(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


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
