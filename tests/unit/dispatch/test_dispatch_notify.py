"""The outbox's back-off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.notify import BACKOFF_S, LEASE, SEND_WITHIN_S, back_off_s


@pytest.mark.parametrize(("attempts", "whole"), [(1, 5), (2, 10), (3, 20), (6, 160), (7, 300), (10_000, 300)])
def test_doubles_up_to_five_minutes(attempts, whole):
    assert back_off_s(attempts, 0.0) == whole / 2
    assert back_off_s(attempts, 0.5) == whole * 0.75


@given(st.integers(1, 1_000_000), st.floats(0, 1, exclude_max=True))
def test_stays_within_its_bounds_and_never_shrinks(attempts, jitter):
    wait = back_off_s(attempts, jitter)
    assert BACKOFF_S[0] / 2 <= wait <= BACKOFF_S[1]
    assert back_off_s(attempts + 1, jitter) >= wait


def test_the_lease_outlasts_the_sending():
    assert LEASE.total_seconds() > 2 * SEND_WITHIN_S
