"""What people are told in Chinese is Chinese: every sentence of the code, and every fault that bad input brings out."""

import ast
import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

import api
from alerts.misreadings import what_is_wrong
from alerts.rulefile import RULES, parse_rules
from alerts.rules import RuleError
from alerts.stages import STAGES, Action, Case, StageError, Step
from alerts.stages import STEPS as CASE_STEPS
from alerts.stages import advance as advance_case
from api.problems import FORESEEN
from dispatch.plans import PlanError, parse_plan
from dispatch.steps import ACTIONS, STEPS, TaskView, TransitionError, step
from ingest.errors import BilingualError

ROOT = Path(api.__file__).parents[1]
ROOMS = ("api", "dispatch", "alerts", "ingest")
NOW = datetime(2026, 5, 1, tzinfo=UTC)
PLANS = sorted((ROOT / "counties" / "guangning" / "plans").glob("*.yaml"))
# Names of fields and commands are the same in both languages; three words in a row are a sentence.
ENGLISH = re.compile(r"[A-Za-z']+(?:,? [A-Za-z']+){2}")


def is_chinese(sentence: str) -> bool:
    """Whether it has Chinese in it and, commands in back-ticks apart, no English sentence."""
    plain = re.sub(r"`[^`]*`", "", sentence)
    return re.search(r"[\u4e00-\u9fff]", sentence) is not None and ENGLISH.search(plain) is None


def sentences() -> Iterator[Any]:
    """Every call of the code that gives a sentence in both languages: its Chinese one, as far as it is spelt out."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            for node in ast.walk(ast.parse(text)) if "zh=" in text else ():
                given = {word.arg: word.value for word in getattr(node, "keywords", ())}
                if {"zh", "en"} <= given.keys() and isinstance(given["zh"], ast.Constant | ast.JoinedStr):
                    parts = given["zh"].values if isinstance(given["zh"], ast.JoinedStr) else [given["zh"]]
                    words = " ".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
                    yield pytest.param(words, id=f"{path.relative_to(ROOT)}:{node.lineno}")  # type: ignore[attr-defined]


SENTENCES = list(sentences())


def test_the_sentences_are_found() -> None:
    assert len(SENTENCES) > 150
    assert not is_chinese("事件 3 is not possible")
    assert not is_chinese("closed")


@pytest.mark.parametrize("sentence", SENTENCES)
def test_the_chinese_of_the_code_is_chinese(sentence: str) -> None:
    assert is_chinese(sentence) or sentence in {"", "："}  # what is put together of other sentences


@pytest.mark.parametrize("kind", FORESEEN, ids=lambda kind: kind.__name__)
def test_every_foreseen_error_has_both_languages(kind: type[Exception]) -> None:
    assert issubclass(kind, BilingualError)


def test_a_step_of_a_case_that_is_not_possible_is_told_without_codes() -> None:
    actions: list[Action] = sorted({action for steps in CASE_STEPS.values() for action in steps})
    said = []
    for stage, action in product(STAGES, actions):
        for actor, reason, hazards in (("key:duty", "why", 1), ("key:duty", "", 0), ("squad:gas-1", "why", 0)):
            try:
                advance_case(Case(7, stage, hazards, hazards), Step(7, action, actor, NOW, reason))
            except StageError as error:
                said.append(error.zh)
    assert len(said) > 50
    assert [sentence for sentence in said if re.search(r"[a-z]", sentence)] == []


def test_a_step_of_a_task_that_is_not_possible_is_told_without_codes() -> None:
    said = []
    for status, action in product(STEPS, ACTIONS):
        try:
            step(TaskView(7, 3, "gas-1", status, NOW, NOW), action)
        except TransitionError as error:
            said.append(error.zh)
    assert len(said) > 30
    assert [sentence for sentence in said if re.search(r"[a-z]", sentence)] == []


def spoilt(body: Any) -> Iterator[Any]:
    """The body with one thing wrong: each member left out, put in, or of another type or size."""
    for place in _places(body):
        for wrong in (None, "x", -1, 0, 1e12, True, [], {}, ["x"], {"x": 1}, [3, 3, 3]):
            yield _changed(body, place, wrong)
        yield _changed(body, place)


def _places(body: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    members = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, member in members:
        yield (*place, key)
        yield from _places(member, (*place, key))


def _changed(body: Any, place: tuple[Any, ...], *wrong: Any) -> Any:
    changed = deepcopy(body)
    *way, last = place
    inner = changed
    for key in way:
        inner = inner[key]
    if wrong:
        inner[last] = wrong[0]
    else:
        del inner[last]
    return changed


@pytest.mark.parametrize("path", sorted(RULES.glob("*.yaml")), ids=lambda path: path.stem)
def test_whatever_is_wrong_with_a_rule_is_said_in_chinese(path: Path) -> None:
    body = yaml.safe_load(path.read_text(encoding="utf-8"))
    said = set()
    for name, rule in list(body["hazards"].items())[:4]:
        for spoilt_rule in spoilt(rule):
            try:
                parse_rules("body", {**body, "hazards": {**body["hazards"], name: spoilt_rule}})
            except RuleError as error:
                said.add(error.zh)
    assert len(said) > 20
    assert [sentence for sentence in said if not is_chinese(sentence) or "内容不正确" in sentence] == []


@pytest.mark.parametrize("path", PLANS[:3], ids=lambda path: path.stem)
def test_whatever_is_wrong_with_a_plan_is_said_in_chinese(path: Path) -> None:
    said = set()
    for body in spoilt(yaml.safe_load(path.read_text(encoding="utf-8"))):
        try:
            parse_plan("body", body)
        except PlanError as error:
            said.add(error.zh)
    assert len(said) > 20
    assert [sentence for sentence in said if not is_chinese(sentence) or "内容不正确" in sentence] == []


def test_a_file_that_can_not_be_read_is_told_by_its_place() -> None:
    with pytest.raises(yaml.YAMLError) as caught:
        yaml.safe_load("a: 1\n  b: [")
    assert what_is_wrong(caught.value) == "第 2 行第 4 列不是有效的 YAML"
    assert what_is_wrong(FileNotFoundError()) == "无法读取文件"
