"""The outline that a warning takes from the cells of a town."""

from hypothesis import given
from hypothesis import strategies as st

from api.console.areas import hull_of

_DEGREES = st.integers(-50, 50).map(lambda hundredths: hundredths / 100)
_CORNERS = st.lists(st.tuples(_DEGREES, _DEGREES), min_size=3, max_size=60)


def test_two_cells_side_by_side_become_one_outline() -> None:
    west = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]
    east = [(1.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 1.0), (1.0, 0.0)]
    assert hull_of(west + east) == [(0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (0.0, 1.0)]


def test_an_outline_has_no_more_corners_than_a_warning_takes() -> None:
    bow = [(number / 1000, (number / 1000) ** 2) for number in range(500)]
    assert len(hull_of(bow[:100])) == 100
    assert hull_of(bow) == [(0.0, 0.0), (0.499, 0.0), (0.499, 0.499**2), (0.0, 0.499**2)]  # and leaves none out


@given(_CORNERS)
def test_every_corner_is_within(corners: list[tuple[float, float]]) -> None:
    hull = hull_of(corners)
    assert set(hull) <= set(corners)
    assert len(set(hull)) == len(hull)
    for one, two in zip(hull, hull[1:] + hull[:1], strict=True):
        for corner in corners:
            turn = (two[0] - one[0]) * (corner[1] - one[1]) - (two[1] - one[1]) * (corner[0] - one[0])
            assert turn >= -1e-9
