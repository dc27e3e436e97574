"""What README.md and ARCHITECTURE.md name is there, and what is there to be named is named."""

import re
from pathlib import Path

import pytest

from lifeline.command import COMMANDS
from lifeline.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "ARCHITECTURE.md")
_MADE_BY_USE = {"lifeline-data"}
_PATH = re.compile(r"[\w.*-]+(/[\w.*-]+)*/?")
_FILE = re.compile(r"[\w*-]+\.(py|sql|md|toml|yaml|txt|csv|json)")


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def prose(text: str) -> str:
    """Without the indented blocks, whose words are topics, diagrams and shell."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("    "))


def named_paths(text: str) -> set[str]:
    """Paths in backticks and behind links. Topics hold braces and addresses begin with a slash, so neither counts."""
    spans = re.findall(r"`([^`\n]+)`", prose(text))
    paths = {span for span in spans if _PATH.fullmatch(span) and ("/" in span or _FILE.fullmatch(span))}
    return paths | set(re.findall(r"\]\(([^):#]+)\)", text))


def settings_table() -> dict[str, str]:
    """Default by variable, as the README tells them."""
    return dict(re.findall(r"^\| `(LIFELINE_\w+)` \| ([^|]+?) \|", read("README.md"), re.MULTILINE))


def told(default: object) -> set[str]:
    """How a default may be told."""
    if default is None:
        return {"embedded", "none"}
    return {f"`{str(default).lower() if isinstance(default, bool) else default}`"}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_is_named_exists(document: str) -> None:
    paths = named_paths(read(document))
    assert paths
    missing = {path for path in paths if not any(ROOT.glob(path))}
    assert missing - _MADE_BY_USE == set()


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("see `ingest/kinds.py` and `tests/unit/`", {"ingest/kinds.py", "tests/unit/"}),
        ("all `alerts/rules/*.yaml`, `pyproject.toml`", {"alerts/rules/*.yaml", "pyproject.toml"}),
        ("[devices](docs/devices.md)", {"docs/devices.md"}),
        ("`{prefix}/{kind}/{sensor}/reading`, `/ready`, `mqtt://host:1883`, `depth_m`, `lifeline up`, `0.5`", set()),
        ("    a `diagram/of` sorts", set()),
    ],
)
def test_paths_are_told_from_other_words(text: str, paths: set[str]) -> None:
    assert named_paths(text) == paths


def test_no_line_of_a_file_is_named() -> None:
    for document in DOCUMENTS:
        assert re.findall(r"\.(?:py|sql|yaml):\d+", read(document)) == []


def test_the_readme_has_every_setting_and_no_other() -> None:
    variables = {f"LIFELINE_{name.upper()}" for name in Settings.model_fields}
    assert settings_table().keys() == variables
    assert set(re.findall(r"LIFELINE_[A-Z_]*[A-Z]", read("README.md"))) == variables


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_readme_has_the_default_of_every_setting(name: str) -> None:
    assert settings_table()[f"LIFELINE_{name.upper()}"] in told(Settings.model_fields[name].default)


def test_the_readme_mentions_every_command_and_no_other() -> None:
    text = read("README.md")
    shell = [line for line in text.splitlines() if line.startswith("    ")]
    spans = re.findall(r"`([^`\n]+)`", prose(text))
    called = {word for words in (*shell, *spans) for word in re.findall(r"(?<![\w/.-])lifeline ([a-z]+)", words)}
    assert called == COMMANDS.keys()
