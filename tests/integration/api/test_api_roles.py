"""Who may do what: every route for every role, and for nobody in particular."""

import re
from typing import Any

import asyncpg
import httpx

from api.access.roles import PERMISSIONS, ROLES
from api.app import openapi_document

# v viewer, o officer, a approver, l leader, s squad, d administrator ("desk"), p device ("platform")
LETTERS = dict(
    zip("voalsdp", ("viewer", "officer", "approver", "leader", "squad", "administrator", "device"), strict=True)
)
SESSION = "00000000-0000-4000-8000-000000000000"
TABLE: list[tuple[str, str, str]] = [
    ("GET", "/auth/me", "voalsd"),
    ("POST", "/auth/password", "voalsd"),
    ("POST", "/auth/logout", "voalsd"),
    ("POST", "/auth/logout-everywhere", "voalsd"),
    ("GET", "/auth/sessions", "voalsd"),
    ("DELETE", f"/auth/sessions/{SESSION}", "voalsd"),
    ("GET", "/users", "d"),
    ("POST", "/users", "d"),
    ("GET", "/users/officer-1", "d"),
    ("PUT", "/users/officer-1", "d"),
    ("POST", "/users/officer-1/password", "d"),
    ("POST", "/users/officer-1/logout", "d"),
    ("GET", "/users/officer-1/sessions", "d"),
    ("GET", "/keys", "d"),
    ("POST", "/keys", "d"),
    ("DELETE", "/keys/nobody", "d"),
    ("GET", "/audit", "d"),
    ("GET", "/exports/audit", "d"),
    ("GET", "/kinds", "voalsd"),
    ("GET", "/sensors", "voald"),
    ("GET", "/sensors/GAS-1", "voald"),
    ("PUT", "/sensors/GAS-1", "od"),
    ("DELETE", "/sensors/GAS-1", "od"),
    ("POST", "/imports/sensors", "od"),
    ("GET", "/exports/sensors", "voald"),
    ("GET", "/exports/readings?kind=gas", "voald"),
    ("GET", "/sensors/GAS-1/readings", "voald"),
    ("GET", "/readings/latest", "voald"),
    ("GET", "/hazards", "voald"),
    ("GET", "/hazards/{hazard}", "voald"),
    ("POST", "/hazards/{hazard}/acknowledge", "ol"),
    ("POST", "/hazards/{hazard}/comment", "ol"),
    ("POST", "/hazards/{hazard}/check", "ol"),
    ("POST", "/hazards/{hazard}/false-alarm", "ol"),
    ("POST", "/hazards/{hazard}/clear", "ol"),
    ("GET", "/register/open", "voald"),
    ("GET", "/register/recurrence", "voald"),
    ("GET", "/register/trend", "voald"),
    ("GET", "/notifications", "voald"),
    ("POST", "/notifications/{dead}/acknowledge", "ol"),
    ("POST", "/notifications/{dead}/retry", "ol"),
    ("GET", "/exercises", "voald"),
    ("GET", "/exercises/{exercise}", "voald"),
    ("GET", "/board", "voald"),
    ("GET", "/map", "voald"),
    ("GET", "/hazards/{hazard}/grounds", "voald"),
    ("POST", "/incidents/{incident}/acknowledge", "ol"),
    ("POST", "/incidents/{incident}/comment", "ol"),
    ("GET", "/drills", "voald"),
    ("POST", "/drills/gas-leak/start", "ol"),
    ("GET", "/incidents", "voald"),
    ("GET", "/incidents/{incident}", "voald"),
    ("POST", "/incidents", "ol"),
    ("GET", "/incidents/{incident}/reports", "voald"),
    ("POST", "/incidents/{incident}/actions/file", "ol"),
    ("POST", "/incidents/{incident}/decisions/return", "ol"),
    ("POST", "/incidents/{incident}/appeal", "ol"),
    ("POST", "/incidents/{incident}/appeal/decision", "al"),
    ("POST", "/incidents/{incident}/merge", "ol"),
    ("POST", "/incidents/{incident}/split", "ol"),
    ("POST", "/incidents/{incident}/event-level", "ol"),
    ("GET", "/clocks", "voald"),
    ("GET", "/clocks/overdue", "voald"),
    ("GET", "/rules", "voald"),
    ("GET", "/rules/revisions", "voald"),
    ("POST", "/rules/proposals", "ol"),
    ("POST", "/rules/gas/gas_leak/revisions/1/approve", "al"),
    ("POST", "/rules/gas/gas_leak/revisions/1/reject", "al"),
    ("POST", "/rules/diff", "oal"),
    ("POST", "/rules/backtest", "oal"),
    ("GET", "/silences", "voald"),
    ("POST", "/silences", "ol"),
    ("POST", "/silences/{silence}/end", "ol"),
    ("GET", "/tasks", "voalsd"),
    ("GET", "/tasks/{task}", "voalsd"),
    ("POST", "/tasks/{task}/actions/accept", "ols"),
    ("GET", "/tasks/{task}/candidates", "voald"),
    ("POST", "/tasks/{task}/decisions/reassign", "ol"),
    ("GET", "/tasks/{task}/permits", "voalsd"),
    ("POST", "/tasks/{task}/permits", "ols"),
    ("GET", "/permits", "voald"),
    ("GET", "/squads", "voald"),
    ("GET", "/squads/gas-1", "voalsd"),
    ("PUT", "/squads/gas-1", "od"),
    ("DELETE", "/squads/gas-1", "od"),
    ("POST", "/squads/gas-1/out-of-service", "ols"),
    ("POST", "/squads/gas-1/in-service", "ols"),
    ("POST", "/squads/gas-1/position", "ols"),
    ("GET", "/rota", "voald"),
    ("GET", "/rota/shift-1", "voald"),
    ("PUT", "/rota/shift-1", "old"),
    ("DELETE", "/rota/shift-1", "old"),
    ("POST", "/rota/shift-1/hand-over", "ol"),
    ("GET", "/exports/rota", "voald"),
    ("POST", "/imports/rota", "old"),
    ("GET", "/plans", "voald"),
    ("GET", "/plans/revisions", "voald"),
    ("GET", "/plans/gas_leak/revisions/1", "voald"),
    ("POST", "/plans/diff", "oal"),
    ("POST", "/plans/proposals", "ol"),
    ("POST", "/plans/gas_leak/revisions/1/approve", "al"),
    ("POST", "/plans/gas_leak/revisions/1/reject", "al"),
    ("GET", "/stores", "voald"),
    ("GET", "/stores/store-1", "voald"),
    ("PUT", "/stores/store-1", "od"),
    ("GET", "/stock", "voald"),
    ("GET", "/stock/movements", "voald"),
    ("PUT", "/stores/store-1/stock/blower", "od"),
    ("POST", "/stores/store-1/stock/blower/movements", "ol"),
    ("POST", "/incidents/{incident}/materials", "ol"),
    ("GET", "/incidents/{incident}/response", "voald"),
    ("GET", "/incidents/{incident}/review", "voald"),
    ("GET", "/incidents/{incident}/review/page", "voald"),
    ("GET", "/incidents/{incident}/situation-reports", "voald"),
    ("POST", "/incidents/{incident}/situation-reports", "ol"),
    ("GET", "/shelters", "voald"),
    ("GET", "/shelters/shelter-1", "voald"),
    ("PUT", "/shelters/shelter-1", "od"),
    ("POST", "/shelters/shelter-1/state", "ol"),
    ("GET", "/contacts", "voald"),
    ("GET", "/contacts/leader-1", "voald"),
    ("PUT", "/contacts/leader-1", "od"),
    ("DELETE", "/contacts/leader-1", "od"),
    ("GET", "/grids", "voald"),
    ("GET", "/grids/grid-1", "voald"),
    ("PUT", "/grids/grid-1", "od"),
    ("GET", "/exports/grids", "voald"),
    ("GET", "/work-orders", "voald"),
    ("GET", "/work-orders/{order}", "voald"),
    ("GET", "/kpis", "voald"),
    ("POST", "/exercises/{exercise}/pause", "ol"),
    ("POST", "/exercises/{exercise}/resume", "ol"),
    ("POST", "/exercises/{exercise}/end", "ol"),
    ("GET", "/tasks/{task}/site", "voalsd"),
    ("GET", "/tasks/{task}/site/photos/{photo}", "voalsd"),
    ("GET", "/quarantine", "voald"),
    ("GET", "/quarantine/{held}", "voald"),
    ("POST", "/quarantine/{held}/drop", "ol"),
    ("POST", "/quarantine/{held}/replay", "ol"),
    ("GET", "/stream", "voalsd"),
    ("GET", "/webhooks", "d"),
    ("POST", "/webhooks", "d"),
    ("GET", "/webhooks/hook-1", "d"),
    ("PUT", "/webhooks/hook-1", "d"),
    ("DELETE", "/webhooks/hook-1", "d"),
    ("GET", "/warnings", "voald"),
    ("POST", "/warnings", "ol"),
    ("GET", "/warnings/{warning}", "voald"),
    ("PUT", "/warnings/{warning}", "ol"),
    ("DELETE", "/warnings/{warning}", "ol"),
    ("POST", "/warnings/{warning}/approve", "al"),
    ("POST", "/warnings/{warning}/release", "ol"),
    ("POST", "/warnings/{warning}/update", "ol"),
    ("POST", "/warnings/{warning}/cancel", "al"),
    ("POST", "http://hub/ingress/alertmanager", "p"),
    ("POST", "http://hub/ingress/native", "p"),
]
OPEN = {
    ("GET", "/ingress/onenet"),
    ("GET", "/public"),
    ("GET", "/public/warnings"),
    ("GET", "/public/warnings.atom"),
    ("GET", "/public/warnings/{}.xml"),
    ("GET", "/api/v1/health"),
    ("POST", "/api/v1/auth/login"),
    ("GET", "/api/v1/auth/oidc"),
    ("GET", "/api/v1/auth/oidc/callback"),
    ("POST", "/api/v1/auth/refresh"),
}


def template(method: str, route: str) -> tuple[str, str]:
    """How OpenAPI names what ``route`` asks for, with the names of parameters left out."""
    words = {
        "hook-1",
        "file",
        "return",
        "gas",
        "gas_leak",
        "1",
        "GAS-1",
        "gas-1",
        "officer-1",
        "nobody",
        "accept",
        "native",
        "shift-1",
        "store-1",
        "blower",
        "shelter-1",
        "leader-1",
        "grid-1",
        "gas-leak",
        SESSION,
    }
    path = route.removeprefix("http://hub") if route.startswith("http") else f"/api/v1{route}"
    return method, "/".join(
        "{}" if part.startswith("{") or part in words else part for part in path.partition("?")[0].split("/")
    )


def described() -> set[tuple[str, str]]:
    return {
        (method.upper(), re.sub(r"{\w+}", "{}", route))
        for route, methods in openapi_document()["paths"].items()
        for method in methods
    }


def test_the_table_names_every_route() -> None:
    assert {template(method, route) for method, route, _ in TABLE} | OPEN == described()
    assert set(LETTERS.values()) == set(ROLES)


def test_openapi_tells_the_roles_and_no_permission_is_left_over() -> None:
    told = {}
    for methods in openapi_document()["paths"].values():
        for operation in methods.values():
            told[operation["operationId"]] = operation.get("x-roles")
    assert {name for name, roles in told.items() if roles is not None} == set(PERMISSIONS)


async def state(pool: asyncpg.Pool) -> list[str]:
    tables = (
        "sensor",
        "hazard",
        "incident",
        "incident_report",
        "task",
        "task_event",
        "rule",
        "silence",
        "quarantine",
        "api_key",
        "account",
        "session",
        "squad",
        "shift",
        "plan",
        "store",
        "stock",
        "stock_entry",
        "shelter",
        "contact",
        "grid",
        "grid_owner",
        "permit",
        "situation_report",
        "exercise",
    )
    return [str([tuple(row) for row in await pool.fetch(f"SELECT * FROM {table} ORDER BY 1")]) for table in tables]


async def test_whoever_may_not_is_refused_and_nothing_changes(
    everybody: dict[str, httpx.AsyncClient], stranger: httpx.AsyncClient, county: Any, pool: asyncpg.Pool
) -> None:
    before = await state(pool)
    for method, route, letters in TABLE:
        address = route.format_map(vars(county))
        answer = await stranger.request(method, address)
        assert (answer.status_code, answer.json()["type"]) == (401, "urn:lifeline:problem:unauthenticated"), route
        assert answer.headers["www-authenticate"] == "Bearer"
        for role in set(ROLES) - {LETTERS[letter] for letter in letters}:
            answer = await everybody[role].request(method, address)
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:lifeline:problem:forbidden"), (role, route)
    assert await state(pool) == before


async def test_whoever_may_is_let_in(everybody: dict[str, httpx.AsyncClient], county: Any) -> None:
    for method, route, letters in TABLE:
        if "/logout" in route or route.endswith("-1/password"):
            continue  # that ends sessions: see the tests of log-ins
        for role in sorted(LETTERS[letter] for letter in letters):
            answer = await everybody[role].request(method, route.format_map(vars(county)))
            wanted = {200} if method == "GET" and "hook" not in route else {200, 404, 409, 422, 428, 503}
            assert answer.status_code in wanted, (role, method, route, answer.text)


async def test_to_a_squad_another_squads_task_is_not_there(
    everybody: dict[str, httpx.AsyncClient], county: Any, pool: asyncpg.Pool
) -> None:
    member = everybody["squad"]
    await pool.execute("UPDATE task SET squad_id = 'road-1'")
    before = await state(pool)
    for method, suffix in (("GET", ""), ("POST", "/actions/accept")):
        others = await member.request(method, f"/tasks/{county.task}{suffix}")
        absent = await member.request(method, f"/tasks/{county.task + 1}{suffix}")
        assert others.status_code == absent.status_code == 404
        one, other = (answer.json()["detail"] for answer in (others, absent))
        assert one.replace(f"task {county.task}", "?") == other.replace(f"task {county.task + 1}", "?")
    for query in ("", "?squad=road-1", f"?incident={county.incident}"):
        assert (await member.get(f"/tasks{query}")).json()["items"] == []
    assert await state(pool) == before
    await pool.execute("UPDATE task SET squad_id = 'gas-1'")
    assert [task["task_id"] for task in (await member.get("/tasks")).json()["items"]] == [county.task]
    accepted = await member.post(f"/tasks/{county.task}/actions/accept")
    assert accepted.json()["events"][-1]["actor"] == "user:squad-1"
    assert (await member.post(f"/tasks/{county.task}/actions/cancel")).status_code == 403
