"""Logs: no password gets through, in either form, tracebacks included."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifeline.logs import hide_secrets

SECRET = "hunter2-very-secret"
PROGRAM = f"""
import httpx, logging, structlog
from lifeline.logs import configure
configure("info", as_json={{as_json}}, process="ingest")
url = "postgresql://user:{SECRET}@host/db"
structlog.get_logger().info("connected", url=url, password="{SECRET}")
structlog.get_logger().debug("not shown")
answering = httpx.MockTransport(lambda request: httpx.Response(200))
httpx.Client(transport=answering).get("https://hooks.example.org/{SECRET}")
logging.getLogger("some.library").warning("library says %s", 42)
try:
    held = dict(password="{SECRET}")
    raise ValueError("broken")
except ValueError:
    structlog.get_logger().exception("failed")
"""


def run(*, as_json: bool) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(as_json=as_json)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)


@pytest.mark.parametrize("as_json", [True, False])
def test_no_form_shows_a_password(as_json: bool) -> None:
    done = run(as_json=as_json)
    lines = done.stderr
    assert "connected" in lines
    assert "library says 42" in lines
    assert "ValueError: broken" in lines
    assert "not shown" not in lines
    # The source line of the traceback is code; the values of variables are what must stay out.
    assert SECRET not in lines.replace(f'held = dict(password="{SECRET}")', "")
    assert done.stdout == ""


def test_json_is_one_object_per_line_with_time_level_and_process() -> None:
    entries = [json.loads(line) for line in run(as_json=True).stderr.splitlines()]
    assert [entry["event"] for entry in entries] == ["connected", "library says 42", "failed"]
    assert {entry["process"] for entry in entries} == {"ingest"}
    assert [entry["level"] for entry in entries] == ["info", "warning", "error"]
    assert all(entry["timestamp"].endswith("Z") for entry in entries)
    assert entries[0]["url"] == "postgresql://user:***@host/db"


@given(st.text(st.characters(exclude_characters="/: @\t\n\r\x0b\x0c", exclude_categories=["Z", "C"]), min_size=8))
def test_any_password_in_a_url_is_hidden(password: str) -> None:
    event = hide_secrets(None, "info", {"event": f"can't reach mqtts://hub:{password}@broker:8883 now"})
    assert event["event"] == "can't reach mqtts://hub:***@broker:8883 now"


def test_what_is_no_secret_stays() -> None:
    event = {"event": "started", "probe": "http://127.0.0.1:9101", "count": 3, "mail": "a:b@c"}
    assert hide_secrets(None, "info", dict(event)) == event
