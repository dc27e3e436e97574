"""The rules that apply to a sensor, together: looked up once for all sensors with the same attributes and interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import inf, nextafter
from typing import Any

from alerts.faults import Plausibility, build_plausibility
from alerts.rules import Rule
from alerts.tracks import Track, build_track
from ingest.kinds import KINDS


@dataclass(frozen=True, slots=True)
class Watch:
    """The tracks of sensors of one kind with the same attributes and interval.

    ``bounds`` is (position, low, high) of numbers and ``harmless`` (position, words) of states: a sensor at rest whose
    row lies within them all stays at rest. ``muters[i]`` are the tracks that keep the i-th from being raised.
    ``silence`` and ``fault`` are indices of tracks, -1 without such a rule. A timer that still runs began
    within ``timed`` before the latest row, or with the row before that; those of the whole ``window`` and at least
    ``depth`` rows tell what its values mean; hazards that ended within ``memory`` still matter.
    """

    tracks: tuple[Track, ...]
    bounds: tuple[tuple[int, float, float], ...]
    harmless: tuple[tuple[int, frozenset[str]], ...]
    muters: tuple[tuple[int, ...], ...]
    plausibility: Plausibility
    hold: timedelta
    silence: int = -1
    fault: int = -1
    depth: int = 1
    timed: timedelta = timedelta()
    window: timedelta = timedelta()
    memory: timedelta = timedelta()


def build_watch(
    kind: str, rules: Mapping[str, tuple[int, Rule]], attributes: Mapping[str, Any], interval_s: int | None = None
) -> Watch:
    """The watch of sensors of ``kind`` with these attributes, under ``rules`` (rule_id and rule by hazard type)."""
    about = KINDS[kind]
    built = (build_track(about, name, rule_id, rule, attributes, interval_s) for name, (rule_id, rule) in rules.items())
    found = [track for track in built if track is not None]
    tracks = tuple(sorted(found, key=lambda track: bool(track.rule.muted_by)))  # what mutes at the same time goes first
    names = [track.hazard_type for track in tracks]
    fault = next((index for index, track in enumerate(tracks) if track.rule.fault), -1)
    positions = {name: position + 2 for position, name in enumerate(about.column_names)}
    fault_rule = tracks[fault].rule.fault if fault >= 0 else None
    plausibility = build_plausibility(fault_rule, positions) if fault_rule else Plausibility()
    remembering = plausibility.stuck >= 0 or plausibility.spike >= 0
    hold = max((track.hold for track in tracks), default=timedelta())
    delays = (track.delay for track in tracks if not track.watches_silence)
    timed = max(delays, default=timedelta()) + hold
    window = timed + max((track.lookback for track in tracks), default=timedelta())
    return Watch(
        tracks=tracks,
        bounds=_bounds(tracks, plausibility),
        harmless=_harmless(tracks),
        muters=tuple(tuple(names.index(name) for name in track.rule.muted_by if name in names) for track in tracks),
        plausibility=plausibility,
        hold=hold,
        silence=next((index for index, track in enumerate(tracks) if track.watches_silence), -1),
        fault=fault,
        depth=max((track.depth for track in tracks), default=1) + 2 * remembering,
        timed=timed,
        window=window,
        memory=max((window, *(track.realarm for track in tracks))),
    )


def _bounds(tracks: Sequence[Track], plausibility: Plausibility) -> tuple[tuple[int, float, float], ...]:
    """The open interval of each number within which nothing moves."""
    bounds: dict[int, tuple[float, float]] = {}

    def narrow(position: int, low: float, high: float) -> None:
        known = bounds.get(position, (-inf, inf))
        bounds[position] = (max(low, known[0]), min(high, known[1]))

    for track in tracks:
        if not isinstance(track.calm, frozenset) and track.position >= 0:
            narrow(track.position, *track.calm)
    for position, low, high in plausibility.ranges:
        narrow(position, nextafter(low, -inf), nextafter(high, inf))
    return tuple((position, low, high) for position, (low, high) in bounds.items())


def _harmless(tracks: Sequence[Track]) -> tuple[tuple[int, frozenset[str]], ...]:
    """The words of each state at which nothing moves."""
    words: dict[int, frozenset[str]] = {}
    for track in tracks:
        if isinstance(track.calm, frozenset):
            words[track.position] = words.get(track.position, track.calm) & track.calm
    return tuple(words.items())
