"""Rules as data: the ones that ship, and what is said of bad ones."""

import pytest

from alerts.assessment import measure, quiet
from alerts.rulefile import RULES, read_rules
from alerts.rules import RuleError
from alerts.tracks import build_track
from ingest.kinds import KINDS, State

GOOD = """
kind: gas
hazards:
  gas_combustible:
    title: {zh: 可燃气体, en: gas}
    quantity: ch4_lel_pct
    skill: gas
    cases:
      - limits: {blue: 10, red: 80}
    source: test
"""


def test_every_kind_has_rules_and_every_rule_a_source():
    files = {path.stem: read_rules(path) for path in RULES.glob("*.yaml")}
    assert set(files) == set(KINDS)
    for name, file in files.items():
        assert file.kind == name
        assert all(rule.source for rule in file.hazards.values())


@pytest.mark.parametrize(
    ("kind", "hazard_type", "limits"),
    [
        ("gas", "gas_h2s", {"blue": 5, "yellow": 10, "orange": 20, "red": 43}),
        ("gas", "gas_co", {"blue": 10, "yellow": 20, "orange": 40, "red": 170}),
        ("gas", "oxygen", {"yellow": 19.5, "orange": 18, "red": 16}),
        ("waterlogging", "ponding", {"blue": 0.05, "yellow": 0.10, "orange": 0.15, "red": 0.27}),
        ("manhole", "cover_tilt", {"blue": 5, "yellow": 15, "orange": 30, "red": 90}),
    ],
)
def test_limits_are_those_of_the_domain(kind, hazard_type, limits):
    assert read_rules(RULES / f"{kind}.yaml").hazards[hazard_type].cases[0].limits == limits


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("kind: gas", "kind: gaz"), "unknown kind 'gaz': expected manhole, gas, waterlogging, noise"),
        (("ch4_lel_pct", "ch4"), "gas has no 'ch4': expected ch4_lel_pct"),
        (("blue: 10, red: 80", "blue: 80, red: 10"), "limits must grow graver from blue to red"),
        (("red: 80", "purple: 80"), "purple"),
        (("red: 80", "red: 800"), "the red limit 800 lies outside what the sensor can report, 0 to 200 %LEL"),
        (("limits: {blue: 10, red: 80}", "words: {open: red}"), "ch4_lel_pct is a number, so give limits"),
        (("source: test", "sauce: test"), "sauce"),
        (("source: test", "source: test\n    off_delay_s: -1"), "can't be negative"),
        (("      - limits", "      - hours: [22, 30]\n        limits"), "hours lie between 0 and 24"),
        (("kind: gas", "kind: ["), "gas.yaml"),
    ],
)
def test_a_bad_rule_is_refused_with_the_place_and_what_to_change(tmp_path, change, message):
    path = tmp_path / "gas.yaml"
    path.write_text(GOOD, encoding="utf-8")
    read_rules(path)
    path.write_text(GOOD.replace(*change), encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        read_rules(path)
    assert "gas.yaml" in str(caught.value)
    assert message in str(caught.value)


def test_ordinary_values_are_quiet_under_every_default_rule():
    ordinary = {
        "cover_state": "closed", "tilt_deg": 0.4, "water_below_cover_m": 1.2, "battery_pct": 80,
        "ch4_lel_pct": 2, "h2s_mg_m3": 0.1, "co_mg_m3": 1, "o2_pct_vol": 20.9,
        "depth_m": 0.01, "laeq_db": 38, "lmax_db": 50,
    }  # fmt: skip
    for name, kind in KINDS.items():
        for hazard_type, rule in read_rules(RULES / f"{name}.yaml").hazards.items():
            track = None
            for case in rule.cases:
                track = build_track(kind, hazard_type, 1, rule, case.when)
                assert measure(track, case, ordinary[rule.quantity])[0] == 0, (name, hazard_type)
            if track is not None and isinstance(track.column, State):
                assert not all(quiet(track, word) for word in track.column.words)
