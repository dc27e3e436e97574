"""Drills over the API: which there are, starting one on the stage that holds them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg
import httpx
import pytest
from county_support import NOW
from fastapi import FastAPI

from api.access.throttle import Limits
from api.app import create_app
from api.fields import Bilingual
from api.stage import Drill, DrillStart


@dataclass
class Stage:
    """Holds one drill, and writes down what it was asked for."""

    started: list[tuple[str, DrillStart]] = field(default_factory=list)

    def drills(self) -> Sequence[Drill]:
        return [Drill(name="flood", title=Bilingual(zh="内涝", en="Flood"), duration_s=600, wanted=4)]

    async def start(self, drill: str, start: DrillStart) -> None:
        self.started.append((drill, start))


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def app(pool: asyncpg.Pool, unlimited: Limits, stage: Stage | None) -> FastAPI:
    return create_app(pool, clock=lambda: NOW, limits=unlimited, stage=stage)


async def test_drills_are_listed_and_one_is_started(
    viewer: httpx.AsyncClient, officer: httpx.AsyncClient, stage: Stage
) -> None:
    title = {"zh": "内涝", "en": "Flood"}
    listed = {"items": [{"name": "flood", "title": title, "duration_s": 600, "wanted": 4}]}
    assert (await viewer.get("/drills")).json() == (await officer.get("/drills")).json() == listed
    chosen = {"squads": ["drainage-1"], "people": ["leader-1"], "seed": 7}
    started = await officer.post("/drills/flood/start", json=chosen)
    assert (started.status_code, started.json()) == (202, {"drill": "flood"})
    assert [(name, start.model_dump()) for name, start in stage.started] == [("flood", chosen)]
    assert (await officer.post("/drills/flood/start", json={})).status_code == 202  # all squads, nobody is told
    for wrong in ({"squads": ["--live"]}, {"squads": ["a b"]}, {"seed": -1}, {"speed": 3}):
        assert (await officer.post("/drills/flood/start", json=wrong)).status_code == 422, wrong
    unknown = await officer.post("/drills/earthquake/start", json={})
    assert (unknown.status_code, "earthquake" in unknown.json()["detail"]) == (404, True)
    assert (await viewer.post("/drills/flood/start", json={})).status_code == 403
    assert len(stage.started) == 2


@pytest.mark.parametrize("stage", [None])
async def test_a_process_without_a_broker_holds_none(officer: httpx.AsyncClient) -> None:
    assert (await officer.get("/drills")).json() == {"items": []}
    assert (await officer.post("/drills/flood/start", json={})).status_code == 404
