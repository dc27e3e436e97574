"""Key figures of the handling of incidents, each with its definition. Exercises are never counted."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from database.pool import Connection
from database.queries import load_queries
from dispatch.words import Words

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
FIGURES = _SQL.figures
"""The query of the figures: from $1 until before $2, grouped by $3."""

By = Literal["all", "squad", "grid", "type", "month"]


class Definition(msgspec.Struct, frozen=True):
    """What a figure is: a share from 0 to 1, or seconds."""

    name: str
    title: Words
    unit: Literal["share", "s"]
    definition: Words


DEFINITIONS: Sequence[Definition] = (
    Definition(
        "finding_rate",
        Words("发现率", "finding rate"),
        "share",
        Words(
            "由监测发现的事件数 ÷ 全部事件数",
            "incidents that sensors found before anybody reported them / all incidents",
        ),
    ),
    Definition(
        "handling_rate",
        Words("处置率", "handling rate"),
        "share",
        Words("已处置数 ÷ 应处置数（已派遣）", "incidents whose work is done / incidents dispatched"),
    ),
    Definition(
        "in_time_rate",
        Words("按期处置率", "in-time rate"),
        "share",
        Words(
            "在处置时限内反馈（超时经申诉准予免责的计入）且已处置数 ÷ 应处置数",
            "incidents whose work is done and was handed back before the case's clock ran out, or whose overtime was"
            " exempted on appeal / incidents dispatched",
        ),
    ),
    Definition(
        "closing_rate",
        Words("结案率", "closing rate"),
        "share",
        Words("已结案数 ÷ 应结案数（已处置）", "incidents closed / incidents whose work is done"),
    ),
    Definition(
        "right_first_time_rate",
        Words("准确派遣率", "right-first-time rate"),
        "share",
        Words(
            "首次派遣的牵头队伍即完成处置数 ÷ 已派遣数",
            "incidents that the first squad ordered to lead also finished / incidents dispatched",
        ),
    ),
    Definition(
        "return_rate",
        Words("返工率", "return rate"),
        "share",
        Words("反馈后又退回处置数 ÷ 应结案数", "incidents sent back after their work was reported done / work done"),
    ),
    Definition(
        "confirm_median_s",
        Words("确认时间中位数", "median time to confirm"),
        "s",
        Words("牵头命令下达至确认", "from the leading order to its confirmation"),
    ),
    Definition(
        "arrive_median_s",
        Words("到场时间中位数", "median time to arrive"),
        "s",
        Words("牵头命令下达至到场", "from the leading order to the arrival"),
    ),
)


class Figures(msgspec.Struct, frozen=True):
    """The figures of one group; a rate or time is None where there is nothing to count."""

    group: str
    incidents: int
    finding_rate: float | None
    handling_rate: float | None
    in_time_rate: float | None
    closing_rate: float | None
    right_first_time_rate: float | None
    return_rate: float | None
    confirm_median_s: float | None
    arrive_median_s: float | None


async def figures(connection: Connection, start: datetime, end: datetime, by: By = "all") -> list[Figures]:
    """The figures of incidents that were opened from ``start`` up to ``end``, in order of their group.

    Groups are squads (that led last), grid cells, hazard types or local months; all are one.
    """
    return [Figures(**dict(row)) for row in await connection.fetch(_SQL.figures, start, end, by)]
