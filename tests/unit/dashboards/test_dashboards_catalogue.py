"""The dashboards as data: kept files are current, ids are unique, what is named exists."""

from pathlib import Path
from typing import Any

import pytest

from dashboards.catalogue import CONSOLE, GENERATED, all_dashboards, as_text, write_dashboards
from dashboards.errors import DashboardError
from dashboards.text import fill
from ingest.kinds import KINDS

DASHBOARDS = all_dashboards(CONSOLE)


def texts_of(node: Any) -> set[str]:
    """Every string below ``node``."""
    if isinstance(node, dict):
        return {text for value in node.values() for text in texts_of(value)}
    if isinstance(node, list):
        return {text for value in node for text in texts_of(value)}
    return {node} if isinstance(node, str) else set()


def test_the_kept_files_are_what_the_code_makes() -> None:
    kept = {str(path.relative_to(GENERATED)): path.read_text(encoding="utf-8") for path in GENERATED.rglob("*.json")}
    made = {path: as_text(body) for path, body in DASHBOARDS.items()}
    assert kept == made, "run: lifeline dashboards build dashboards/generated"


def test_every_kind_has_a_dashboard_in_both_languages() -> None:
    for kind in KINDS:
        assert {f"zh/{kind}.json", f"en/{kind}.json"} <= DASHBOARDS.keys()


def test_ids_are_unique_and_short_enough_for_grafana() -> None:
    uids = [body["uid"] for body in DASHBOARDS.values()]
    assert len(set(uids)) == len(uids)
    assert max(map(len, uids)) <= 40


@pytest.mark.parametrize("path", DASHBOARDS)
def test_links_between_dashboards_lead_to_dashboards(path: str) -> None:
    uids = {body["uid"] for body in DASHBOARDS.values()}
    links = {text for text in texts_of(DASHBOARDS[path]) if text.startswith("/d/")}
    assert {link.removeprefix("/d/").partition("?")[0] for link in links} <= uids
    assert f"{CONSOLE}/console" in texts_of(DASHBOARDS[path])


@pytest.mark.parametrize("path", DASHBOARDS)
def test_panels_lie_side_by_side_without_overlap(path: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARDS[path]["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + right, place["y"] + down) for right in range(place["w"]) for down in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_both_languages_differ_in_words_only() -> None:
    for path, body in DASHBOARDS.items():
        if path.startswith("zh/"):
            other = DASHBOARDS[path.replace("zh/", "en/")]
            shape = [
                (panel["type"], panel["gridPos"], [t["rawSql"] for t in panel["targets"]]) for panel in body["panels"]
            ]
            assert shape == [
                (panel["type"], panel["gridPos"], [t["rawSql"] for t in panel["targets"]]) for panel in other["panels"]
            ]
            assert body["title"] != other["title"]


def test_writing_again_changes_nothing_and_removes_what_is_no_dashboard_any_more(tmp_path: Path) -> None:
    assert len(write_dashboards(tmp_path, CONSOLE)) == len(DASHBOARDS)
    assert write_dashboards(tmp_path, CONSOLE) == []
    stale = tmp_path / "zh" / "gone.json"
    stale.write_text("{}")
    assert write_dashboards(tmp_path, CONSOLE) == [stale]
    assert not stale.exists()


def test_the_console_address_reaches_every_dashboard() -> None:
    for body in all_dashboards("https://duty.example").values():
        assert "https://duty.example/console" in texts_of(body)


def test_a_blank_is_filled_and_a_variable_is_left() -> None:
    assert fill("reading_{kind}_${kind:raw} ${kind}", kind="gas") == "reading_gas_${kind:raw} ${kind}"
    with pytest.raises(DashboardError, match="no blank"):
        fill("${kind}", kind="gas")
