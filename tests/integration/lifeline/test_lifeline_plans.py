"""``lifeline plans``, ``rota`` and ``review`` as a person uses them."""

import shutil
from pathlib import Path

import asyncpg
import orjson
from standby import Lifeline

GUANGNING = Path(__file__).parents[3] / "counties" / "guangning"


async def test_a_plan_is_changed_by_two_people(lifeline: Lifeline, tmp_path: Path) -> None:
    county = tmp_path / "county"
    shutil.copytree(GUANGNING, county)
    plans = str(county / "plans")
    assert "plans: 13, of which 13 new" in (await lifeline("init", str(county))).stdout
    checked = (await lifeline("plans", "check", plans)).stdout.splitlines()
    assert "gas_combustible: squads blue 1, yellow 1, orange 2, red 4" in checked
    assert len(checked) == 13
    assert (await lifeline("plans", "diff", plans)).stdout == ""
    file = county / "plans" / "noise_burst.yaml"
    file.write_text(file.read_text().replace("confirm_s: 600", "confirm_s: 480"))
    changes = (await lifeline("plans", "diff", plans)).stdout
    assert "-      confirm_s: 600" in changes
    assert "+      confirm_s: 480" in changes
    broken = tmp_path / "broken"
    shutil.copytree(county / "plans", broken)
    (broken / "noise_burst.yaml").write_text(file.read_text().replace("remind_s: 300", "remind_s: 900"))
    wrong = await lifeline("plans", "check", str(broken))
    assert (wrong.returncode, "noise_burst.yaml" in wrong.stderr) == (1, True)
    again = await lifeline("init", str(county))
    assert "plan noise_burst 2 is proposed" in again.stdout
    refused = await lifeline("plans", "approve", "noise_burst", "2", "--by", "county data")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "another person has to approve it" in refused.stderr
    approved = await lifeline("plans", "approve", "noise_burst", "2", "--by", "wang")
    assert approved.stdout == "noise_burst 2: in force\n"
    history = (await lifeline("plans", "history", "noise_burst")).stdout.splitlines()
    assert len(history) == 3
    assert history[2].split()[-1] == "wang"
    assert (await lifeline("plans", "load", plans, "--by", "li")).stdout == "nothing differs\n"

    figures = orjson.loads((await lifeline("review", "kpis")).stdout)
    assert figures["figures"] == []
    assert [figure["name"] for figure in figures["definitions"]] == [
        "finding_rate",
        "handling_rate",
        "in_time_rate",
        "closing_rate",
        "right_first_time_rate",
        "return_rate",
        "confirm_median_s",
        "arrive_median_s",
    ]
    missing = await lifeline("review", "incident", "7")
    assert missing.stderr == "lifeline: there is no incident 7\n"


async def test_a_drill_s_finding_opens_a_revision_and_is_closed_by_it(
    lifeline: Lifeline, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    county = tmp_path / "county"
    shutil.copytree(GUANGNING, county)
    await lifeline("init", str(county))
    finding = {
        **{
            "heading": "command",
            "zh": "确认超时",
            "en": "confirm: late",
            "proposal_zh": "缩短",
            "proposal_en": "shorter",
        },
        "hazard_types": ["noise_burst", "ponding"],
    }
    report = tmp_path / "report.json"
    held = {"drill": "noise", "held_at": "2026-06-01T10:00:00+08:00", "score": 7, "findings": [finding]}
    report.write_bytes(orjson.dumps(held))
    learn = ("plans", "learn", str(report), "--by", "li")
    assert (await lifeline(*learn)).stdout == "findings: 1, opened: 2\n"
    assert (await lifeline(*learn)).stdout == "findings: 1, opened: 0\n"
    shown = (await lifeline("plans", "findings")).stdout
    assert "confirm: late" in shown
    assert shown.count("noise 2026-06-01") == 2

    file = county / "plans" / "noise_burst.yaml"
    file.write_text(file.read_text().replace("confirm_s: 600", "confirm_s: 480"))
    load = ("plans", "load", str(county / "plans"), "--by", "li", "--answers")
    wrong = await lifeline(*load, "2")
    assert "finding 2 is about ponding, whose plan is not changed here" in wrong.stderr
    assert (await lifeline(*load, "1")).stdout == "proposed: noise_burst 2\n"
    await lifeline("plans", "approve", "noise_burst", "2", "--by", "wang")
    dismissed = await lifeline("plans", "dismiss", "2", "--by", "wang", "--because", "一次性故障")
    assert dismissed.stdout == "finding 2: closed\n"
    again = await lifeline("plans", "dismiss", "2", "--by", "wang", "--because", "x")
    assert "there is no open finding 2" in again.stderr
    rows = await pool.fetch("SELECT revision, closed_by, closed_note FROM plan_finding ORDER BY plan_finding_id")
    assert [tuple(row) for row in rows] == [(2, "wang", "revision in force"), (None, "wang", "一次性故障")]
    bad = await lifeline("plans", "learn", str(file), "--by", "li")
    assert "is no report of a drill" in bad.stderr


async def test_the_rota_is_taken_in_and_printed(lifeline: Lifeline, tmp_path: Path) -> None:
    await lifeline("init", str(GUANGNING))
    file = tmp_path / "rota.ics"
    event = (
        "BEGIN:VEVENT\r\nUID:x1\r\nSUMMARY:gas-1\r\nDTSTART:20990101T000000Z\r\nDTEND:20990101T080000Z\r\nEND:VEVENT"
    )
    file.write_text(f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{event}\r\nEND:VCALENDAR\r\n")
    assert (await lifeline("rota", "import", str(file))).stdout == "shifts: 1, called off: 0\n"
    printed = await lifeline("rota", "export", "--days", "31")
    assert printed.stdout.startswith("BEGIN:VCALENDAR")
    over = await lifeline("rota", "hand-over", "x1", "--by", "li", "--note", "两台检测仪已充电")
    assert over.stdout == "x1: handed over\n"
    assert (await lifeline("squads", "out", "gas-1", "--reason", "no vehicle")).returncode == 0
    squads = (await lifeline("squads", "list")).stdout
    assert "out_of_service: no vehicle" in next(line for line in squads.splitlines() if "gas-1" in line)
    assert (await lifeline("squads", "back", "gas-1")).stdout == "gas-1: in service\n"
    assert "there is no squad gas-9" in (await lifeline("squads", "back", "gas-9")).stderr
    file.write_text(file.read_text().replace("gas-1", "nobody"))
    refused = await lifeline("rota", "import", str(file))
    assert "there is no squad or contact 'nobody'" in refused.stderr
