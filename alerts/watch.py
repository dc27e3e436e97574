"""The rules that apply to a sensor, together: looked up once for all sensors with the same attributes and interval."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf, nextafter
from typing import Any, NamedTuple

from alerts.faults import Plausibility, build_plausibility
from alerts.rules import Rule, VoidNear
from alerts.tracks import Calm, Track, build_track
from ingest.kinds import KINDS

Bounds = tuple[tuple[int, float, float], ...]
"""Position, low and high: open intervals of numbers."""
Harmless = tuple[tuple[int, frozenset[str]], ...]
"""Position and words of states."""


class Steady(NamedTuple):
    """What leaves hazards as they are: a row within these bounds.

    ``tracks`` are the indices of those not at rest, ``needed`` the positions of their values; of these ``doubtful`` are
    those that a row may say are void, ``rising`` those in which a rise is looked for.
    """

    bounds: Bounds
    harmless: Harmless
    tracks: tuple[int, ...]
    needed: tuple[int, ...]
    doubtful: tuple[int, ...]
    rising: tuple[int, ...]


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
    bounds: Bounds
    harmless: Harmless
    muters: tuple[tuple[int, ...], ...]
    plausibility: Plausibility
    hold: timedelta
    silence: int = -1
    fault: int = -1
    depth: int = 1
    timed: timedelta = timedelta()
    window: timedelta = timedelta()
    memory: timedelta = timedelta()
    conditional: tuple[tuple[VoidNear, Track], ...] = ()  # tracks whose values others around may make worthless
    _steady: dict[tuple[Calm | None, ...], Steady] = field(default_factory=dict, repr=False, compare=False)

    def steady(self, calms: tuple[Calm | None, ...]) -> Steady:
        """What leaves a sensor as it is whose i-th track stays within ``calms[i]``, None for one at rest.

        Made once for all sensors whose values lie between the same limits.
        """
        if calms not in self._steady:
            pairs = [(track.position, calm or track.calm) for track, calm in zip(self.tracks, calms, strict=True)]
            active = tuple(index for index, calm in enumerate(calms) if calm is not None)
            self._steady[calms] = Steady(
                bounds=_bounds(pairs, self.plausibility),
                harmless=_harmless(pairs),
                tracks=active,
                needed=tuple({self.tracks[index].position for index in active}),
                doubtful=tuple(index for index in active if self.tracks[index].void),
                rising=tuple(index for index in active if self.tracks[index].rule.rise is not None),
            )
        return self._steady[calms]


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
    at_rest = [(track.position, track.calm) for track in tracks]
    return Watch(
        tracks=tracks,
        bounds=_bounds(at_rest, plausibility),
        harmless=_harmless(at_rest),
        muters=tuple(tuple(names.index(name) for name in track.rule.muted_by if name in names) for track in tracks),
        plausibility=plausibility,
        hold=hold,
        silence=next((index for index, track in enumerate(tracks) if track.watches_silence), -1),
        fault=fault,
        depth=max((track.depth for track in tracks), default=1) + 2 * remembering,
        timed=timed,
        window=window,
        memory=max((window, *(track.realarm for track in tracks))),
        conditional=tuple((near, track) for track in tracks if (near := track.rule.void_near) is not None),
    )


def _bounds(calms: Iterable[tuple[int, Calm]], plausibility: Plausibility) -> Bounds:
    """The open interval of each number within which nothing moves."""
    bounds: dict[int, tuple[float, float]] = {}

    def narrow(position: int, low: float, high: float) -> None:
        known = bounds.get(position, (-inf, inf))
        bounds[position] = (max(low, known[0]), min(high, known[1]))

    for position, calm in calms:
        if not isinstance(calm, frozenset) and position >= 0:
            narrow(position, *calm)
    for position, low, high in plausibility.ranges:
        narrow(position, nextafter(low, -inf), nextafter(high, inf))
    return tuple((position, low, high) for position, (low, high) in bounds.items())


def _harmless(calms: Iterable[tuple[int, Calm]]) -> Harmless:
    """The words of each state at which nothing moves."""
    words: dict[int, frozenset[str]] = {}
    for position, calm in calms:
        if isinstance(calm, frozenset):
            words[position] = words.get(position, calm) & calm
    return tuple(words.items())
