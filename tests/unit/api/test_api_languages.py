"""Which language an answer is in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.languages import language_of


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("en;q=0.2, zh-Hant;q=0.3", "zh"),
        ("fr, de", "en"),
        ("fr, zh;q=0.1", "zh"),
        ("ZH-cn", "zh"),
        ("zh;q=0", "en"),
        ("zh;q=much", "en"),
        ("*", "en"),
    ],
)
def test_the_preferred_one_is_taken(header: str, language: str) -> None:
    assert language_of(header) == language


@given(st.text())
def test_any_header_has_an_answer(header: str) -> None:
    assert language_of(header) in ("zh", "en")
