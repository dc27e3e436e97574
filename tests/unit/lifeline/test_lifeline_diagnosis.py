"""What the doctor makes of what it measured."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifeline.diagnosis import (
    judge_certificate,
    judge_clock,
    judge_disk,
    judge_file,
    judge_migrations,
    judge_processes,
    judge_rights,
    judge_server,
    judge_topics,
    judge_waiting,
)

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ORDER = ("ok", "warning", "bad")


@pytest.mark.parametrize(("skew_s", "state"), [(0.1, "ok"), (-1.9, "ok"), (5, "warning"), (-31, "bad"), (3600, "bad")])
def test_clocks_apart(skew_s: float, state: str) -> None:
    assert judge_clock(skew_s).state == state


@pytest.mark.parametrize(("free", "state"), [(100, "ok"), (20, "ok"), (19, "warning"), (4, "bad"), (0, "bad")])
def test_a_disk_that_fills(free: int, state: str) -> None:
    assert judge_disk(Path("/data"), free, 100).state == state


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_a_certificate_grows_only_worse_with_time(days: int, later: int) -> None:
    ends = NOW + timedelta(days=days)
    first = judge_certificate(ends, NOW)
    then = judge_certificate(ends, NOW + timedelta(days=later))
    assert ORDER.index(then.state) >= ORDER.index(first.state)


def test_a_certificate_is_told_a_month_ahead() -> None:
    states = [judge_certificate(NOW + timedelta(days=days), NOW).state for days in (30, 29, 6, -1)]
    assert states == ["ok", "warning", "bad", "bad"]


def test_a_schema_that_is_behind_or_ahead_says_which_side_to_bring_up() -> None:
    assert judge_migrations(4, 4).state == "ok"
    assert "lifeline migrate" in judge_migrations(3, 4).remedy
    assert "upgrade" in judge_migrations(5, 4).remedy


def test_an_old_server_is_refused_and_a_plain_one_is_told_of() -> None:
    assert [judge_server(*server).state for server in ((14, "timescaledb"), (15, "plain"), (15, "timescaledb"))] == [
        "bad",
        "warning",
        "ok",
    ]


def test_each_process_is_told_apart() -> None:
    findings = judge_processes({"ingest": 1.0, "dispatch": 90.0}, {"ingest", "dispatch"})
    assert [finding.state for finding in findings] == ["ok", "bad", "warning"]
    assert judge_processes({"ingest": 1.0}, set())[0].state == "warning"


def test_what_waits() -> None:
    assert [finding.state for finding in judge_waiting(99, 10)] == ["ok", "ok"]
    assert [finding.state for finding in judge_waiting(100, 301)] == ["warning", "bad"]


def test_whatever_is_not_well_has_a_remedy() -> None:
    findings = [
        judge_clock(60),
        judge_disk(Path("/"), 1, 100),
        judge_certificate(NOW, NOW),
        judge_server(9, "plain"),
        judge_migrations(1, 2),
        *judge_processes({"ingest": 99}, set()),
        *judge_waiting(1000, 1000),
    ]
    assert all(finding.remedy for finding in findings)


@pytest.mark.parametrize(("mode", "state"), [(0o600, "ok"), (0o400, "ok"), (0o640, "warning"), (0o604, "warning")])
def test_a_file_with_secrets_is_for_its_owner(mode: int, state: str) -> None:
    assert judge_file(Path("/etc/channels.yaml"), 0o100000 | mode).state == state


def test_what_accounts_may_not_do_is_named_with_its_remedy() -> None:
    assert judge_rights(True).state == "ok"
    assert "GRANT CREATE" in judge_rights(False).remedy
    assert judge_topics([]).state == "ok"
    refused = judge_topics(["sensors/#"])
    assert (refused.state, "sensors/#" in refused.what) == ("bad", True)


def test_versions_are_told() -> None:
    assert judge_server(15, "timescaledb", "2.28.3").what == "database: PostgreSQL 15, TimescaleDB 2.28.3"
