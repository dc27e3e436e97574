"""Texts of the pages: none lacks Chinese, and what is chosen by a value has words."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

import api
from alerts.rulefile import default_rules
from api.catalogue import catalogue
from api.publicpage.roads import Place, draw, grade_at
from api.squadpage.sign import sign_of
from api.squadpage.words import ACTIONS, EVENTS, SIGNS, STATUS
from dispatch.steps import ACTIONS as ALL_ACTIONS
from dispatch.steps import STEPS
from dispatch.words import Words

ROOM = Path(api.__file__).parent
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("folder", ["squadpage", "publicpage"])
def test_no_text_lacks_chinese(folder: str) -> None:
    texts = [found[2] for found in extract_from_dir(ROOM / folder, METHODS) if not found[0].startswith("assets")]
    assert len(texts) > 10
    known = catalogue(ROOM / folder, "zh")
    for text in texts:
        first = text if isinstance(text, str) else text[0]
        said = known.gettext(text) if isinstance(text, str) else known.ngettext(*text[:2], 2)
        assert said != first, text
        assert any("\u4e00" <= sign <= "\u9fff" for sign in said), text


def test_every_value_has_words() -> None:
    assert set(STATUS) == set(STEPS)
    assert set(ACTIONS) == set(ALL_ACTIONS) - {"cancel", "check"}
    assert {*STATUS, "received", "check_in"} == set(EVENTS)
    assert set(SIGNS) == {"granted", "refused", "revoked", "stale", "unknown", "unasked"}


def permit(**changed: object) -> dict[str, object]:
    return {
        "verdict": "granted",
        "reason_zh": "可以进入",
        "reason_en": "may enter",
        "readings": [],
        "judged_at": NOW,
        "valid_until": NOW + timedelta(minutes=15),
        "ended_at": None,
        "ended_zh": None,
        "ended_en": None,
        **changed,
    }


def test_only_a_permit_that_holds_is_green() -> None:
    assert sign_of(permit(), NOW).is_green
    assert not sign_of(None, NOW).is_green
    assert sign_of(permit(), NOW + timedelta(minutes=15)).state == "stale"
    ended = permit(ended_at=NOW, ended_zh="变差", ended_en="worse")
    assert (sign_of(ended, NOW).state, sign_of(ended, NOW).reason) == ("revoked", Words("变差", "worse"))
    for verdict in ("refused", "unknown"):
        sign = sign_of(permit(verdict=verdict, valid_until=None), NOW)
        assert (sign.state, sign.is_green) == (verdict, False)


def test_depths_are_graded_by_the_limits_of_their_place() -> None:
    rule = next(file.hazards["ponding"] for file in default_rules() if file.kind == "waterlogging")
    assert [grade_at(rule, {"place": "road"}, depth, NOW) for depth in (0.09, 0.1, 0.15, 0.27, 0.5)] == [0, 4, 3, 2, 1]
    assert [grade_at(rule, {"place": "underpass"}, depth, NOW) for depth in (0.04, 0.05, 0.27)] == [0, 4, 1]
    assert grade_at(None, {}, 9.0, NOW) == 0


def test_the_map_stays_small_with_many_places_and_puts_the_gravest_first() -> None:
    places = [
        Place(
            Words("路", "road"),
            112 + n % 100 / 200,
            23.5 + n // 100 / 200,
            0.6 if n % 50 == 0 else 0.0,
            NOW,
            n % 50 == 0,
        )
        for n in range(10_000)
    ]
    square = {"type": "Polygon", "coordinates": [[[112, 23.5], [112.5, 23.5], [112.5, 24], [112, 23.5]]]}
    drawn = draw([*places, Place(Words("深", "deep"), 112.1, 23.6, 0.9, NOW, 1)], [square])
    assert drawn.flooded[0].name.en == "deep"
    assert len(drawn.calm) < 150_000
    assert all(0 <= symbol.x <= drawn.width and 0 <= symbol.y <= drawn.height for symbol in drawn.symbols)
    assert draw([], []).flooded == ()
