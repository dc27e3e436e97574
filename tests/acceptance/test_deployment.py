"""docker-compose.yml without Docker: its commands run with its environment file, and what it promises is in it."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from lifeline.embedded.loopback import free_port, listens
from lifeline.offspring import spawn, stop

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ROLES = {"ingest": 9101, "dispatch": 9102, "api": 9103}
ONCE = ("migrate", "credentials")


def read_env_file(values: dict[str, str]) -> dict[str, str]:
    """.env.example as Compose reads it, with the places of this test's servers put in for those of the containers."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    found = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert values.keys() <= found.keys()
    return found | values


@pytest.fixture
def environment(empty_database_url: str, broker_url: str, tmp_path: Path) -> dict[str, str]:
    """What a service finds around it."""
    broker = urlsplit(broker_url)
    values = {
        "LIFELINE_DATABASE_URL": empty_database_url,
        "LIFELINE_BROKER_URL": f"{broker.scheme}://hub:secret@{broker.hostname}:{broker.port}",
        "LIFELINE_READER_PASSWORD": "a reader's passphrase",
        "LIFELINE_API_PORT": "0",
    }
    around = {name: value for name, value in os.environ.items() if not name.startswith("LIFELINE_")}
    around["PATH"] = f"{Path(sys.executable).parent}:{around['PATH']}"
    return around | read_env_file(values)


def run_once(name: str, environment: dict[str, str], tmp_path: Path) -> None:
    """A service that does its work and ends."""
    service = SERVICES[name]
    command = [*service.get("entrypoint", ["lifeline"]), *service["command"]]
    command = [part.replace("/var/lib/lifeline", str(tmp_path)) for part in command]
    subprocess.run(command, env=environment, cwd=tmp_path, check=True, capture_output=True, timeout=60)


@pytest.fixture
def running(environment: dict[str, str], tmp_path: Path) -> Iterator[dict[str, int]]:
    """The three services that stay, on ports of their own."""
    for name in ONCE:
        run_once(name, environment, tmp_path)
    ports = {role: free_port() for role in ROLES}
    processes = []
    for role, port in ports.items():
        own = environment | {f"LIFELINE_{role.upper()}_PROBE_PORT": str(port), "LIFELINE_LOG_JSON": "true"}
        with (tmp_path / f"{role}.log").open("ab") as log:
            processes.append(
                spawn(
                    ["lifeline", *SERVICES[role]["command"]], death_signal=signal.SIGKILL, output=log, environment=own
                )
            )
    yield ports
    for process in processes:
        stop(process, signal.SIGTERM)


def test_every_service_of_the_hub_runs_with_the_same_environment_file(running: dict[str, int], tmp_path: Path) -> None:
    for role, port in running.items():
        _, python, *arguments = SERVICES[role]["healthcheck"]["test"]
        assert (python, arguments[0]) == ("python", "-c")
        check = [sys.executable, "-c", arguments[1].replace(str(ROLES[role]), str(port))]
        deadline = time.monotonic() + 30
        while not listens(port) or subprocess.run(check, capture_output=True).returncode != 0:
            assert time.monotonic() < deadline, (tmp_path / f"{role}.log").read_text()
            time.sleep(0.1)
    assert (tmp_path / "credentials" / "passwords").read_text().startswith("hub:$7$")


def test_every_service_is_watched_bounded_and_started_again() -> None:
    for name, service in SERVICES.items():
        if name not in ONCE:
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}, name
        assert service["logging"]["options"]["max-size"], name
        if "image" in service and not service["image"].startswith("lifeline"):
            assert re.search(r":\d+\.\d+", service["image"]), f"{name}: pin its version"


def test_what_is_mounted_is_there_and_secrets_are_named() -> None:
    for name, service in SERVICES.items():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            if source.startswith("./secrets"):
                continue
            assert (ROOT / source).exists() if source.startswith("./") else source in COMPOSE["volumes"], (name, mount)
        assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys(), name
    assert all(secret["file"].startswith("./secrets/") for secret in COMPOSE["secrets"].values())


def test_nothing_secret_is_in_the_files() -> None:
    assert "password" not in {key.lower() for service in SERVICES.values() for key in service.get("environment", {})}
    example = read_env_file({})
    for variable in ("LIFELINE_BROKER_URL", "LIFELINE_DATABASE_URL", "LIFELINE_READER_PASSWORD"):
        assert "CHANGE_ME" in example[variable]
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {".env", "secrets/"} <= set(ignored)


def test_first_start_makes_everything_that_is_needed_once(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl: apt-get install openssl")
    (tmp_path / "deploy").mkdir()
    for name in ("first-start", "make-certificates"):
        target = tmp_path / "deploy" / name
        target.write_bytes((ROOT / "deploy" / name).read_bytes())
        target.chmod(0o755)
    (tmp_path / ".env.example").write_text((ROOT / ".env.example").read_text())
    subprocess.run([tmp_path / "deploy" / "first-start", "broker.example", "10.0.0.5"], check=True, capture_output=True)
    made = {path: path.read_bytes() for path in (tmp_path / "secrets").rglob("*") if path.is_file()}
    environment = (tmp_path / ".env").read_text()
    assert "CHANGE_ME" not in environment
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    for secret in COMPOSE["secrets"].values():
        assert (tmp_path / secret["file"]).exists(), secret
    subprocess.run([tmp_path / "deploy" / "first-start", "broker.example"], check=True, capture_output=True)
    assert {path: path.read_bytes() for path in made} == made
    assert (tmp_path / ".env").read_text() == environment


@pytest.mark.parametrize("unit", ["lifeline-ingest", "lifeline-dispatch", "lifeline-api"])
def test_a_systemd_unit_runs_the_command_of_its_service(unit: str) -> None:
    text = (ROOT / "deploy" / "systemd" / f"{unit}.service").read_text()
    (command,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    assert shlex.split(command)[1:] == SERVICES[unit.removeprefix("lifeline-")]["command"]
    assert "EnvironmentFile=/etc/lifeline/lifeline.env" in text
    assert {"Restart=always", "NoNewPrivileges=true", "ProtectSystem=strict"} <= set(text.splitlines())
