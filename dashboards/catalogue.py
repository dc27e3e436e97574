"""All dashboards in both languages, as the JSON that Grafana takes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from alerts.rulefile import default_rules
from dashboards.board import Place
from dashboards.county import county_board
from dashboards.dispatch import dispatch_board
from dashboards.drills import drills_board
from dashboards.hub import hub_board
from dashboards.incidents import incidents_board
from dashboards.kind import kind_board
from dashboards.sensor import sensor_board
from dashboards.words import LANGUAGES
from ingest.kinds import KINDS

GENERATED = Path(__file__).parent / "generated"
_COLUMNS = 24
CONSOLE = "http://127.0.0.1:8000"


def _boards(place: Place) -> Iterator[tuple[str, dashboard.Dashboard]]:
    yield "county", county_board(place)
    for rules in default_rules():
        yield rules.kind, kind_board(place, KINDS[rules.kind], rules)
    yield "incidents", incidents_board(place)
    yield "dispatch", dispatch_board(place)
    yield "drills", drills_board(place)
    yield "hub", hub_board(place)
    yield "sensor", sensor_board(place)


def all_dashboards(console: str) -> dict[str, dict[str, Any]]:
    """Every dashboard by its path below a folder: ``zh/county.json``; ``console`` is the address they link to."""
    return {
        f"{language}/{name}.json": _laid_out(_pruned(json.loads(json.dumps(board.build(), cls=JSONEncoder))))
        for language in LANGUAGES
        for name, board in _boards(Place(language, console))
    }


def _pruned(body: dict[str, Any]) -> dict[str, Any]:
    """Without the defaults that the SDK writes and Grafana's own types no longer know."""
    for variable in body["templating"]["list"]:
        for name in ("auto", "auto_count", "auto_min"):
            variable.pop(name, None)
    for panel in body["panels"]:
        panel.get("options", {}).pop("footer", None)
    return body


def _laid_out(body: dict[str, Any]) -> dict[str, Any]:
    """The panels in rows of 24 columns, in reading order; the SDK lets a wide panel run over the edge."""
    across = down = tallest = 0
    for panel in body["panels"]:
        place = panel["gridPos"]
        if across + place["w"] > _COLUMNS:
            across, down, tallest = 0, down + tallest, 0
        place["x"], place["y"] = across, down
        across, tallest = across + place["w"], max(tallest, place["h"])
    return body


def as_text(body: dict[str, Any]) -> str:
    """The JSON as it is kept: the same for the same dashboard."""
    return json.dumps(body, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def write_dashboards(folder: Path, console: str) -> list[Path]:
    """Write all of them below ``folder`` and remove what is no longer one; the paths that changed."""
    wanted = {folder / path: as_text(body) for path, body in all_dashboards(console).items()}
    changed = []
    for path, text in wanted.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    for path in [path for language in LANGUAGES for path in (folder / language).glob("*.json")]:
        if path not in wanted:
            path.unlink()
            changed.append(path)
    return changed
