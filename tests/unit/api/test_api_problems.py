"""Every error of the room has its status, and its sentence in both languages."""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic_core._pydantic_core import list_all_errors

import api
from api import errors
from api.errors import ApiError
from api.fields import YesNo
from api.problems import sort_of
from api.validation import CHINESE, explain
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
        (TransitionError(zh="一", en="x"), 409),
        (UnknownTaskError(zh="一", en="x"), 404),
        (QuarantineError(zh="一", en="x"), 409),
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
        {
            "type": "misfit",
            "loc": ("query", "from"),
            "msg": "write it so",
            "ctx": {"zh": "应这样写", "en": "write it so"},
            "input": "secret",
        },
    ]
    assert explain(faults, "en") == [("query.limit", "Too much"), ("query.from", "write it so")]
    assert explain(faults, "zh") == [("query.limit", "应不大于 500"), ("query.from", "应这样写")]


# What only Python's own objects can have, and no data of a request.
_NOT_OF_DATA = re.compile(
    r"needs_python|frozen_(field|instance|dict)|get_attribute|dataclass|named_tuple|ordered_dict|counter|deque"
    r"|not_hashable|missing_sentinel|ellipsis|is_(instance|subclass)|callable|argument|fraction|complex"
)


_OF_DATA = [fault for fault in list_all_errors() if not _NOT_OF_DATA.search(fault["type"])]


@pytest.mark.parametrize("fault", _OF_DATA, ids=lambda fault: fault["type"])
def test_every_fault_that_data_can_have_has_chinese_words(fault: Mapping[str, Any]) -> None:
    error = {"type": fault["type"], "loc": ("body",), "msg": "Wrong", "ctx": fault["example_context"] or {}}
    ((_, words),) = explain([error], "zh")
    assert fault["type"] in CHINESE
    assert "{" not in words


def test_our_validators_say_it_in_both_languages() -> None:
    """One that raised ValueError would have no Chinese words."""
    files = [path for path in Path(api.__file__).parent.rglob("*.py") if "ValueError(" in path.read_text()]
    assert files == []
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(YesNo).validate_python("yes")
    assert explain(caught.value.errors(), "zh") == [("", "应为 true 或 false")]
    assert explain(caught.value.errors(), "en") == [("", "write true or false")]
