"""Headings of a drill's assessment, after 应急预案管理办法."""

from collections.abc import Mapping
from typing import Literal

from simulators.drill import Text

Heading = Literal["execution", "practicability", "command", "people", "equipment"]
HEADINGS: Mapping[Heading, Text] = {
    "execution": Text("演练执行情况", "execution"),
    "practicability": Text("预案合理性与可操作性", "practicability of the plan"),
    "command": Text("指挥协调与应急联动", "command and linkage"),
    "people": Text("应急人员处置", "people"),
    "equipment": Text("演练所用设备装备", "equipment"),
}
