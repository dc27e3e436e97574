"""A back-test on the screen: its progress, and what it found as tables and as JSON."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from alerts.backtest import Comparison, Episode, Side, Tell
from alerts.grades import GRADES, grade_of

_AROUND = timedelta(hours=1)
_SHOWN = 50  # hazards of a list on the screen; the JSON has them all


@contextmanager
def progress() -> Iterator[Tell]:
    """A bar of sensors done, with readings per second."""
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("sensors")

        def tell(done: int, total: int, readings: int) -> None:
            elapsed = bar.tasks[task].elapsed or 0.0
            rate = f", {readings / elapsed:,.0f}/s" if elapsed else ""
            bar.update(task, completed=done, total=total, description=f"sensors, {readings:,} readings{rate}")

        yield tell


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds that a back-test took, and those of them in which a core worked for it; the database works beside it."""

    elapsed_s: float
    core_s: float


def report(found: Comparison, spent: Spent, console: Console) -> None:
    """Print what the proposal would change."""
    per_core = f"{found.readings / spent.core_s:,.0f}" if spent.core_s else "0"
    console.print(f"{found.readings:,} readings replayed in {spent.elapsed_s:.1f} s, {per_core} per second of a core")
    table = Table("", "in force", "proposed")
    for name, pair in _figures(found).items():
        table.add_row(name, *(str(value) for value in pair))
    console.print(table)
    days = Table("day", "grade", "in force", "proposed")
    current, proposed = found.current.per_day, found.proposed.per_day
    for day in sorted({day for day, _ in (*current, *proposed)}):
        for grade in reversed(GRADES):
            pair = current[day, grade.colour], proposed[day, grade.colour]
            if any(pair):
                days.add_row(day.isoformat(), grade.colour, *map(str, pair))
    console.print(days)
    for title, episodes in (("added", found.added), ("dropped", found.dropped)):
        _list(console, title, [(episode, grade_of(episode.severity).colour) for episode in episodes])
    _list(console, "regraded", [(new, _move(old, new)) for old, new in found.regraded])


def _figures(found: Comparison) -> dict[str, tuple[Any, Any]]:
    sides = (found.current, found.proposed)

    def pair(of: Any) -> tuple[Any, Any]:
        return of(sides[0]), of(sides[1])

    return {
        "hazards": pair(lambda side: len(side.episodes)),
        "open, hours": pair(lambda side: round(side.open_for / timedelta(hours=1), 1)),
        "flapping": pair(lambda side: side.flapping),
        "tasks, at most": pair(lambda side: side.tasks),
    }


def _move(old: Episode, new: Episode) -> str:
    return f"{grade_of(old.severity).colour} → {grade_of(new.severity).colour}"


def _list(console: Console, title: str, rows: Sequence[tuple[Episode, str]]) -> None:
    if not rows:
        return
    table = Table("sensor", "hazard", "grade", "raised", "open for", "readings", title=f"{title}: {len(rows)}")
    for episode, grade in rows[:_SHOWN]:
        lasted = str(episode.cleared_at - episode.raised_at).partition(".")[0] if episode.cleared_at else "still open"
        raised = episode.raised_at.isoformat(timespec="seconds")
        table.add_row(episode.sensor, episode.hazard_type, grade, raised, lasted, _link(episode))
    console.print(table)


def _link(episode: Episode) -> str:
    first, last = episode.raised_at - _AROUND, (episode.cleared_at or episode.raised_at) + _AROUND
    span = {"from": first.isoformat(), "to": last.isoformat()}
    return f"/api/v1/sensors/{quote(episode.sensor)}/readings?{urlencode(span)}"


def as_json(found: Comparison) -> dict[str, Any]:
    """The whole comparison."""
    return {
        "readings": found.readings,
        "figures": {name: list(pair) for name, pair in _figures(found).items()},
        "per_day": {"in_force": _days(found.current), "proposed": _days(found.proposed)},
        "added": [_episode(episode) for episode in found.added],
        "dropped": [_episode(episode) for episode in found.dropped],
        "regraded": [{"in_force": _episode(old), "proposed": _episode(new)} for old, new in found.regraded],
    }


def _days(side: Side) -> dict[str, dict[str, int]]:
    days: dict[str, dict[str, int]] = {}
    for (day, colour), count in sorted(side.per_day.items()):
        days.setdefault(day.isoformat(), {})[colour] = count
    return days


def _episode(episode: Episode) -> dict[str, Any]:
    return {
        "sensor": episode.sensor,
        "hazard_type": episode.hazard_type,
        "grade": grade_of(episode.severity).number,
        "raised_at": episode.raised_at.isoformat(),
        "cleared_at": episode.cleared_at.isoformat() if episode.cleared_at else None,
        "reason": {"zh": episode.reason_zh, "en": episode.reason_en},
        "readings": _link(episode),
    }
