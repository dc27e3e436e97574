"""Percentiles and the JSON of a demonstration."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifeline.demonstration.figures import Delays, Figures, as_json, delays_of, nearest_rank
from simulators.drill import Text, Wanted
from simulators.judgement import Observation, Outcome, Report


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([7.0], 0.99, 7.0), ([1.0, 9.0], 0.5, 1.0), ([9.0, 1.0], 0.99, 9.0), ([3, 1, 2], 0.5, 2)],
)
def test_percentiles_are_values_that_were_measured(values: list[float], share: float, expected: float | None) -> None:
    assert nearest_rank(values, share) == expected


@given(st.lists(st.integers(0, 10**6), min_size=1), st.floats(0.01, 1.0))
def test_a_percentile_covers_its_share(values: list[int], share: float) -> None:
    rank = nearest_rank(values, share)
    assert rank in values
    assert sum(value <= rank for value in values) >= share * len(values)


def test_the_file_tells_what_happened_and_what_did_not() -> None:
    done = Wanted("task_done", 10, 20, sensor="gas-1")
    cleared = Wanted("hazard_cleared", 30, 40, sensor="gas-1", hazard_type="gas_combustible")
    report = Report(
        "leak",
        (
            Outcome(
                done, True, Observation("task_done", 12.34, sensor="gas-1"), Text("第 12 秒发生", "happened at 12 s")
            ),
            Outcome(cleared, False, None, Text("没有发生", "did not happen")),
        ),
        {},
    )
    figures = Figures(5, 4, 1, 2, 1, 1, delays_of([8.0, 4.0]))
    whole = json.loads(as_json(figures, report))
    assert whole["readings_published"] == 5
    assert whole["detect_ms"] == {"p50": 4.0, "p99": 8.0}
    assert whole["drill"]["passed"] is False
    first, second = whole["drill"]["outcomes"]
    assert (first["what"], first["happened"], first["at_s"]) == ("task_done", True, 12.3)
    assert (second["happened"], second["at_s"], second["reason"]["zh"]) == (False, None, "没有发生")


def test_without_orders_there_are_no_delays() -> None:
    assert delays_of([]) == Delays(None, None)
