"""One sensor under the rules that apply to it: its state, folded over readings and the clock, without any I/O.

Whatever the rules, most readings of most sensors change nothing: a row within the watch's bounds leaves a sensor at
rest as it is, and costs a few comparisons. It is the same with hazards that go on: bounds of their own say between
which limits the values lie, and a row within them only moves the time on; the standings are told when somebody looks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from alerts.assessment import (
    around,
    carry_on,
    goes_on,
    next_silence,
    next_step,
    quiet,
    rests,
    step,
    take_sign,
    take_value,
)
from alerts.standing import REST, Change, Standing, Step
from alerts.tracks import Track
from alerts.watch import Steady, Watch
from ingest.payload import Row

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Found(NamedTuple):
    """A change at a sensor: the track that it is of, and whether the grade is latched from then on."""

    track: Track
    change: Change
    latched: bool


@dataclass(slots=True)
class SensorState:
    """What is remembered of one sensor.

    ``anchor`` is the first row with the value that a stuck sensor repeats, ``before`` the one before a jump.
    ``pending`` is when something is due next should no reading come, ``due`` when the clock means to look.
    ``steady`` are the bounds within which, up to ``steady_until``, rows leave the standings as they are; None when that
    is not known. ``behind``: rows went by like that, and the standings don't say so yet.
    """

    watch: Watch
    last: datetime = NEVER
    previous: Row | None = None
    anchor: Row | None = None
    before: Row | None = None
    pending: datetime | None = None
    due: datetime | None = field(default=None, compare=False)
    steady: Steady | None = field(default=None, compare=False)
    steady_until: datetime = field(default=NEVER, compare=False)
    behind: bool = field(default=False, compare=False)
    _standings: list[Standing] | None = None

    @property
    def standings(self) -> list[Standing] | None:
        """What is remembered of each track, None while every one rests."""
        if self.behind and self._standings is not None and self.steady is not None and self.previous is not None:
            for index in self.steady.tracks:
                value = self.previous[self.watch.tracks[index].position]
                self._standings[index] = self._standings[index]._replace(value=value, judged_at=self.last)
            self.behind = False
        return self._standings

    @standings.setter
    def standings(self, standings: list[Standing] | None) -> None:
        self._standings = standings

    def stays(self, row: Row) -> bool:
        """Take a row in if it leaves all as it is, at rest or not; False when ``take`` must look at it."""
        watch, steady = self.watch, None
        bounds, harmless = watch.bounds, watch.harmless
        if self._standings is not None:
            steady = self.steady
            if steady is None or not self._speaks_for(steady, row):
                return False
            bounds, harmless = steady.bounds, steady.harmless
        for position, low, high in bounds:
            value = row[position]
            if value is not None and not low < value < high:
                return False
        for position, words in harmless:
            value = row[position]
            if value is not None and value not in words:
                return False
        if self.before is not None or self._is_odd(row):
            return False
        if steady is not None:
            if steady.rising and not self._carry_on(steady, row):
                return False
            self.behind = True
        self.previous = row
        self.last = row[1]
        return True

    def _is_odd(self, row: Row) -> bool:
        """Whether the row may be a sign of a fault."""
        plausibility, previous = self.watch.plausibility, self.previous
        if plausibility.spike >= 0 and previous is not None and plausibility.jumps(previous, row):
            return True
        return plausibility.stuck >= 0 and self._repeats(row)

    def _speaks_for(self, steady: Steady, row: Row) -> bool:
        """Whether a row comes in time and has a sound value for each hazard that goes on."""
        if row[1] >= self.steady_until or row[1] - self.last > self.watch.hold:
            return False
        for position in steady.needed:
            if row[position] is None:
                return False
        return not (steady.doubtful and any(self.watch.tracks[index].is_void(row) for index in steady.doubtful))

    def _carry_on(self, steady: Steady, row: Row) -> bool:
        """Note what a rise is looked for in; False, and nothing is changed, when a value has risen too fast."""
        tracks, standings = self.watch.tracks, self._standings or []
        carried = []
        for index in steady.rising:
            standing = carry_on(tracks[index], standings[index], row)
            if standing is None:
                return False
            carried.append(standing)
        for index, standing in zip(steady.rising, carried, strict=True):
            standings[index] = standing
        return True

    def take(self, row: Row) -> list[Found]:
        """Fold one row in: first what was due before it, then its values, then what follows at once."""
        found = self.advance(row[1]) if self.pending is not None and self.pending <= row[1] else []
        if self._fold(row) and self._standings is not None:
            found += self.advance(row[1])
        return found

    def sample(self, row: Row) -> None:
        """Fold the values of a row in without drawing conclusions. A rebuilt state begins with this."""
        if not self.stays(row):
            self._fold(row)

    def _fold(self, row: Row) -> bool:
        """False when nothing can follow: a hazard whose grade is what the value says takes most rows like that."""
        watch, time = self.watch, row[1]
        standings = self.standings or [REST] * len(watch.tracks)
        implausible = watch.plausibility.implausible(row)
        sign = self._sign(row, implausible)
        trusted = sign is None and (watch.fault < 0 or standings[watch.fault].severity == 0)
        moved = self._standings is None
        for index, track in enumerate(watch.tracks):
            standing = standings[index]
            if track.position < 0:
                if standing is not REST or (sign is not None and index == watch.fault):
                    standings[index] = take_sign(track, standing, time, sign if index == watch.fault else None)
                    moved = True
                continue
            value = row[track.position]
            if value is None or track.is_void(row):
                moved = moved or standing is not REST
                continue
            if track.position in implausible:
                standings[index] = standing._replace(falling_since=None) if standing is not REST else REST
                moved = True
            elif standing is not REST or not quiet(track, value):
                taken = take_value(track, self._seeded(track, standing), time, value, trusted=trusted)
                standings[index] = taken
                moved = moved or not goes_on(track, standing, taken)
        self.last = time
        self.previous = row
        if moved:
            self.steady = None
            self._settle(standings)
        else:
            self._note_steady(standings)
        return moved

    def advance(self, now: datetime, *, heard_from: datetime | None = None) -> list[Found]:
        """Do what is due up to ``now``, in the order of the times at which it was due.

        Silence is judged when ``heard_from`` is given: since when readings would have been heard.
        """
        standings = self.standings or [REST] * len(self.watch.tracks)
        found = []
        while True:
            due, index = self._next(standings, heard_from)
            if due is None or due.at > now:
                break
            track = self.watch.tracks[index]
            before = standings[index]
            standings[index], change = step(track, before, due)
            if index == self.watch.fault:
                self._trust(standings, before.severity, due)
            found.append(Found(track, change, standings[index].latched))
            self.steady = None
        self.pending = due.at if due is not None else None
        self._settle(standings)
        return found

    def amend(self, index: int, standing: Standing) -> None:
        """Put another standing in place, because of what neither readings nor the clock told."""
        assert self._standings is not None
        assert not self.behind
        self._standings[index] = standing
        self.steady = None

    def next_due(self) -> datetime | None:
        """When the clock should look again if no reading comes before."""
        due, _ = self._next(self.standings or [REST] * len(self.watch.tracks), NEVER)
        self.pending = due.at if due is not None else None
        return self.pending

    def _next(self, standings: Sequence[Standing], heard_from: datetime | None) -> tuple[Step | None, int]:
        found: Step | None = None
        at = -1
        for index, standing in enumerate(standings):
            if standing is REST and index != self.watch.silence:
                continue
            due = self._next_of(index, standing, standings, heard_from)
            if due is not None and (found is None or due.at < found.at):
                found, at = due, index
        return found, at

    def _next_of(
        self, index: int, standing: Standing, standings: Sequence[Standing], heard_from: datetime | None
    ) -> Step | None:
        track = self.watch.tracks[index]
        if index == self.watch.silence:
            due = next_step(track, standing) if standing.severity else None
            if due is not None or heard_from is None or self.last is NEVER:
                return due
            silent = next_silence(track, standing, self.last)
            return silent._replace(at=max(silent.at, heard_from)) if silent else None
        muters = self.watch.muters[index]
        if not muters:
            return next_step(track, standing)
        muted = max(standings[muter].severity for muter in muters)
        times = [time for muter in muters if (time := standings[muter].graded_at) is not None]
        return next_step(track, standing, muted=muted, unmuted_at=max(times, default=None))

    def _trust(self, standings: list[Standing], before: int, due: Step) -> None:
        """A sensor that turns out faulty lowers nothing; once it is sound again, the off-delays begin anew."""
        falling_since = None if due.severity else due.at
        for index, standing in enumerate(standings):
            if self.watch.tracks[index].position >= 0 and standing.severity > standing.held:
                standings[index] = standing._replace(falling_since=falling_since)

    def _seeded(self, track: Track, standing: Standing) -> Standing:
        """The standing with the latest quiet value, when a rise is looked for and nothing else is known."""
        previous = self.previous
        if track.rule.rise is None or standing.samples or previous is None or previous[track.position] is None:
            return standing
        return standing._replace(samples=((previous[1], previous[track.position]),))

    def _sign(self, row: Row, implausible: frozenset[int]) -> str | None:
        """What the row says of a fault, and the memory for what the next one may say."""
        plausibility, previous, before = self.watch.plausibility, self.previous, self.before
        self.before = None
        sign = None
        if plausibility.spike >= 0 and previous is not None:
            if before is not None and plausibility.is_spike(before, previous, row):
                sign = "spike"
            elif plausibility.jumps(previous, row):
                self.before = previous
        if plausibility.stuck >= 0 and self._repeats(row):
            sign = "stuck"
        return "implausible" if implausible else sign

    def _repeats(self, row: Row) -> bool:
        """Whether the quantity has been stuck for too long with this row."""
        plausibility, anchor = self.watch.plausibility, self.anchor
        value = row[plausibility.stuck]
        if value is None:
            return False
        if anchor is None or value != anchor[plausibility.stuck] or row[1] - self.last > self.watch.hold:
            self.anchor = row
            return False
        return plausibility.is_stuck(anchor, row)

    def _note_steady(self, standings: Sequence[Standing]) -> None:
        """Note what leaves standings that all go on, or rest, as they are."""
        going = [(track, standing) for track, standing in zip(self.watch.tracks, standings, strict=True)]
        self.steady = self.watch.steady(
            tuple(None if standing is REST else around(track, standing) for track, standing in going)
        )
        self.steady_until = min(track.same_until(self.last) for track, standing in going if standing is not REST)

    def _settle(self, standings: list[Standing]) -> None:
        restless = False
        for index, standing in enumerate(standings):
            if standing is REST:
                continue
            if rests(self.watch.tracks[index], standing):
                standings[index] = REST
            else:
                restless = True
        self.standings = standings if restless else None


def restless(states: Mapping[int, SensorState], rows: Iterable[Row]) -> list[Row]:
    """Take in what leaves its sensor as it is, and return the rest, with what comes after it of the same sensor."""
    rest: list[Row] = []
    moving: set[int] = set()
    for row in rows:
        state = states[row[0]]
        if row[0] in moving or row[1] <= state.last or not state.stays(row):
            moving.add(row[0])
            rest.append(row)
    return rest
