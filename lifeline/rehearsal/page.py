"""The report of a drill as one HTML file, plots and all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator

from dispatch.drawing import svg_of
from dispatch.words import skill_zh
from lifeline.demonstration.words import GRADE_OF, STAGES, hazard_name

_GOOD, _BAD, _INK = "#9ccc9c", "#e6a19c", "#222222"
_TICKS_S = (1, 10, 60, 300, 900, 1800, 3600, 7200, 21_600, 86_400, 604_800)
_MOST_TICKS = 12
_MOST_CASES = 40  # more lines than that nobody can read
_STEPS: Mapping[str, tuple[str, str]] = {
    "opened": ("发现", "opened"),
    "filed": ("立案", "filed"),
    "unassigned": ("缺队", "no squad"),
    "ordered": ("派遣", "ordered"),
    "received": ("送达", "received"),
    "accepted": ("确认", "confirmed"),
    "on_scene": ("到场", "on scene"),
    "done": ("完成", "done"),
    "closed": ("结案", "closed"),
}
_MARKS = {"ordered": ">", "received": "|", "on_scene": "^", "done": "s", "closed": "o"}
_GRADE_COLOURS = {1: "#d32f2f", 2: "#f57c00", 3: "#fbc02d", 4: "#1976d2"}


def clock(seconds: float | None) -> str:
    """Drill seconds as hours, minutes and seconds; a dash for what never came."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def as_html(report: Mapping[str, Any]) -> str:
    """The page of a report as ``assess_drill`` makes it."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    environment.filters |= {"clock": clock, "hazard": hazard_name, "skill_zh": skill_zh}
    # What matplotlib draws is markup; the names in it were escaped by it.
    plots = {
        name: Markup(svg_of(figure)) if figure is not None else ""
        for name, figure in (("outcomes", _outcomes(report)), ("timings", _timings(report)), ("cases", _cases(report)))
    }
    page = environment.get_template("report.html")
    return page.render(**report, plots=plots, steps=_STEPS, grades=GRADE_OF, stages=STAGES)


def _outcomes(report: Mapping[str, Any]) -> Figure | None:
    """Windows of what was wanted as bars, what happened as marks."""
    outcomes = report["outcomes"]
    if not outcomes:
        return None
    figure, axes = _axes([one["text"] for one in outcomes], _span_s(report))
    for row, one in enumerate(outcomes):
        colour = _GOOD if one["happened"] else _BAD
        axes.barh(row, one["before_s"] - one["after_s"], left=one["after_s"], height=0.6, color=colour)
        if one["at_s"] is not None:
            axes.plot(one["at_s"], row, marker="D", color=_INK, markersize=5)
    _explain(
        figure,
        Patch(color=_GOOD, label="应有时段，达到 window, as wanted"),
        Patch(color=_BAD, label="应有时段，未达 window, not as wanted"),
        _mark("D", "实有 happened"),
    )
    return figure


def _timings(report: Mapping[str, Any]) -> Figure | None:
    """The slowest of each step as bars, the limits as marks; times are short and long, so the axis is logarithmic."""
    taken = [one for one in report["timings"] if one["slowest_s"] is not None]
    if not taken:
        return None
    most_s = max(max(one["slowest_s"], one["most_s"]) for one in taken)
    figure, axes = _axes(taken, most_s)
    axes.set_xscale("symlog", linthresh=60)
    axes.set_xlabel("用时（时:分:秒） time taken (h:mm:ss)", fontsize=8)
    axes.set_xlim(0, most_s * 1.2)
    axes.set_xticks([0, *(tick for tick in _TICKS_S if 10 <= tick <= most_s)], minor=False)
    axes.xaxis.set_major_formatter(lambda value, _: clock(value))
    for row, one in enumerate(taken):
        axes.barh(row, one["slowest_s"], height=0.6, color=_GOOD if one["in_time"] == one["cases"] else _BAD)
        axes.plot([one["limit_s"], one["most_s"]], [row, row], marker="|", color=_INK, markersize=16, linewidth=1)
    _explain(
        figure,
        Patch(color=_GOOD, label="最慢，均按时 slowest, all in time"),
        Patch(color=_BAD, label="最慢，有超时 slowest, some late"),
        _mark("|", "时限（最严至最宽） limit (strictest to most lenient)"),
    )
    return figure


def _cases(report: Mapping[str, Any]) -> Figure | None:
    """Each case as a line from its opening to its closure, with the steps of its squad."""
    cases = report["cases"][:_MOST_CASES]
    if not cases:
        return None
    figure, axes = _axes([_name(case) for case in cases], _span_s(report))
    for row, case in enumerate(cases):
        steps = case["steps_s"]
        axes.plot(
            [steps["opened"], steps.get("closed", report["duration_s"])],  # a case that is open goes on
            [row, row],
            color=_GRADE_COLOURS[case["grade"]],
            linewidth=4,
            alpha=0.6,
        )
        for name, marker in _MARKS.items():
            if name in steps:
                axes.plot(steps[name], row, marker=marker, color=_INK, markersize=6, linestyle="none")
    grades = sorted({case["grade"] for case in cases})
    _explain(
        figure,
        *(
            Patch(color=_GRADE_COLOURS[grade], alpha=0.6, label=f"{GRADE_OF[grade].zh} {GRADE_OF[grade].colour}")
            for grade in grades
        ),
        *(_mark(marker, " ".join(_STEPS[name])) for name, marker in _MARKS.items()),
    )
    return figure


def _name(case: Mapping[str, Any]) -> Mapping[str, str]:
    hazard = hazard_name(case["hazard_type"])
    start = f"#{case['incident_id']} {case['sensor'] or ''}"
    return {"zh": f"{start} {hazard.zh}", "en": hazard.en}


def _span_s(report: Mapping[str, Any]) -> float:
    span_s: float = max([report["duration_s"], *(one["before_s"] for one in report["outcomes"])])
    return span_s


def _axes(rows: Sequence[Mapping[str, str]], span_s: float) -> tuple[Figure, Any]:
    """A row for each text, times of up to ``span_s`` across."""
    figure = Figure(figsize=(12, 1.4 + 0.36 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), [f"{row['zh']}\n{row['en']}" for row in rows], linespacing=1.3)
    axes.set_xlim(0, span_s)
    axes.xaxis.set_major_locator(MultipleLocator(next(step for step in _TICKS_S if span_s / step <= _MOST_TICKS)))
    axes.xaxis.set_major_formatter(lambda value, _: clock(value))
    axes.set_xlabel("演练时间（时:分:秒） drill time (h:mm:ss)", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.grid(axis="x", color="#eeeeee")
    axes.set_axisbelow(True)
    return figure, axes


def _mark(marker: str, label: str) -> Line2D:
    return Line2D([], [], marker=marker, color=_INK, linestyle="none", label=label)


def _explain(figure: Figure, *marks: Artist) -> None:
    figure.legend(handles=marks, loc="outside upper left", ncols=len(marks), fontsize=8, frameon=False)
