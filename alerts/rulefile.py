"""Rules from files and from stored bodies, checked against the kinds before anything relies on them."""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import yaml

from alerts.grades import SEVERITY
from alerts.misreadings import what_is_wrong
from alerts.rules import Case, Neighbours, Rule, RuleError, RuleFile, VoidNear
from alerts.yamlfile import read_yaml
from ingest.kinds import KINDS, Kind, Quantity, State

RULES = Path(__file__).parent / "rules"
_LONGEST_S = 30 * 86_400
_MOST = 1000


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
    _expect(place, rules.kind, KINDS, ("类型 ", "kind "))
    for name, rule in rules.hazards.items():
        check_rule(f"{place}: {name}", KINDS[rules.kind], rule)
        for muter in rule.muted_by:
            _expect(f"{place}: {name}, muted_by", muter, rules.hazards)
            if rules.hazards[muter].muted_by or muter == name:
                raise RuleError.at(
                    f"{place}: {name}",
                    zh=f"{muter} 本身会被抑制，不能抑制其他类型",
                    en=f"{muter} is muted itself, so it can't mute others",
                )
    return rules


def parse_rule(place: str, kind: str, body: Any) -> Rule:
    """A rule from its stored body, checked; RuleError begins with ``place``."""
    _expect(place, kind, KINDS, ("类型 ", "kind "))
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


def check_rule(place: str, kind: Kind, rule: Rule) -> None:
    """Hold a rule against the kind; RuleError says what to change."""
    subjects = [rule.quantity is not None, bool(rule.missed), rule.fault is not None]
    if sum(subjects) != 1:
        raise RuleError.at(
            place,
            zh="quantity（连同 cases）、missed、fault 须填且只填一项",
            en="give one of quantity (with cases), missed, fault",
        )
    if rule.quantity is not None:
        _check_cases(place, kind, rule, rule.quantity)
    elif rule.cases or rule.rise or rule.neighbours or rule.void or rule.void_near or rule.over_range is not None:
        raise RuleError.at(
            place,
            zh="cases、rise、neighbours、void、void_near、over_range 只用于 quantity",
            en="cases, rise, neighbours, void, void_near and over_range belong to a quantity",
        )
    if rule.fault is not None:
        _check_fault(place, kind, rule)
    for name, worthless in rule.void.items():
        _check_void(f"{place}, void", kind, name, worthless)
    if rule.void_near is not None:
        _check_void_near(f"{place}, void_near", rule.void_near)
    _check_numbers(place, rule)


def _check_void_near(place: str, near: VoidNear) -> None:
    _expect(place, near.kind, KINDS)
    _number(place, KINDS[near.kind], near.quantity)
    if near.within_m <= 0 or not 0 < near.for_s <= _LONGEST_S:
        raise RuleError.at(
            place,
            zh="within_m 和 for_s 须为正，for_s 最长 30 天",
            en="within_m and for_s are positive, for_s at most 30 days",
        )


def _check_numbers(place: str, rule: Rule) -> None:
    _check_span(place, rule)
    margins = [rule.margin(colour) for colour in SEVERITY]
    numbers = (*margins, rule.off_delay_s, rule.realarm_s, *rule.on_delay_s.values(), *rule.on_samples.values())
    if min(numbers) < 0:
        raise RuleError.at(place, zh="延时、样本数和回差不能为负", en="delays, samples and deadband can't be negative")
    for colour, window in rule.of_samples.items():
        if window < rule.on_samples.get(colour, 1):
            raise RuleError.at(
                place,
                zh=f"{colour} 的 of_samples 小于其 on_samples",
                en=f"of_samples of {colour} is less than its on_samples",
            )
    missed = [rule.missed[colour] for colour in sorted(rule.missed, key=SEVERITY.__getitem__)]
    if any(count < 1 for count in missed) or missed != sorted(set(missed)):
        raise RuleError.at(
            place,
            zh="missed 的周期数从 1 起，由蓝到红递增",
            en="missed intervals begin at 1 and grow from blue to red",
        )
    if rule.rise is not None and (rule.rise.by <= 0 or rule.rise.within_s <= 0):
        raise RuleError.at(place, zh="rise 的 by 和 within_s 须为正", en="a rise has positive by and within_s")
    if rule.neighbours is not None:
        _check_neighbours(place, rule.neighbours)


def _check_neighbours(place: str, near: Neighbours) -> None:
    least = 2 if near.of is None else 1
    if near.count < least or near.within_m <= 0 or SEVERITY[near.to] <= SEVERITY[near.at]:
        raise RuleError.at(
            place,
            zh=f"neighbours 至少 {least} 处，within_m 须为正，`to` 须比 `at` 更严重",
            en=f"neighbours are at least {least}, within_m is positive, and `to` is graver than `at`",
        )
    if near.of is not None:
        _expect(f"{place}, neighbours", near.of.kind, KINDS)


def _check_span(place: str, rule: Rule) -> None:
    """No time that would outlast what is remembered of a sensor, or overflow."""
    spans = [rule.off_delay_s, rule.realarm_s, *rule.on_delay_s.values()]
    spans += [rule.rise.within_s] if rule.rise is not None else []
    fault = rule.fault
    spans += [fault.stuck.for_s] if fault is not None and fault.stuck is not None else []
    spans += [fault.spike.within_s] if fault is not None and fault.spike is not None else []
    if max(spans) > _LONGEST_S:
        raise RuleError.at(
            place,
            zh=f"任何延时或时长不超过 30 天，即 {_LONGEST_S} s",
            en=f"no delay or time is longer than 30 days, {_LONGEST_S} s",
        )
    counts = (*rule.on_samples.values(), *rule.of_samples.values(), *rule.missed.values(), 0)
    if max(counts) > _MOST:
        raise RuleError.at(
            place,
            zh=f"样本数和缺报周期数最多 {_MOST}",
            en=f"samples and missed intervals are at most {_MOST}",
        )


def _check_cases(place: str, kind: Kind, rule: Rule, quantity: str) -> None:
    column = _column(place, kind, quantity)
    if not rule.cases:
        raise RuleError.at(place, zh="cases 至少一项", en="give at least one case")
    if rule.rise is not None and (isinstance(column, State) or rule.direction == "below"):
        raise RuleError.at(
            place, zh="rise 只用于数值越高越危险的量", en="a rise needs a number whose danger lies above"
        )
    if rule.over_range is not None:
        if isinstance(column, State) or rule.direction == "below":
            raise RuleError.at(
                place,
                zh="over_range 只用于数值越高越危险的量",
                en="over_range needs a number whose danger lies above",
            )
        if not column.minimum < rule.over_range <= column.maximum:
            raise RuleError.at(
                place,
                zh=f"over_range {rule.over_range:g} 超出传感器能报出的范围"
                f" {column.minimum:g} 至 {column.maximum:g} {column.unit}",
                en=f"over_range {rule.over_range:g} lies outside what the sensor can report,"
                f" {column.minimum:g} to {column.maximum:g} {column.unit}",
            )
    for number, case in enumerate(rule.cases, 1):
        if isinstance(column, State):
            _check_words(f"{place}, case {number}", column, case)
        else:
            _check_limits(f"{place}, case {number}", column, rule, case)
        if case.hours is not None and not all(0 <= hour <= 24 for hour in case.hours):
            raise RuleError.at(
                f"{place}, case {number}",
                zh="hours 在 0 至 24 之间",
                en="hours lie between 0 and 24",
            )


def _column(place: str, kind: Kind, name: str) -> Quantity | State:
    column = {column.name: column for column in kind.columns}.get(name)
    if column is None:
        raise RuleError.at(
            place,
            zh=f"{kind.name} 没有 {name!r}；应为 {'、'.join(kind.column_names)} 之一",
            en=f"{kind.name} has no {name!r}: expected {', '.join(kind.column_names)}",
        )
    return column


def _number(place: str, kind: Kind, name: str) -> Quantity:
    column = _column(place, kind, name)
    if isinstance(column, State):
        raise RuleError.at(place, zh=f"{name} 是状态，不是数值", en=f"{name} is a state, not a number")
    return column


def _expect(place: str, name: str, known: Iterable[str], noun: tuple[str, str] = ("", "")) -> None:
    if name not in known:
        raise RuleError.at(
            place,
            zh=f"没有{noun[0]}{name!r}；应为 {'、'.join(known)} 之一",
            en=f"unknown {noun[1]}{name!r}: expected {', '.join(known)}",
        )


def _check_fault(place: str, kind: Kind, rule: Rule) -> None:
    fault = rule.fault
    assert fault is not None
    for name, (low, high) in fault.plausible.items():
        column = _number(f"{place}, plausible", kind, name)
        if not column.minimum <= low < high <= column.maximum:
            raise RuleError.at(
                f"{place}, plausible",
                zh=f"{name} 应填下限 < 上限，在 {column.minimum:g} 至 {column.maximum:g} {column.unit} 之内",
                en=f"give low < high of {name} within {column.minimum:g} to {column.maximum:g} {column.unit}",
            )
    if fault.stuck is not None:
        _number(f"{place}, stuck", kind, fault.stuck.quantity)
        if fault.stuck.for_s <= 0:
            raise RuleError.at(f"{place}, stuck", zh="for_s 须为正", en="for_s is positive")
    if fault.spike is not None:
        _number(f"{place}, spike", kind, fault.spike.quantity)
        if fault.spike.by <= 0 or fault.spike.within_s <= 0:
            raise RuleError.at(f"{place}, spike", zh="by 和 within_s 须为正", en="by and within_s are positive")
    if not fault.plausible and fault.stuck is None and fault.spike is None:
        raise RuleError.at(
            place,
            zh="fault 须有 plausible、stuck 或 spike",
            en="a fault names plausible ranges, stuck or spike",
        )


def _check_void(place: str, kind: Kind, name: str, worthless: float | tuple[str, ...]) -> None:
    column = _column(place, kind, name)
    if isinstance(column, State):
        if isinstance(worthless, float | int):
            raise RuleError.at(place, zh=f"{name} 是状态，请列出词", en=f"{name} is a state: name the words")
        for word in worthless:
            _expect(place, word, column.words)
    elif not isinstance(worthless, float | int):
        raise RuleError.at(
            place, zh=f"{name} 是数值，请填写起始值", en=f"{name} is a number: give the value from which on"
        )


def _check_words(place: str, column: State, case: Case) -> None:
    if case.limits or not case.words:
        raise RuleError.at(
            place,
            zh=f"{column.name} 是状态，应填 words，不填 limits",
            en=f"{column.name} is a state, so give words, not limits",
        )
    unknown = sorted(set(case.words) - set(column.words))
    if unknown:
        raise RuleError.at(
            place,
            zh=f"{column.name} 不会是 {'、'.join(unknown)}；应为 {'、'.join(column.words)} 之一",
            en=f"{column.name} is never {', '.join(unknown)}: expected {', '.join(column.words)}",
        )


def _check_limits(place: str, column: Quantity, rule: Rule, case: Case) -> None:
    if case.words or not case.limits:
        raise RuleError.at(
            place,
            zh=f"{column.name} 是数值，应填 limits，不填 words",
            en=f"{column.name} is a number, so give limits, not words",
        )
    for colour, limit in case.limits.items():
        if not column.minimum <= limit <= column.maximum:
            raise RuleError.at(
                place,
                zh=f"{colour} 限值 {limit:g} 超出传感器的量程 {column.minimum:g} 至 {column.maximum:g} {column.unit}",
                en=f"the {colour} limit {limit:g} lies outside what the sensor can report,"
                f" {column.minimum:g} to {column.maximum:g} {column.unit}",
            )
    ordered = [limit for _, limit in sorted((SEVERITY[colour], limit) for colour, limit in case.limits.items())]
    graver = sorted(set(ordered), reverse=rule.direction == "below")
    if ordered != graver:
        raise RuleError.at(
            place,
            zh=f"危险方向为 {rule.direction} 时，限值须由蓝到红越来越严重",
            en=f"limits must grow graver from blue to red when the danger lies {rule.direction}",
        )


def rule_diff(label: str, current: Rule | None, proposed: Rule) -> str:
    """How ``proposed`` differs from the rule in force, as a unified diff of YAML; empty when it does not."""
    old = _lines(current) if current is not None else []
    return "".join(difflib.unified_diff(old, _lines(proposed), f"{label} in force", f"{label} proposed"))


def _lines(rule: Rule) -> list[str]:
    return yaml.safe_dump(rule_body(rule), allow_unicode=True, sort_keys=True).splitlines(keepends=True)
