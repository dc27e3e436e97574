"""The files that a Grafana reads at its start agree with the dashboards."""

from pathlib import Path

import yaml

from dashboards.grafana import FOLDERS
from dashboards.query import DATASOURCE
from dashboards.reader import READER

PROVISIONING = Path(__file__).parents[3] / "deploy" / "grafana" / "provisioning"


def test_the_data_source_is_the_one_that_panels_name() -> None:
    (source,) = yaml.safe_load((PROVISIONING / "datasources" / "lifeline.yaml").read_text())["datasources"]
    assert (source["uid"], source["type"]) == (DATASOURCE.uid, DATASOURCE.type_val)
    assert source["user"] == READER
    assert source["secureJsonData"]["password"].startswith("$__file{")


def test_files_and_push_use_the_same_folders() -> None:
    providers = yaml.safe_load((PROVISIONING / "dashboards" / "lifeline.yaml").read_text())["providers"]
    assert {(provider["folderUid"], provider["folder"]) for provider in providers} == set(FOLDERS.values())
    assert {Path(provider["options"]["path"]).name for provider in providers} == FOLDERS.keys()
