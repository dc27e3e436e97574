"""Pushing and comparing, over real HTTP, against a server that keeps what the part of Grafana's API that we use keeps.

It is a stand-in: no Grafana runs here. What it refuses and how it answers follows Grafana's HTTP API documentation.
"""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from typer.testing import CliRunner

from dashboards.catalogue import CONSOLE, all_dashboards
from dashboards.errors import DashboardError
from dashboards.grafana import FOLDERS, Grafana
from lifeline.commands.dashboards import app

TOKEN = "glsa_secret"


@dataclass
class Kept:
    """What the server holds, and every request that changed it."""

    folders: dict[str, str] = field(default_factory=dict)
    dashboards: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    url: str = ""


class Server(ThreadingHTTPServer):
    """Serves what it keeps."""

    def __init__(self, kept: Kept) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.kept = kept


class Handler(BaseHTTPRequestHandler):
    server: "Server"

    def log_message(self, *arguments: Any) -> None:
        """Nothing: pytest's output is for failures."""

    def answer(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def is_let_in(self) -> bool:
        if self.headers["Authorization"] == f"Bearer {TOKEN}":
            return True
        self.answer(401, {"message": "Invalid API key"})
        return False

    def do_GET(self) -> None:
        if not self.is_let_in():
            return
        what, _, uid = self.path.removeprefix("/api/").rpartition("/")
        found = self.server.kept.folders if what == "folders" else self.server.kept.dashboards
        if uid not in found:
            self.answer(404, {"message": "not found"})
        else:
            self.answer(200, {"uid": uid} if what == "folders" else found[uid])

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.is_let_in():
            return
        self.server.kept.writes.append(self.path)
        if self.path == "/api/folders":
            self.server.kept.folders[body["uid"]] = body["title"]
            self.answer(200, body)
        elif body["folderUid"] not in self.server.kept.folders:
            self.answer(400, {"message": "folder not found"})
        else:
            uid = body["dashboard"]["uid"]
            version = (
                self.server.kept.dashboards[uid]["dashboard"]["version"] + 1
                if uid in self.server.kept.dashboards
                else 1
            )
            given = {"id": len(self.server.kept.dashboards) + 1, "version": version}
            self.server.kept.dashboards[uid] = {
                "dashboard": body["dashboard"] | given,
                "meta": {"folderUid": body["folderUid"]},
            }
            self.answer(200, {"uid": uid, "status": "success"})


@pytest.fixture
def kept() -> Iterator[Kept]:
    holds = Kept()
    server = Server(holds)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    holds.url = f"http://127.0.0.1:{server.server_port}"
    yield holds
    server.shutdown()
    thread.join()
    server.server_close()


DASHBOARDS = all_dashboards(CONSOLE)


def test_the_first_push_makes_all_of_it_and_the_second_nothing(kept: Kept) -> None:
    with Grafana(kept.url, TOKEN) as grafana:
        assert {difference.state for difference in grafana.push(DASHBOARDS)} == {"new"}
        assert kept.folders == {uid: title for uid, title in FOLDERS.values()}
        assert kept.dashboards.keys() == {body["uid"] for body in DASHBOARDS.values()}
        written = len(kept.writes)
        assert {difference.state for difference in grafana.push(DASHBOARDS)} == {"same"}
    assert len(kept.writes) == written


def test_each_language_has_its_folder(kept: Kept) -> None:
    with Grafana(kept.url, TOKEN) as grafana:
        grafana.push(DASHBOARDS)
    assert kept.dashboards["lifeline-county-zh"]["meta"]["folderUid"] == "lifeline-zh"
    assert kept.dashboards["lifeline-county-en"]["meta"]["folderUid"] == "lifeline-en"


def test_what_somebody_changed_in_grafana_is_shown_and_put_back(kept: Kept) -> None:
    with Grafana(kept.url, TOKEN) as grafana:
        grafana.push(DASHBOARDS)
        kept.dashboards["lifeline-gas-en"]["dashboard"]["title"] = "somebody's own"
        changed = [difference for difference in grafana.compare(DASHBOARDS) if difference.state != "same"]
        assert [difference.uid for difference in changed] == ["lifeline-gas-en"]
        assert '-  "title": "somebody\'s own",' in changed[0].lines
        grafana.push(DASHBOARDS)
        assert {difference.state for difference in grafana.compare(DASHBOARDS)} == {"same"}


def test_a_wrong_token_is_told_apart_from_a_grafana_that_is_not_there(kept: Kept) -> None:
    with Grafana(kept.url, "wrong") as grafana, pytest.raises(DashboardError, match="LIFELINE_GRAFANA_TOKEN") as raised:
        grafana.push(DASHBOARDS)
    assert "wrong" not in str(raised.value)
    with Grafana("http://127.0.0.1:9", TOKEN) as grafana, pytest.raises(DashboardError, match="can't reach"):
        grafana.compare(DASHBOARDS)


def test_the_commands_push_and_then_find_no_difference(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFELINE_GRAFANA_URL", kept.url)
    monkeypatch.setenv("LIFELINE_GRAFANA_TOKEN", TOKEN)
    before = CliRunner().invoke(app, ["diff"])
    assert before.exit_code == 1
    assert "new     lifeline-county-zh" in before.output
    assert CliRunner().invoke(app, ["push"]).exit_code == 0
    assert CliRunner().invoke(app, ["diff"]).exit_code == 0
    assert TOKEN not in before.output
