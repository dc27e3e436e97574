"""After action: what happened around an incident, when, why and what the sensors said, as data and as a page."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from alerts.cases import unknown
from database.pool import Connection
from database.queries import load_queries
from dispatch.drawing import svg_of
from dispatch.squads import LOCAL
from dispatch.words import STATUS_ZH, Words, halves
from ingest.kinds import KINDS

_SQL = load_queries(Path(__file__).with_suffix(".sql"))
_BEFORE = timedelta(minutes=30)
_MOST_READINGS = 5000
_QUANTITIES = {quantity.name: quantity for kind in KINDS.values() for quantity in kind.quantities}

KEY_TIMES: Mapping[str, Words] = {
    "detected": Words("发现", "detected"),
    "filed": Words("立案", "filed"),
    "dispatched": Words("派遣", "dispatched"),
    "confirmed": Words("确认", "confirmed"),
    "arrived": Words("到场", "arrived"),
    "finished": Words("完成", "finished"),
    "verified": Words("核查", "verified"),
    "closed": Words("结案", "closed"),
}


class Entry(msgspec.Struct, frozen=True):
    """A line of the timeline: what happened, by whom.

    ``of`` is incident, hazard, task, message, permit, site (notes and photos), report or material.
    """

    at: datetime
    of: str
    event: str
    actor: str
    text: Words


class Trace(msgspec.Struct, frozen=True):
    """The readings of one quantity of a sensor around the incident."""

    sensor: str
    quantity: str
    unit: str
    times: tuple[datetime, ...]
    values: tuple[float, ...]


class Review(msgspec.Struct, frozen=True):
    """An incident looked back on; a key time is None where it hasn't come."""

    incident_id: int
    title: Words
    grade: int
    exercise_id: int
    key_times: dict[str, datetime | None]
    timeline: tuple[Entry, ...]
    decisions: tuple[dict[str, Any], ...]
    traces: tuple[Trace, ...]


async def review(connection: Connection, incident_id: int, now: datetime) -> Review:
    """Look back on an incident; UnknownIncidentError when there is none of this number."""
    incident = await connection.fetchrow(_SQL.incident, incident_id)
    if incident is None:
        raise unknown([incident_id])
    timeline = tuple(_entry(row) for row in await connection.fetch(_SQL.timeline, incident_id))
    decisions = tuple(dict(row) for row in await connection.fetch(_SQL.decisions, incident_id))
    key_times = dict(await connection.fetchrow(_SQL.key_times, incident_id) or {})
    until = (incident["closed_at"] or now) + _BEFORE
    return Review(
        incident_id,
        Words(incident["title_zh"], incident["title_en"]),
        incident["grade"],
        incident["exercise_id"],
        key_times,
        timeline,
        decisions,
        await _traces(connection, incident_id, incident["opened_at"] - _BEFORE, until),
    )


def _entry(row: asyncpg.Record) -> Entry:
    note = halves(row["note"] or "", row["actor"])
    text = Words(f"{row['zh'] or ''} {note.zh}".strip(), f"{row['en'] or ''} {note.en}".strip())
    return Entry(row["at"], row["of"], row["event"], row["actor"], text)


async def _traces(connection: Connection, incident_id: int, start: datetime, end: datetime) -> tuple[Trace, ...]:
    traces = []
    for sensor in await connection.fetch(_SQL.watched, incident_id):
        kind = KINDS[sensor["kind"]]
        column = {column.name: column for column in kind.columns}.get(sensor["quantity"])
        if column is None or not hasattr(column, "unit"):
            continue
        query = _SQL.readings.replace("reading_table", kind.table).replace("quantity", column.name)
        rows = await connection.fetch(query, sensor["sensor_id"], start, end, _MOST_READINGS)
        times, values = tuple(row["time"] for row in rows), tuple(round(row["value"], 4) for row in rows)
        traces.append(Trace(sensor["code"], column.name, column.unit, times, values))
    return tuple(traces)


def write_json(found: Review) -> bytes:
    """The review as JSON."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2)


def write_page(found: Review, words: Callable[[str, str], tuple[Words, Words]]) -> str:
    """The review as one HTML page with its plot inside, in both languages, times in Asia/Shanghai.

    ``words`` says what the codes ``of`` and ``event`` of a line of the timeline mean.
    """
    heading = f"{found.incident_id} {found.title.zh} {found.title.en}"
    times = "".join(
        f"<tr><th>{KEY_TIMES[name].zh} {KEY_TIMES[name].en}<td>{_when(at)}" for name, at in found.key_times.items()
    )
    lines = "".join(_line(entry, *words(entry.of, entry.event)) for entry in found.timeline)
    reasons = "".join(_reason(decision) for decision in found.decisions)
    return (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{escape(heading)}</title>'
        "<style>body{font:14px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em}"
        "table{border-collapse:collapse}td,th{border:1px solid #999;padding:.2em .6em;text-align:left}"
        "svg{max-width:100%;height:auto}</style>"
        f"<h1>{escape(heading)}</h1><h2>关键时间 Key times</h2><table>{times}</table>"
        f"<h2>读数 Readings</h2>{plot(found)}<h2>决定 Decisions</h2>{reasons}"
        f"<h2>经过 Timeline</h2><table>{lines}</table></html>\n"
    )


def _line(entry: Entry, of: Words, event: Words) -> str:
    text = entry.text.zh if entry.text.zh == entry.text.en else f"{entry.text.zh} {entry.text.en}"
    cells = (_when(entry.at), f"{of.zh} {of.en}", f"{event.zh} {event.en}", entry.actor, text)
    return "<tr>" + "".join(f"<td>{escape(cell)}" for cell in cells)


def _reason(decision: Mapping[str, Any]) -> str:
    body = decision["decision"]
    reason = body.get("reason") or {}
    passed = "".join(
        f"<li>{escape(squad['squad_id'])}：{escape(squad['zh'])} {escape(squad['en'])}"
        for squad in body.get("passed_over", ())
    )
    role, squad = (
        f"{decision[f'{what}_zh'] or '–'} {decision[f'{what}_en'] or ''}".strip() for what in ("role", "squad")
    )
    status = f"{STATUS_ZH[decision['status']]} {decision['status'].replace('_', ' ')}"
    heading = f"{decision['task_id']} {role}: {squad} ({status})"
    sentence = f"{reason.get('zh', '')} {reason.get('en', '')}"
    return f"<h3>{escape(heading)}</h3><p>{escape(sentence)}</p><ul>{passed}</ul>"


def plot(found: Review) -> str:
    """The readings with the key times, as an SVG element, in both languages, times in Asia/Shanghai."""
    drawn: Sequence[Trace] = [trace for trace in found.traces if trace.times]
    if not drawn:
        return "<p>无读数 no readings</p>"
    from matplotlib.figure import Figure  # half a second to read: not while the hub starts

    figure = Figure(figsize=(10, 2.5 * len(drawn)), layout="constrained")
    for place, trace in enumerate(drawn, 1):
        axes = figure.add_subplot(len(drawn), 1, place)
        axes.plot([time.astimezone(LOCAL) for time in trace.times], list(trace.values), marker=".", linewidth=1)  # type: ignore[arg-type]
        quantity = _QUANTITIES[trace.quantity]
        axes.set_ylabel(f"{quantity.zh}\n{quantity.en} [{trace.unit}]", linespacing=1.4)
        axes.set_title(trace.sensor, loc="left", fontsize=9)
        for name, at in found.key_times.items():
            if at is not None:
                word = f"{KEY_TIMES[name].zh} {KEY_TIMES[name].en}"
                axes.axvline(at.astimezone(LOCAL), color="0.6", linewidth=0.8)  # type: ignore[arg-type]
                axes.annotate(word, (at.astimezone(LOCAL), axes.get_ylim()[1]), fontsize=7, rotation=90, va="top")
    axes.set_xlabel("时间 time (Asia/Shanghai)")
    return svg_of(figure)


def _when(at: datetime | None) -> str:
    return f"{at.astimezone(LOCAL):%Y-%m-%d %H:%M:%S}" if at is not None else "–"
