"""The drill's report and the addresses, for people."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lifeline.demonstration.figures import Figures
from lifeline.demonstration.script import REPORT_S, Script
from lifeline.demonstration.words import of_wanted
from simulators.judgement import Outcome, Report


def clock_time(seconds: float) -> str:
    """Seconds of the drill as minutes and seconds."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes}:{rest:02}"


def heading(script: Script) -> RenderableType:
    """What is played."""
    county = script.county
    count, paces = len(script.traffic), f"{REPORT_S}–{script.slowest_s}"
    minutes, hours = script.usual_s[0] // 60, script.usual_s[1] // 3600
    return Group(
        Text(f"Lifeline  {county.name_zh} {county.name_en}: 演示数据 demonstration data", style="bold"),
        Text(
            f"{count} 个传感器每 {paces} 秒上报（实际 {minutes} 分钟–{hours} 小时）  "
            f"{count} sensors, sped up to a report every {paces} s (field: {minutes} min–{hours} h)",
            style="dim",
        ),
    )


def outcomes(sequence: Sequence[Outcome], *, now_s: float | None) -> Table:
    """A line for each wanted outcome; one whose time is not over at drill second ``now_s`` is still awaited."""
    table = Table(box=None, padding=(0, 2, 0, 0), expand=True)
    table.add_column("", width=1)
    table.add_column("应有结果", no_wrap=True, overflow="ellipsis", ratio=3)
    table.add_column("Wanted", no_wrap=True, overflow="ellipsis", ratio=4)
    table.add_column("between", no_wrap=True, justify="right", min_width=12)
    table.add_column("happened", no_wrap=True, justify="right", min_width=9)
    for outcome in sequence:
        mark, style, when = _state(outcome, now_s)
        text = of_wanted(outcome.wanted)
        window = f"{clock_time(outcome.wanted.after_s)}–{clock_time(outcome.wanted.before_s)}"
        table.add_row(Text(mark, style=style), text.zh, text.en, Text(window, style="dim"), Text(when, style=style))
    return table


def _state(outcome: Outcome, now_s: float | None) -> tuple[str, str, str]:
    if outcome.met:
        seen = outcome.observation
        return "✓", "green", clock_time(seen.at_s) if seen is not None else ""
    if now_s is not None and now_s <= outcome.wanted.before_s:
        return "·", "dim", ""
    return "✗", "bold red", "no 否"


def whole_report(script: Script, report: Report, figures: Figures) -> RenderableType:
    """The report of a finished drill."""
    title = script.drill.title
    happened = sum(outcome.met for outcome in report.outcomes)
    verdict = f"{happened} of {len(report.outcomes)} wanted outcomes happened"
    verdict_zh = f"应有结果 {len(report.outcomes)} 项，实现 {happened} 项"
    missed = [
        Text(f"✗ {of_wanted(one.wanted).en}: {one.reason.en}  {of_wanted(one.wanted).zh}：{one.reason.zh}", style="red")
        for one in report.outcomes
        if not one.met
    ]
    return Group(
        Text(),
        Text(f"演练报告 Drill report: {title.zh} {title.en}", style="bold"),
        outcomes(report.outcomes, now_s=None),
        *missed,
        Text(f"{verdict_zh}  {verdict}", style="bold green" if report.passed else "bold red"),
        Text(summary(figures)),
        Text("时间为演练时间（分:秒）  Times are minutes and seconds of the drill", style="dim"),
    )


def summary(figures: Figures) -> str:
    """The figures in one line."""
    delays = figures.detect_ms
    reached = f"; reading to order {delays.p50:g} ms, slowest {delays.p99:g}" if delays.p50 and delays.p99 else ""
    return (
        f"published {figures.readings_published}, stored {figures.readings_stored}, "
        f"quarantined {figures.quarantined}; hazards {figures.hazards_raised}, orders {figures.orders_delivered}, "
        f"tasks done {figures.tasks_closed}{reached}"
    )
