"""What a drill's plans called for in squads and materials, held against what there was."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from lifeline.rehearsal.record import Case, Part, Stock


class Squads(msgspec.Struct, frozen=True):
    """One part of the plans for a hazard type, over all cases: squads called for, ordered, on scene, and done."""

    hazard_type: str
    zh: str
    en: str
    skill: str
    called: int
    ordered: int
    came: int
    done: int


class Material(msgspec.Struct, frozen=True):
    """A material: the most that open cases called for at once, when that was in drill seconds, and what was free."""

    item: str
    zh: str
    en: str
    unit: str
    called: int
    at_s: float
    free: int
    hazard_types: tuple[str, ...]

    @property
    def short(self) -> int:
        """How much was missing then."""
        return max(0, self.called - self.free)


def squads_of(parts: Sequence[Part]) -> list[Squads]:
    """Parts of the same plan and title together, in the order in which they first come."""
    groups: dict[tuple[str, tuple[str, str], str], list[Part]] = {}
    for part in parts:
        groups.setdefault((part.hazard_type, part.title, part.skill), []).append(part)
    return [
        Squads(
            hazard_type,
            *title,
            skill,
            called=len(own),
            ordered=sum(part.ordered for part in own),
            came=sum(part.came for part in own),
            done=sum(part.done for part in own),
        )
        for (hazard_type, title, skill), own in groups.items()
    ]


def materials_of(cases: Sequence[Case], stocks: Sequence[Stock]) -> list[Material]:
    """Every material that was called for; a case holds what its plan names from its opening to its closure.

    A drill reserves nothing, so that the stores stay free for what is real: this is what they would have had to give.
    """
    known = {stock.item: stock for stock in stocks}
    items = sorted({item for case in cases for item in case.materials})
    return [_material(item, known.get(item), [case for case in cases if item in case.materials]) for item in items]


def _material(item: str, stock: Stock | None, cases: Sequence[Case]) -> Material:
    moves: Counter[float] = Counter()
    for case in cases:
        moves[case.steps_s["opened"]] += case.materials[item]
        if "closed" in case.steps_s:
            moves[case.steps_s["closed"]] -= case.materials[item]
    called = most = 0
    most_at_s = 0.0
    for at_s in sorted(moves):
        called += moves[at_s]
        if called > most:
            most, most_at_s = called, at_s
    name = stock.name if stock is not None else (item, item)
    return Material(
        item,
        *name,
        stock.unit if stock is not None else "",
        called=most,
        at_s=most_at_s,
        free=stock.free if stock is not None else 0,
        hazard_types=tuple(sorted({case.hazard_type for case in cases})),
    )
