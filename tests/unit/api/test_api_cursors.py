"""Cursors carry a key there and back, and nothing else passes for one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cursors import Cursor, Moment, Name, RowNumber
from api.errors import InvalidValue

NUMBERS: Cursor[int] = Cursor("numbers", RowNumber)
NAMES: Cursor[str] = Cursor("names", Name)
TIMES: Cursor[datetime] = Cursor("times", Moment)


@given(st.integers(1, 2**63 - 1))
def test_numbers_come_back(key: int) -> None:
    assert NUMBERS.decode(NUMBERS.encode(key)) == key


@given(st.from_regex(r"[A-Za-z0-9_.:-]{1,64}", fullmatch=True))
def test_names_come_back(key: str) -> None:
    assert NAMES.decode(NAMES.encode(key)) == key


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_come_back(key: datetime) -> None:
    assert TIMES.decode(TIMES.encode(key)) == key


@given(st.one_of(st.text(max_size=80), st.from_regex(r"[A-Za-z0-9_-]{0,80}", fullmatch=True)))
def test_anything_else_is_refused(text: str) -> None:
    for cursor in (NUMBERS, NAMES, TIMES):
        with pytest.raises(InvalidValue):
            cursor.decode(text)


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(InvalidValue):
        Cursor("others", RowNumber).decode(NUMBERS.encode(7))


@pytest.mark.parametrize("key", [0, -1, 2**63, True, "7", None, [7]])
def test_a_forged_key_is_refused(key: object) -> None:
    forged: Cursor[object] = Cursor("numbers", object)
    with pytest.raises(InvalidValue):
        NUMBERS.decode(forged.encode(key))


def test_no_cursor_is_the_first_page() -> None:
    assert NUMBERS.decode(None) is None


@given(st.lists(st.integers(1, 10**6), max_size=30), st.integers(1, 10))
def test_a_page_says_whether_more_follows(rows: list[int], limit: int) -> None:
    page = NUMBERS.page(rows[: limit + 1], limit, key=lambda row: row)
    assert page.items == rows[:limit]
    assert NUMBERS.decode(page.next_cursor) == (rows[limit - 1] if len(rows) > limit else None)
