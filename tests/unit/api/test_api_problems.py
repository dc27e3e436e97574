"""Every error of the room has its status, and its sentence in both languages."""

from collections.abc import Iterator
from functools import partial
from inspect import signature
from typing import Any

import pytest

from api import errors
from api.errors import ApiError
from api.problems import sort_of
from api.validation import explain
from dispatch.steps import TransitionError, UnknownTaskError
from ingest.quarantine import QuarantineError


def every_error() -> Iterator[ApiError]:
    words = {"zh": "请重试", "en": "Try again"}
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, ApiError) and kind is not ApiError:
            if "zh" not in signature(kind).parameters:
                yield {errors.TooMany: partial(kind, 7.0), errors.BadLines: partial(kind, [])}.get(kind, kind)()
            elif kind is errors.InvalidValue:
                yield errors.InvalidValue("query.from", **words)
            elif kind is errors.Unhealthy:
                yield errors.Unhealthy({}, **words)
            else:
                yield kind(**words)


@pytest.mark.parametrize("error", list(every_error()), ids=lambda error: type(error).__name__)
def test_no_error_of_this_room_is_internal(error: ApiError) -> None:
    sort = sort_of(error)
    assert 400 <= sort.status < 600
    assert sort.status != 500
    assert sort.zh
    assert sort.en
    assert error.zh
    assert error.en == str(error)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TransitionError("x"), 409),
        (UnknownTaskError("x"), 404),
        (QuarantineError("x"), 409),
        (ValueError("x"), 500),
    ],
)
def test_errors_from_elsewhere(error: Exception, status: int) -> None:
    assert sort_of(error).status == status


def test_faults_are_named_in_both_languages_without_the_value() -> None:
    faults: list[dict[str, Any]] = [
        {
            "type": "less_than_equal",
            "loc": ("query", "limit"),
            "msg": "Too much",
            "ctx": {"le": 500},
            "input": "secret",
        },
        {"type": "value_error", "loc": ("query", "from"), "msg": "Value error, write it so", "input": "secret"},
    ]
    assert explain(faults, "en") == [("query.limit", "Too much"), ("query.from", "write it so")]
    assert explain(faults, "zh") == [("query.limit", "应不大于 500"), ("query.from", "write it so")]
