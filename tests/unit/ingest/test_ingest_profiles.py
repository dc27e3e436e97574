"""Profiles: what is shipped is sound, and what is wrong is told in a sentence."""

from pathlib import Path

import pytest

from ingest.kinds import KINDS
from ingest.profile import BUILT_IN, ProfileError, load_profiles, parse_profile, read_profile

_HEAD = "maker: Acme\nmodel: Lid 7\nkind: manhole\n"


def test_every_shipped_profile_loads_under_its_own_name() -> None:
    profiles = load_profiles()
    assert {path.stem for path in BUILT_IN.glob("*.yaml")} == profiles.keys()
    assert {profile.kind for profile, _ in profiles.values()} == KINDS.keys()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "lid: no YAML"),
        ("maker: Acme", "missing required field `model`"),
        (_HEAD + "quantities: {}", "quantities is empty"),
        (
            _HEAD.replace("manhole", "lift") + "quantities: {tilt_deg: a}",
            "unknown kind 'lift': expected one of manhole",
        ),
        (_HEAD + "quantities: {tilt: a}", "manhole has no quantity 'tilt': expected one of cover_state, tilt_deg"),
        (_HEAD + "codec: acme\nquantities: {tilt_deg: a}", "unknown codec 'acme'"),
        (_HEAD + "quantities: {tilt_deg: {field: a, unti: mm}}", "unknown field `unti`"),
        (_HEAD + "quantities: {tilt_deg: {field: a, unit: mm}}", "tilt_deg: unit 'mm' can't become °"),
        (_HEAD + "quantities: {tilt_deg: {field: ''}}", "tilt_deg: field names no field"),
        (_HEAD + "quantities: {cover_state: {field: a, words: {up: ajar}}}", "'up' must stand for one of closed"),
        (_HEAD + "quantities: {cover_state: {field: a, unit: mm}}", "a state takes field, void and words only"),
        (_HEAD + "quantities: {tilt_deg: {field: a, words: {up: open}}}", "'up' must stand for a number"),
        (_HEAD + "quantities: {tilt_deg: {field: a, words: {up: 999}}}", "gives 999 °, outside 0…180"),
        (_HEAD + "quantities: {battery_pct: {field: a, curve: [[3, 100]]}}", "two or more points"),
        (_HEAD + "quantities: {battery_pct: {field: a, curve: [[3, 100], [2, 0]]}}", "ascending"),
        (_HEAD + "quantities: {battery_pct: {field: a, unit: V, curve: [[2, 0], [3, 100]]}}", "leave unit out"),
        (_HEAD + "quantities: {battery_pct: {field: a, curve: [[2, 0], [3, 110]]}}", "gives 110 %, outside 0…100"),
        (_HEAD + "quantities: {tilt_deg: a}\nvoid: [{field: f, is: [1], drops: [depth]}]", "no quantity 'depth'"),
        ("", "lid: expected maker, model, kind and quantities"),
        (_HEAD + "quantities: {tilt_deg: !!int x}", "lid: no YAML: invalid literal"),
        (_HEAD + "quantities: {tilt_deg: !!bool x}", "lid: no YAML: 'x'"),
        (_HEAD + "quantities: {tilt_deg: a, tilt_deg: b}", "a key stands twice in what begins .* line 4"),
        (_HEAD + "quantities: {tilt_deg: {field: a, words: {true: 1, 1: 2}}}", "a key stands twice"),
        (_HEAD + "quantities: {tilt_deg: {field: a, words: {1: 1, '1': 2}}}", "a key stands twice"),
        (_HEAD + "quantities: {tilt_deg: {field: a, words: {up: 1, Up: 2}}}", "differ in nothing else"),
        (_HEAD + "quantities: {tilt_deg: a, shock_count: {field: [1]}}", "lid: shock_count: Expected `str`, got `int`"),
        (_HEAD + "quantities: {tilt_deg: {field: a, at_least: 999}}", "at_least gives 999 °, outside 0…180"),
        (_HEAD + "quantities: {tilt_deg: {field: a, at_least: .nan}}", "at_least gives nan"),
        (_HEAD + "quantities: {battery_pct: {field: a, curve: [[-.inf, 0], [.inf, 9]]}}", "ascending first numbers"),
        (
            _HEAD + "quantities: {tilt_deg: {field: a, words: {up: {attribute: b, default: 999}}}}",
            "default of b gives 999",
        ),
        (_HEAD + "quantities: {tilt_deg: {field: a, subtract_from: ''}}", "an attribute needs a name"),
        (
            _HEAD + "quantities: {tilt_deg: {field: a, subtract_from: {attribute: b, default: .inf}}}",
            "its default is a number",
        ),
        (_HEAD + "quantities: {tilt_deg: a}\nvoid: [{field: '', is: [1], drops: [tilt_deg]}]", "void needs a field"),
        (_HEAD + "quantities: {tilt_deg: a}\nvoid: [{field: f, is: [], drops: [tilt_deg]}]", "values in `is`"),
        (_HEAD + "quantities: {tilt_deg: a}\nvoid: [{field: f, is: [1], drops: []}]", "quantities in `drops`"),
        (_HEAD + "quantities: {tilt_deg: a}\nhistory: {field: ''}", "history names no field"),
        (_HEAD.replace("Lid 7", "Lid_7") + "quantities: {tilt_deg: a}", "'acme-lid_7' is no name"),
    ],
)
def test_what_is_wrong_is_told(text: str, words: str) -> None:
    with pytest.raises(ProfileError, match=words):
        parse_profile(text, "lid")


def test_words_that_yaml_takes_for_something_else_stay_words() -> None:
    words = "words: {on: open, no: closed, Off: closed, true: open, trues: missing}"
    profile = parse_profile(_HEAD + f"note: 2001-99-99\nquantities: {{cover_state: {{field: a, {words}}}}}", "lid")
    assert list(profile.rule("cover_state").words) == ["on", "no", "Off", "true", "trues"]
    assert profile.note == "2001-99-99"


def test_a_file_must_be_called_after_its_device(tmp_path: Path) -> None:
    path = tmp_path / "lid.yaml"
    path.write_text(_HEAD + "quantities: {tilt_deg: a}", encoding="utf-8")
    with pytest.raises(ProfileError, match=r"lid\.yaml: maker and model make acme-lid-7\.yaml"):
        read_profile(path)


def test_a_countys_own_folder_adds_and_replaces(tmp_path: Path) -> None:
    (tmp_path / "acme-lid-7.yaml").write_text(_HEAD + "codec: lid.js\nquantities: {tilt_deg: a}", encoding="utf-8")
    (tmp_path / "lid.js").write_text("function decodeUplink(i) { return {data: {a: i.bytes[0]}}; }", encoding="utf-8")
    other = "maker: Milesight\nmodel: WS302\nkind: noise\nquantities: {laeq_db: mine}"
    (tmp_path / "milesight-ws302.yaml").write_text(other, encoding="utf-8")
    profiles = load_profiles(tmp_path)
    assert profiles["milesight-ws302"][0].quantities == {"laeq_db": "mine"}
    codec = profiles["acme-lid-7"][1]
    assert codec is not None
    assert codec(b"\x05", 1).fields == {"a": 5}


def test_a_codec_file_that_is_missing_or_broken_is_named(tmp_path: Path) -> None:
    (tmp_path / "acme-lid-7.yaml").write_text(_HEAD + "codec: lid.js\nquantities: {tilt_deg: a}", encoding="utf-8")
    with pytest.raises(ProfileError, match=r"acme-lid-7: codec lid\.js"):
        load_profiles(tmp_path)
    (tmp_path / "lid.js").write_text("function nothing() {}", encoding="utf-8")
    with pytest.raises(ProfileError, match="defines no function decodeUplink"):
        load_profiles(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="no such folder"):
        load_profiles(tmp_path / "gone")
