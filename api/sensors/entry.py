"""What a person says of a sensor, one by one or as the lines of a CSV file."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from api.errors import BadLines
from api.fields import GridId, KindName, Names, Position, SensorCode, Strict, Text
from api.languages import Language
from api.validation import explain, misfit

_MOST_FAULTS = 100


# Without user and password: every viewer sees it.
StreamUrl = Annotated[
    str, Field(max_length=300, pattern=r"^rtsps?://[A-Za-z0-9][A-Za-z0-9.-]*(:[1-9][0-9]{0,4})?(/[!-?A-~]*)?$")
]


class SensorEntry(Strict):
    """A sensor as a person describes it."""

    kind: KindName
    name: Names = Names()
    grid_id: GridId | None = None
    position: Position | None = None
    owner_unit: Text = Field("", description="The unit that owns it")
    responsible_person: Text = ""
    responsible_phone: Text = ""
    interval_s: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        None, description="How often it reports; null: as usual for its kind", json_schema_extra={"x-unit": "s"}
    )
    attributes: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")], Text] = Field(
        {}, max_length=32, description="What limits are looked up by, as noise_class; profile and device of a platform"
    )
    installed_on: date | None = None
    calibrated_on: date | None = None
    calibration_due_on: date | None = Field(None, description="From then on its values are trusted less")
    camera_id: Annotated[str, Field(pattern=r"^[0-9]{20}$")] | None = Field(
        None, description="Channel of GB/T 28181, 20 digits"
    )
    camera_url: StreamUrl | None = Field(None, description="RTSP address, without user and password")

    @model_validator(mode="after")
    def _in_order(self) -> "SensorEntry":
        if self.calibrated_on and self.calibration_due_on and self.calibration_due_on < self.calibrated_on:
            raise misfit(
                zh="calibration_due_on 不能早于 calibrated_on", en="calibration_due_on must not be before calibrated_on"
            )
        return self

    def as_row(self, code: str) -> dict[str, Any]:
        """The columns of the table."""
        fields = self.model_dump(mode="json")
        name, place = fields.pop("name"), fields.pop("position") or {"longitude": None, "latitude": None}
        return {"code": code, "name_zh": name["zh"], "name_en": name["en"], **place, **fields}


COLUMNS = (
    "code",
    "kind",
    "name_zh",
    "name_en",
    "grid_id",
    "longitude",
    "latitude",
    "owner_unit",
    "responsible_person",
    "responsible_phone",
    "interval_s",
    "attributes",
    "installed_on",
    "calibrated_on",
    "calibration_due_on",
    "camera_id",
    "camera_url",
)
"""Of a CSV file; ``attributes`` reads name=value;name=value."""

_CODE: TypeAdapter[str] = TypeAdapter(SensorCode)


def read_csv(text: str, language: Language) -> list[dict[str, Any]]:
    """The rows of a file with a header of ``COLUMNS``; BadLines names every line at fault, the first 100."""
    faults: list[tuple[str, str]] = []
    rows: dict[str, dict[str, Any]] = {}
    try:
        for line, cells in _lines(text, faults, language):
            _take(line, cells, rows, faults, language)
    except csv.Error as error:
        faults.append(("body", "不是有效的 CSV" if language == "zh" else str(error)))
    if faults:
        raise BadLines(faults[:_MOST_FAULTS])
    return list(rows.values())


def _lines(text: str, faults: list[tuple[str, str]], language: Language) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    header = reader.fieldnames or []
    wrong = [name for name in header if name not in COLUMNS] + [name for name in ("code", "kind") if name not in header]
    if wrong or len(set(header)) != len(header):
        zh = f"列应为 {'、'.join(COLUMNS)}，其中 code 和 kind 必填（{wrong}）"
        en = f"columns are {', '.join(COLUMNS)}; code and kind are needed ({wrong})"
        faults.append(("body.header", zh if language == "zh" else en))
        return
    for cells in reader:
        if None in cells or None in cells.values():
            fault = "单元格数与表头不一致" if language == "zh" else "not as many cells as the header"
            faults.append((f"body.line {reader.line_num}", fault))
            continue
        yield reader.line_num, {name: cell for name, cell in cells.items() if cell != ""}


def _take(
    line: int,
    cells: dict[str, str],
    rows: dict[str, dict[str, Any]],
    faults: list[tuple[str, str]],
    language: Language,
) -> None:
    values: dict[str, Any] = dict(cells)
    code = values.pop("code", "")
    values["name"] = {key: values.pop(f"name_{key}", "") for key in ("zh", "en")}
    for key in ("longitude", "latitude", "interval_s"):
        if key in values:
            values[key] = _number(values[key])
    place = {key: values.pop(key) for key in ("longitude", "latitude") if key in values}
    if place:
        values["position"] = place
    if "attributes" in values:
        pairs = [pair.partition("=") for pair in values["attributes"].split(";")]
        values["attributes"] = {name: value for name, _, value in pairs}
    try:
        row = SensorEntry.model_validate(values).as_row(_CODE.validate_python(code))
    except ValidationError as error:
        faults += [(f"body.line {line}.{place}", fault) for place, fault in explain(_plain(error), language)]
        return
    if code in rows:
        faults.append((f"body.line {line}.code", f"{code} 出现两次" if language == "zh" else f"{code} is there twice"))
    rows[code] = row


def _number(cell: str) -> float | str:
    """The number that a cell holds; where it holds none, the cell, at which the entry then finds fault."""
    try:
        return float(cell)
    except ValueError:
        return cell


def _plain(error: ValidationError) -> list[dict[str, Any]]:
    return [{**fault, "loc": fault["loc"] or ("code",)} for fault in error.errors(include_url=False)]
