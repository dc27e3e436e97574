"""Files of operators are read quickly, and as the slow reader would."""

from pathlib import Path

import pytest
import yaml

from alerts.yamlfile import read_yaml

ROOT = Path(__file__).parents[3]
FILES = [*ROOT.glob("alerts/**/*.yaml"), *ROOT.glob("counties/**/*.yaml")]


def test_every_file_that_ships_says_the_same() -> None:
    assert len(FILES) >= 20
    assert [read_yaml(path) for path in FILES] == [yaml.safe_load(path.read_text(encoding="utf-8")) for path in FILES]


def test_what_is_wrong_is_shown_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "spoilt.yaml").write_text("pump: 2\nsand: [3\n", encoding="utf-8")
    with pytest.raises(yaml.YAMLError, match=r"sand: \[3"):
        read_yaml(tmp_path / "spoilt.yaml")


def test_no_object_is_made(tmp_path: Path) -> None:
    (tmp_path / "clever.yaml").write_text("!!python/object/apply:os.getcwd []\n", encoding="utf-8")
    with pytest.raises(yaml.YAMLError):
        read_yaml(tmp_path / "clever.yaml")
