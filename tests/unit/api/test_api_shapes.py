"""Shapes of readings follow the kinds; numbers are rounded to what a sensor resolves."""

import struct
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.sensors.shapes import (
    RAW_MODELS,
    ROLLUP_MODELS,
    raw_columns,
    raw_readings,
    rollup_columns,
    rollup_readings,
    rounded,
)
from ingest.kinds import KINDS, Kind, Quantity

TIME = datetime(2026, 5, 1, tzinfo=UTC)
EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def as_real(value: float) -> float:
    """What PostgreSQL's real keeps of a number."""
    kept: float = struct.unpack("f", struct.pack("f", value))[0]
    return kept


@pytest.mark.parametrize(
    ("resolution", "value", "shown"),
    [
        (0.1, as_real(12.3), "12.3"),
        (0.001, as_real(0.152), "0.152"),
        (0.001, as_real(-0.1), "-0.1"),
        (1, as_real(87.4), "87"),
        (0.5, 1.3, "1.5"),
        (5, 13.0, "15"),
        (0.25, 0.9, "1.0"),
        (1, -0.2, "0"),
    ],
)
def test_rounding(resolution: float, value: float, shown: str) -> None:
    assert repr(rounded([value], resolution)) == f"[{shown}]"


def test_nothing_stays_nothing() -> None:
    assert rounded([None, 0.1], 0.1) == [None, 0.1]
    assert rounded([1, None], 1) == [1, None]
    assert rounded([None], 1) == [None]
    assert rounded([], 1) == []


@given(st.sampled_from([0.001, 0.01, 0.1, 0.5, 1, 5]), st.integers(-2000, 2000))
def test_a_multiple_survives_storage(resolution: float, steps: int) -> None:
    exact = Fraction(str(resolution)) * steps
    assert rounded([as_real(float(exact))], resolution) == [float(exact)]


@given(st.sampled_from([0.001, 0.1, 1]), st.floats(-5000, 5000))
def test_rounding_moves_half_a_step_at_most(resolution: float, value: float) -> None:
    [found] = rounded([value], resolution)
    assert found is not None
    assert abs(found - value) <= resolution / 2 + 1e-9


def row_of(kind: Kind) -> dict[str, Any]:
    row: dict[str, Any] = {"time": TIME, "bucket": TIME, "samples": 2}
    for column in kind.columns:
        if isinstance(column, Quantity):
            low, high = as_real(column.minimum), as_real(column.maximum)
            values: dict[str, Any] = {"": high, "_min": low, "_avg": (low + high) / 2, "_max": high}
        else:
            values = {"": column.words[-1], "_last": column.words[0]}
        row.update({f"{column.name}{suffix}": value for suffix, value in values.items()})
    return row


@EVERY_KIND
def test_what_is_answered_fits_what_is_described(kind: Kind) -> None:
    row = row_of(kind)
    [raw], [rollup] = raw_readings(kind, [row]), rollup_readings(kind, [row])
    assert RAW_MODELS[kind.name].model_validate(raw).model_dump() == raw
    assert ROLLUP_MODELS[kind.name].model_validate(rollup).model_dump() == rollup
    assert list(raw) == ["time", *kind.column_names]
    assert list(rollup) == ["time", "samples", *kind.column_names]


@EVERY_KIND
def test_sql_asks_for_all_that_an_answer_needs_and_no_more(kind: Kind) -> None:
    row = row_of(kind)
    asked = raw_columns(kind).split(", ")
    assert raw_readings(kind, [{name: row[name] for name in asked}])
    assert len(asked) == 1 + len(kind.columns)
    summed = rollup_columns(kind).split(", ")
    assert rollup_readings(kind, [{name: row[name] for name in summed}])
    assert len(summed) == 2 + len(kind.columns) + 2 * len(kind.quantities)
