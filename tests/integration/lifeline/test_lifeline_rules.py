"""``lifeline rules`` and ``lifeline silences`` as people use them."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from alerts.rulebook import load_shipped
from alerts.rulefile import RULES, default_rules

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
async def _rules(pool):
    """The program's rules and one sensor."""
    async with pool.acquire() as connection:
        await load_shipped(connection, default_rules(), NOW - timedelta(days=1))
    await pool.execute("INSERT INTO sensor (code, kind) VALUES ('g1', 'gas')")


async def test_a_rule_is_checked_compared_tried_proposed_and_approved(lifeline, pool, tmp_path):
    path = tmp_path / "gas.yaml"
    text = (RULES / "gas.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("{blue: 5, yellow: 10, orange: 20, red: 43}", "{yellow: 10, orange: 20, red: 43}"))
    compared = await lifeline("rules", "diff", str(path))
    assert [line for line in compared.stdout.splitlines() if line.startswith("-  ")] == ["-    blue: 5.0"]
    first, last = (NOW - timedelta(hours=2)).isoformat(), NOW.isoformat()
    result = tmp_path / "result.json"
    tried = await lifeline("rules", "backtest", str(path), "--from", first, "--to", last, "--json", str(result))
    assert tried.returncode == 0, tried.stderr
    assert json.loads(result.read_text())["readings"] == 0
    proposed = await lifeline("rules", "propose", str(path), "--by", "li", "--note", "no blue")
    assert proposed.stdout.strip() == "gas/gas_h2s 2"
    own = await lifeline("rules", "approve", "gas/gas_h2s", "2", "--by", "li")
    assert own.returncode == 1
    assert "another person must approve it" in own.stderr
    assert (await lifeline("rules", "approve", "gas/gas_h2s", "2", "--by", "wang")).returncode == 0
    assert await pool.fetchval("SELECT approved_by FROM rule WHERE revision = 2") == "wang"
    shown = await lifeline("rules", "history", "gas/gas_h2s")
    assert "no blue" in shown.stdout


async def test_what_is_wrong_is_said_in_one_line(lifeline, tmp_path):
    path = tmp_path / "gas.yaml"
    path.write_text((RULES / "gas.yaml").read_text(encoding="utf-8").replace("red: 43", "red: 4300"))
    checked = await lifeline("rules", "check", str(path))
    assert (checked.returncode, checked.stderr.count("\n")) == (1, 1)
    assert "gas_h2s, case 1: the red limit 4300 lies outside" in checked.stderr
    naive = await lifeline("rules", "backtest", str(RULES / "gas.yaml"), "--from", "2026-06-01", "--to", "2026-06-02")
    assert naive.stderr.strip() == "lifeline: '2026-06-01' has no offset: write 2026-06-01T00:00+08:00"


async def test_a_silence_is_made_listed_and_ended(lifeline, pool):
    words = ("--hours", "2", "--reason", "new frame", "--by", "li", "--work-order", "WO-7")
    made = await lifeline("silences", "add", "--sensor", "g1", *words)
    assert made.stdout.startswith("silence 1 until ")
    assert "sensor g1, work_order WO-7" in (await lifeline("silences", "list")).stdout
    assert (await lifeline("silences", "end", "1", "--by", "wang")).stdout.strip() == "ended: 1"
    assert await pool.fetchval("SELECT ended_by FROM silence") == "wang"
