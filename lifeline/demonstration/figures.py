"""The demonstration's figures, as JSON gives them."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import msgspec

from simulators.judgement import Outcome, Report


class Delays(msgspec.Struct, frozen=True):
    """Milliseconds from the publish of the reading that opens an incident to its first order at the squad's client.

    Wall time: from just before the reading that makes a hazard yellow or worse is handed to the MQTT client, to the
    order in the hands of the squad's. So everything between is in it: both ways through the broker, the commit, the
    choice of a squad, the outbox; also the wait for a squad when none is free. Percentiles by nearest rank, so of a
    few orders p99 is the slowest; None when nothing was ordered.
    """

    p50: float | None
    p99: float | None


class Figures(msgspec.Struct, frozen=True):
    """Counts since the demonstration began.

    ``readings_published`` are the broker's acknowledgements, ``readings_stored`` rows in the database;
    ``orders_delivered`` are orders at their squads' clients, a repeated one counted once.
    """

    readings_published: int
    readings_stored: int
    quarantined: int
    hazards_raised: int
    orders_delivered: int
    tasks_closed: int
    detect_ms: Delays


def delays_of(milliseconds: Sequence[float]) -> Delays:
    """Percentiles of the delays given."""
    return Delays(nearest_rank(milliseconds, 0.50), nearest_rank(milliseconds, 0.99))


def nearest_rank(values: Sequence[float], share: float) -> float | None:
    """The smallest of ``values`` that at least ``share`` of them do not exceed, rounded to a tenth."""
    if not values:
        return None
    return round(sorted(values)[max(0, ceil(share * len(values)) - 1)], 1)


def as_json(figures: Figures, report: Report) -> bytes:
    """The figures and what became of each wanted outcome."""
    whole: dict[str, Any] = msgspec.to_builtins(figures)
    whole["drill"] = {
        "name": report.drill,
        "passed": report.passed,
        "outcomes": [_outcome(outcome) for outcome in report.outcomes],
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def _outcome(outcome: Outcome) -> dict[str, Any]:
    seen = outcome.observation
    return {
        **{name: value for name, value in msgspec.to_builtins(outcome.wanted).items() if value is not None},
        "happened": outcome.met,
        "at_s": round(seen.at_s, 1) if seen else None,
        "reason": msgspec.to_builtins(outcome.reason),
    }
