"""The command line: light, and clear about what is wrong."""

import os
import subprocess
import sys
from importlib import import_module

import pytest
import typer

from lifeline.command import COMMANDS

HEAVY = {"fastapi", "uvicorn", "prometheus_client", "numpy", "pydantic", "yaml"}


def lifeline(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIFELINE_")}
    return subprocess.run(
        [sys.executable, "-P", "-m", "lifeline", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env={**kept, **variables, "COLUMNS": "160"},
    )


def imported_by(module: str) -> set[str]:
    program = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    return set(done.stdout.split())


def test_help_lists_every_command() -> None:
    done = lifeline("--help")
    assert done.returncode == 0
    assert all(f" {name} " in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_explains_itself(name: str) -> None:
    command = typer.main.get_command(import_module(f"lifeline.commands.{name}").app)
    assert command.help or getattr(command, "commands", None)


def test_the_command_line_itself_imports_nothing_heavy() -> None:
    assert imported_by("lifeline.command") & HEAVY == set()


@pytest.mark.parametrize("role", ["ingest", "dispatch"])
def test_what_takes_readings_in_has_no_web_framework(role: str) -> None:
    assert imported_by(f"lifeline.commands.{role}") & {"fastapi", "starlette", "uvicorn", "httpx", "apprise"} == set()


def test_a_wrong_setting_is_one_line_and_status_1() -> None:
    done = lifeline("ingest", LIFELINE_API_PORT="x")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("lifeline: LIFELINE_API_PORT: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_server_that_can_not_be_reached_is_one_line_without_the_password() -> None:
    url = "postgresql://user:hunter2@127.0.0.1:1/none"
    done = lifeline("dispatch", LIFELINE_DATABASE_URL=url, LIFELINE_BROKER_URL="mqtt://127.0.0.1:1")
    assert done.returncode == 1
    assert done.stderr.startswith("lifeline: can't open the database")
    assert "hunter2" not in done.stderr


def test_an_unknown_command_is_status_2() -> None:
    assert lifeline("nonsense").returncode == 2


def test_help_of_a_command_is_its_own() -> None:
    done = lifeline("init", "--help")
    assert done.returncode == 0
    assert "Usage: lifeline init" in done.stdout
    assert "squads.yaml" in done.stdout
