"""Reading a county's folder: every error names the file and the line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dispatch.contacts import Contacts, ContactsError, Owner, read_contacts
from lifeline.county import read_county
from lifeline.errors import HubError
from lifeline.preparedness import check_grid_duty

GUANGNING = Path(__file__).parents[3] / "counties" / "guangning"
GRID = {
    "type": "Feature",
    "properties": {
        "grid_id": "g-1",
        "name_zh": "网格",
        "name_en": "Grid",
        "town_zh": "镇",
        "town_en": "Town",
        "responsible_person": "甲",
        "responsible_phone": "000",
    },
    "geometry": {"type": "Polygon", "coordinates": [[[112, 23], [113, 23], [113, 24], [112, 23]]]},
}
HEADER = "code,kind,name_zh,name_en,grid_id,longitude,latitude,owner_unit,interval_s,attributes\n"
SENSOR = "gs-1,gas,气,Gas,g-1,112.4,23.6,unit,60,placement=open;depth=2\n"
SQUAD = """squads:
  - squad_id: gas-1
    name_zh: 队
    name_en: Squad
    skills: [gas]
    longitude: 112.4
    latitude: 23.6
    duty_start: "06:00"
    duty_end: "22:00"
    phone: 000-1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "county.yaml").write_text("name_zh: 县\nname_en: County\n", encoding="utf-8")
    (tmp_path / "grids.json").write_text(json.dumps({"features": [GRID]}), encoding="utf-8")
    (tmp_path / "sensors.csv").write_text(HEADER + SENSOR, encoding="utf-8")
    (tmp_path / "squads.yaml").write_text(SQUAD, encoding="utf-8")
    return tmp_path


def test_a_small_county_is_read_whole(folder: Path) -> None:
    county = read_county(folder)
    assert (county.name_zh, county.name_en) == ("县", "County")
    (sensor,) = county.sensors
    assert (sensor.code, sensor.longitude, sensor.interval_s) == ("gs-1", 112.4, 60)
    assert sensor.attributes == {"placement": "open", "depth": "2"}
    assert county.squads[0].skills == ["gas"]
    assert county.grids[0].outline.coordinates[0][1] == (113.0, 23.0)


def test_empty_cells_are_left_to_the_defaults(folder: Path) -> None:
    (folder / "sensors.csv").write_text(HEADER + "mh-1,manhole,,,,,,,,\n", encoding="utf-8")
    (sensor,) = read_county(folder).sensors
    assert (sensor.grid_id, sensor.longitude, sensor.interval_s, sensor.attributes) == (None, None, None, {})


def test_a_byte_order_mark_of_a_spreadsheet_is_no_part_of_the_header(folder: Path) -> None:
    (folder / "sensors.csv").write_text("\ufeff" + HEADER + SENSOR, encoding="utf-8")
    assert len(read_county(folder).sensors) == 1


def test_the_demonstration_county_is_readable() -> None:
    county = read_county(GUANGNING)
    assert county.name_zh == "广宁县"
    assert len(county.sensors) >= 300
    assert len(county.squads) == 8


def replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def append(name: str, text: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return change


def device(code: str, kind: str, attributes: str) -> Callable[[Path], None]:
    return append("sensors.csv", f"{code},{kind},,,,,,,,{attributes}\n")


def test_a_sensor_names_the_model_that_it_is_and_what_its_platform_calls_it(folder: Path, tmp_path: Path) -> None:
    built_in = "profile=milesight-em310-udl;device=24E124713D012345;mounting_height_m=2.5"
    device("w-1", "waterlogging", built_in)(folder)
    device("gs-2", "gas", "profile=acme-nose;device=gs-2")(folder)
    own = tmp_path / "profiles"
    own.mkdir()
    (own / "acme-nose.yaml").write_text("maker: Acme\nmodel: Nose\nkind: gas\nquantities: {ch4_lel_pct: lel}\n")
    sensors = read_county(folder, [own]).sensors
    assert [sensor.attributes.get("profile") for sensor in sensors] == [None, "milesight-em310-udl", "acme-nose"]
    with pytest.raises(HubError, match=r"sensors\.csv:4: there is no profile acme-nose"):
        read_county(folder)


@pytest.mark.parametrize(
    ("change", "where", "what"),
    [
        (replace("sensors.csv", "gs-1,gas", "gs 1,gas"), "sensors.csv:2", "code"),
        (replace("sensors.csv", "gs-1,gas", "gs-1,water"), "sensors.csv:2", "none of manhole, gas"),
        (replace("sensors.csv", "g-1,112.4", "g-9,112.4"), "sensors.csv:2", "grid g-9 is not in grids.json"),
        (replace("sensors.csv", "112.4", "212.4"), "sensors.csv:2", "<= 180.0"),
        (replace("sensors.csv", "112.4", "east"), "sensors.csv:2", "longitude"),
        (replace("sensors.csv", ",60,", ",0,"), "sensors.csv:2", "interval_s"),
        (replace("sensors.csv", "depth=2", "deep"), "sensors.csv:2", "name=value"),
        (replace("sensors.csv", "owner_unit", "owner"), "sensors.csv:2", "owner"),
        (append("sensors.csv", SENSOR), "sensors.csv:3", "gs-1 is there twice, first on line 2"),
        (append("sensors.csv", "gs-2,gas\n"), "sensors.csv:3", "as many cells"),
        (device("gs-2", "gas", "profile=acme-9"), "sensors.csv:3", "there is no profile acme-9"),
        (device("gs-2", "gas", "profile=milesight-em320-tilt"), "sensors.csv:3", "gs-2 is of kind gas, its profile"),
        (device("w", "waterlogging", "profile=milesight-em310-udl"), "sensors.csv:3", "needs mounting_height_m=NUMBER"),
        (
            device("w", "waterlogging", "profile=milesight-em310-udl;mounting_height_m=high"),
            "sensors.csv:3",
            "needs mounting_height_m=NUMBER in attributes for depth_m",
        ),
        (device("gs-2", "gas", "device=GS-1"), "sensors.csv:3", "device gs-1 is there twice, first on line 2"),
        (
            append("sensors.csv", "a,gas,,,,,,,,device=24E1\nb,gas,,,,,,,,device=24e1\n"),
            "sensors.csv:4",
            "device 24e1 is there twice, first on line 3",
        ),
        (append("sensors.csv", SENSOR.replace("gs-1", "gs-2").rstrip() + ",more\n"), "sensors.csv:3", "as many cells"),
        (append("sensors.csv", '"gs-2,gas\n'), "sensors.csv:3", "unexpected end of data"),
        (replace("squads.yaml", "[gas]", "[]"), "squads.yaml:2", "skills"),
        (replace("squads.yaml", '"06:00"', '"25:00"'), "squads.yaml:2", "duty_start"),
        (replace("squads.yaml", "phone: 000-1", "fone: 000-1"), "squads.yaml:2", "fone"),
        (replace("squads.yaml", "[gas]", "[gas"), "squads.yaml:6", "expected"),
        (append("squads.yaml", SQUAD.partition("\n")[2]), "squads.yaml:11", "gas-1 is there twice, first on line 2"),
        (replace("squads.yaml", "squads:", "teams:"), "squads.yaml", "`squads:`"),
        (replace("grids.json", '"g-1"', '""'), "grids.json:1", "grid_id"),
        (replace("grids.json", "Polygon", "Point"), "grids.json:1", "'Point'"),
        (replace("grids.json", "[113, 24], ", ""), "grids.json:1", "length"),
        (replace("grids.json", "features", "things"), "grids.json", "'features' is missing"),
        (
            replace(
                "grids.json",
                "}",
                "",
            ),
            "grids.json",
            "not JSON",
        ),
        (lambda folder: (folder / "squads.yaml").unlink(), "squads.yaml", "no such file"),
        (lambda folder: (folder / "sensors.csv").write_bytes(b"code,kind\n\xb9\xe3,gas\n"), "sensors.csv", "not UTF-8"),
        (lambda folder: (folder / "county.yaml").write_text("- 1\n"), "county.yaml", "needs names"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(
    folder: Path, change: Callable[[Path], object], where: str, what: str
) -> None:
    change(folder)
    with pytest.raises(HubError) as raised:
        read_county(folder)
    message = str(raised.value)
    assert message.startswith(f"{folder / where}: ")
    assert what in message


def test_a_grid_of_a_long_file_is_found_by_its_line(folder: Path) -> None:
    second = json.loads(json.dumps(GRID).replace("g-1", "g-2").replace("[112, 23]", "[512, 23]"))
    text = '{"features": [\n' + json.dumps(GRID) + ",\n" + json.dumps(second) + "\n]}"
    (folder / "grids.json").write_text(text, encoding="utf-8")
    with pytest.raises(HubError, match=r"grids\.json:3: .*<= 180"):
        read_county(folder)


def test_every_cell_has_a_person_and_an_owner_of_each_kind() -> None:
    contacts = read_contacts(GUANGNING / "contacts.yaml")
    cells = [grid.grid_id for grid in read_county(GUANGNING).grids]
    check_grid_duty(contacts, cells)
    check_grid_duty(Contacts(), cells)
    people = contacts.contacts
    for wrong, changed, named in (
        ("grid new-1 has no responsible person", contacts, [*cells, "new-1"]),
        ("is of wuhe-1, which is not in grids.json", contacts, [cell for cell in cells if cell != "wuhe-1"]),
        ("nobody owns what gas sensors watch in", Contacts(people, (Owner("manhole", "县市政设施所（演示）"),)), cells),
        ("nobody answers for 某单位", Contacts(people, (Owner("gas", "某单位"),)), cells),
        ("kind bridge is none of", Contacts(people, (Owner("bridge", "县燃气公司（演示）"),)), cells),
        ("in nowhere, which is not", Contacts(people, (Owner("gas", "县燃气公司（演示）", ("nowhere",)),)), cells),
    ):
        with pytest.raises(ContactsError, match=wrong):
            check_grid_duty(changed, named)
