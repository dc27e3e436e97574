"""Rules from files and from stored bodies, checked against the kinds before anything relies on them."""

import difflib
from pathlib import Path
from typing import Any

import msgspec
import yaml

from alerts.misreadings import what_is_wrong
from alerts.rulecheck import check_rule, expect
from alerts.rules import Rule, RuleError, RuleFile
from alerts.yamlfile import read_yaml
from ingest.kinds import KINDS

RULES = Path(__file__).parent / "rules"


def default_rules() -> list[RuleFile]:
    """The rules that come with the program."""
    return [read_rules(path) for path in sorted(RULES.glob("*.yaml"))]


def read_rules(path: Path) -> RuleFile:
    """Read and check one rule file; RuleError with file and place when it can't be used."""
    try:
        body = read_yaml(path)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RuleError.at(path.name, zh=what_is_wrong(error), en=str(error)) from error
    return parse_rules(path.name, body)


def parse_rules(place: str, body: object) -> RuleFile:
    """The rules of one kind from plain values, checked; RuleError begins with ``place``."""
    try:
        rules = msgspec.convert(body, RuleFile)
    except msgspec.ValidationError as error:
        raise RuleError.at(place, zh=what_is_wrong(error), en=str(error)) from error
    expect(place, rules.kind, KINDS, ("类型 ", "kind "))
    for name, rule in rules.hazards.items():
        check_rule(f"{place}: {name}", KINDS[rules.kind], rule)
        for muter in rule.muted_by:
            expect(f"{place}: {name}, muted_by", muter, rules.hazards)
            if rules.hazards[muter].muted_by or muter == name:
                raise RuleError.at(
                    f"{place}: {name}",
                    zh=f"{muter} 本身会被抑制，不能抑制其他类型",
                    en=f"{muter} is muted itself, so it can't mute others",
                )
    return rules


def parse_rule(place: str, kind: str, body: Any) -> Rule:
    """A rule from its stored body, checked; RuleError begins with ``place``."""
    expect(place, kind, KINDS, ("类型 ", "kind "))
    try:
        rule = msgspec.convert(body, Rule)
    except msgspec.ValidationError as error:
        raise RuleError.at(place, zh=what_is_wrong(error), en=str(error)) from error
    check_rule(place, KINDS[kind], rule)
    return rule


def rule_body(rule: Rule) -> Any:
    """The rule as jsonb holds it."""
    return msgspec.json.decode(msgspec.json.encode(rule))


def is_stored(rule: Rule, body: Any) -> bool:
    """Whether a stored body, maybe of an earlier version with fewer fields, says what the rule says."""
    try:
        return msgspec.convert(body, Rule) == rule
    except msgspec.ValidationError:
        return False


def rule_diff(label: str, current: Rule | None, proposed: Rule) -> str:
    """How ``proposed`` differs from the rule in force, as a unified diff of YAML; empty when it does not."""
    old = _lines(current) if current is not None else []
    return "".join(difflib.unified_diff(old, _lines(proposed), f"{label} in force", f"{label} proposed"))


def _lines(rule: Rule) -> list[str]:
    return yaml.safe_dump(rule_body(rule), allow_unicode=True, sort_keys=True).splitlines(keepends=True)
