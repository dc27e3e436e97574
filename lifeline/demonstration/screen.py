"""The demonstration in a terminal."""

from collections import deque
from collections.abc import Mapping
from typing import Any, Self
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from lifeline.demonstration.display import DrillMoment, Moment
from lifeline.demonstration.figures import Figures
from lifeline.demonstration.report import clock_time, outcomes
from lifeline.demonstration.words import GRADE_OF, STAGES, Happening

_COLOURS = {1: "bold red", 2: "bold dark_orange", 3: "bold yellow", 4: "bold dodger_blue1"}
_EVENTS = 9
_FEWEST_EVENTS = 3


class Screen:
    """A picture that is drawn anew with each moment, below what was said."""

    def __init__(self, console: Console, zone: ZoneInfo) -> None:
        self.console = console
        self._zone = zone
        self._happenings: deque[Happening] = deque(maxlen=_EVENTS)
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def say(self, what: RenderableType) -> None:
        """Print something above the picture."""
        self.console.print(what)

    def show(self, moment: Moment) -> None:
        """Draw the picture."""
        self._happenings.extend(moment.happenings)
        parts: list[RenderableType] = []
        if moment.drill is not None:
            parts.append(self._progress(moment.drill))
            parts.append(outcomes(moment.drill.report.outcomes, now_s=moment.drill.at_s))
        parts += [_counts(moment), _hazards(moment.open_hazards)]
        parts.append(Rule("事件 Incidents", align="left", style="dim"))
        parts.append(_incidents(moment.incidents))
        parts.append(Rule("最新动态 Latest", align="left", style="dim"))
        used = sum(len(self.console.render_lines(part, pad=False)) for part in parts)
        parts.append(self._latest(max(_FEWEST_EVENTS, min(_EVENTS, self.console.height - used - 2))))
        if moment.drill is None:
            parts.append(Text("Ctrl-C 结束  Ctrl-C ends it", style="dim"))
        self._live.update(Group(*parts), refresh=True)

    def _progress(self, moment: DrillMoment) -> RenderableType:
        drill = moment.drill
        title = f"演练 Drill: {drill.title.zh} {drill.title.en}"
        place = f"{clock_time(min(moment.at_s, drill.duration_s))} / {clock_time(drill.duration_s)}"
        line = Table.grid(padding=(0, 2), expand=True)
        line.add_column(ratio=1, no_wrap=True)
        line.add_column(no_wrap=True, justify="right")
        line.add_column(width=24)
        bar = ProgressBar(total=drill.duration_s, completed=min(moment.at_s, drill.duration_s), width=24)
        line.add_row(Text(title, style="bold"), f"{place}  ×{drill.speed:g}", bar)
        return Group(Rule(style="dim"), line)

    def _latest(self, count: int) -> Table:
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=8, style="dim")
        table.add_column(width=1)
        table.add_column(ratio=5, no_wrap=True, overflow="ellipsis")
        table.add_column(ratio=6, no_wrap=True, overflow="ellipsis")
        for happening in list(self._happenings)[-count:]:
            at = f"{happening.at.astimezone(self._zone):%H:%M:%S}"
            table.add_row(at, _dot(happening.grade), Text(happening.text.zh), Text(happening.text.en))
        return table


def _dot(grade: int) -> Text:
    return Text("●", style=_COLOURS[grade])


def _counts(moment: Moment) -> RenderableType:
    figures: Figures = moment.figures
    delays = figures.detect_ms
    cells = (
        ("发布 published", f"{figures.readings_published}  {moment.rate:.0f}/s"),
        ("入库 stored", str(figures.readings_stored)),
        ("隔离 quarantined", str(figures.quarantined)),
        ("险情 hazards", str(figures.hazards_raised)),
        ("命令 orders", str(figures.orders_delivered)),
        ("完成 tasks done", str(figures.tasks_closed)),
        ("读数到命令 to order", f"{delays.p50:g} ms" if delays.p50 is not None else "–"),
    )
    table = Table(box=None, padding=(0, 1, 0, 0), expand=True, header_style="dim")
    for name, _ in cells:
        table.add_column(name, no_wrap=True)
    table.add_row(*(Text(value, style="bold") for _, value in cells))
    return Group(Rule("数据 Readings", align="left", style="dim"), table)


def _hazards(open_hazards: Mapping[int, int]) -> Text:
    text = Text("未解除险情 open hazards  ", style="dim")
    for number, grade in sorted(GRADE_OF.items()):
        count = open_hazards.get(number, 0)
        text.append(f"● {grade.zh} {grade.colour} {count}   ", style=_COLOURS[number] if count else "dim")
    return text


def _incidents(incidents: tuple[Mapping[str, Any], ...]) -> RenderableType:
    if not incidents:
        return Text("尚无  none yet", style="dim")
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, min_width=15)
    table.add_column(no_wrap=True)
    table.add_column(ratio=4, no_wrap=True, overflow="ellipsis")
    table.add_column(ratio=5, no_wrap=True, overflow="ellipsis")
    for incident in incidents:
        stage = STAGES[incident["stage"]]
        table.add_row(
            _dot(incident["grade"]),
            f"#{incident['incident_id']}",
            Text(f"{stage.zh} {stage.en}", style="green" if incident["stage"] == "closed" else "cyan"),
            Text(incident["squad_id"] or "–"),
            Text(incident["title_zh"]),
            Text(incident["title_en"]),
        )
    return table
