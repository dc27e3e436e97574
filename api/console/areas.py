"""Where a warning holds: a town, a grid cell or a circle, as an officer chooses it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from api.console.asking import Question
from api.console.frame import Here

Corner = tuple[float, float]
_MOST_CORNERS = 100
_CELL, _TOWN, _CIRCLE = "cell ", "town ", "circle"


@dataclass(frozen=True, slots=True)
class Places:
    """Where there are outlines to choose from: names in both languages and corners, by the choice's key."""

    here: Here
    names: Mapping[str, Mapping[str, str]]
    corners: Mapping[str, tuple[Corner, ...]]

    def questions(self) -> list[Question]:
        """What to ask; the answers go into ``area``."""
        _ = self.here.gettext
        choices = {key: self.here.texts.say(name) for key, name in self.names.items()}
        choices[_CIRCLE] = _("A circle around a point")
        return [
            Question("where", _("For which area"), "choice", choices=choices),
            Question("longitude", _("Longitude of the circle's centre"), "number", optional=True),
            Question("latitude", _("Latitude of the circle's centre"), "number", optional=True),
            Question("radius_km", _("Radius of the circle in km"), "number", 0.5, optional=True),
        ]

    def area(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The area that was chosen, as the API takes it; what is missing of a circle, the API says."""
        where = given["where"]
        if where == _CIRCLE:
            place = {name: given.get(name) for name in ("longitude", "latitude")}
            said = ", ".join(str(each) for each in place.values())
            return {"zh": f"{said} 周边", "en": f"around {said}"} | {
                "circle": {"center": place, "radius_km": given.get("radius_km")}
            }
        hull = hull_of(self.corners[where])
        return {**self.names[where], "polygon": [{"longitude": east, "latitude": north} for east, north in hull]}


async def places(here: Here) -> Places:
    """Every town, then every cell."""
    grids = (await here.person.get("/grids", limit=500))["items"]
    names: dict[str, Mapping[str, str]] = {}
    corners: dict[str, tuple[Corner, ...]] = {}
    for key, name in ((_TOWN, "town"), (_CELL, "name")):
        for grid in grids:
            at = f"{key}{grid['town']['zh'] if name == 'town' else grid['grid_id']}"
            names[at] = grid[name]
            corners[at] = corners.get(at, ()) + tuple(
                (east, north) for east, north in grid["outline"]["coordinates"][0]
            )
    return Places(here, names, corners)


def hull_of(corners: Iterable[Corner]) -> list[Corner]:
    """The convex outline around all ``corners`` (Andrew's monotone chain), the rectangle where that has over 100."""
    ordered = sorted(set(corners))
    chains: list[list[Corner]] = []
    for way in (ordered, ordered[::-1]):
        chain: list[Corner] = []
        for corner in way:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], corner) <= 0:
                chain.pop()
            chain.append(corner)
        chains.append(chain[:-1])
    hull = chains[0] + chains[1]
    if len(hull) <= _MOST_CORNERS:
        return hull
    (west, east), (south, north) = ((min(along), max(along)) for along in zip(*hull, strict=True))
    return [(west, south), (east, south), (east, north), (west, north)]


def _turn(one: Corner, two: Corner, three: Corner) -> float:
    return (two[0] - one[0]) * (three[1] - one[1]) - (two[1] - one[1]) * (three[0] - one[0])
