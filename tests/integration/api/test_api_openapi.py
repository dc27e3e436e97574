"""What OpenAPI says holds: every route is described, examples fit, and generated requests find no gap."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import jsonschema_rs
import pytest

from api.app import openapi_document

SPEC = openapi_document()
OPERATIONS = [
    pytest.param(method, route, operation, id=f"{method.upper()} {route}")
    for route, methods in SPEC["paths"].items()
    for method, operation in methods.items()
]


# Read once: a validator that is given all the components reads them all.
REGISTRY = jsonschema_rs.Registry([("urn:openapi", SPEC)])


def validator(*path: str) -> jsonschema_rs.Draft202012Validator:
    """Of the schema that is found along ``path``."""
    pointer = "/".join(quote(step.replace("~", "~0").replace("/", "~1")) for step in path)
    return jsonschema_rs.Draft202012Validator({"$ref": f"urn:openapi#/{pointer}"}, registry=REGISTRY)


def test_it_is_openapi_3_1_with_every_reference_there() -> None:
    assert SPEC["openapi"].startswith("3.1")

    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from (value["$ref"],) if "$ref" in value else ()
            for member in value.values():
                yield from references(member)
        elif isinstance(value, list):
            for member in value:
                yield from references(member)

    wanted = set(references(SPEC))
    assert wanted
    for reference in wanted:
        assert reference.removeprefix("#/components/schemas/") in SPEC["components"]["schemas"]
    names = [operation["operationId"] for methods in SPEC["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("method", "route", "operation"), OPERATIONS)
def test_every_route_is_described(method: str, route: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert len(operation["description"]) > 15
    assert operation["tags"]
    answers, place = operation["responses"], ("paths", route, method, "responses")
    success, *others = sorted({"200", "201", "202", "204", "302"} & set(answers))
    for media_type, content in answers[success].get("content", {}).items():
        if media_type == "application/json":
            validator(*place, success, "content", media_type, "schema").validate(content["example"])
    wanted = {"503", "422", "429"}
    if operation["security"]:
        assert {"bearer": []} in operation["security"]
        assert {"apiKey": []} in operation["security"]
        assert operation["x-roles"]
        wanted |= {"401", "403"}
    if "{" in route and not others:
        wanted.add("404")
    if "requestBody" in operation:
        wanted |= {"400", "408", "413"}
    if method == "put":
        wanted |= {"412", "428"}
    assert wanted <= set(answers)
    for status in set(answers) - {success, *others, "304"}:  # nothing new has no body
        problem = answers[status]["content"]["application/problem+json"]
        validator(*place, status, "content", "application/problem+json", "schema").validate(problem["example"])
        assert problem["example"]["status"] == int(status)
    for parameter in operation.get("parameters", []):
        assert parameter.get("description") or "enum" in parameter["schema"]


def test_every_number_of_a_reading_has_its_unit() -> None:
    for name, schema in SPEC["components"]["schemas"].items():
        if name.endswith("Reading"):
            for key, member in schema["properties"].items():
                assert "x-unit" in member or key in ("time", "cover_state"), (name, key)


async def test_it_is_served_to_anyone(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/openapi.json")
    assert (answer.status_code, answer.json()) == (200, SPEC)


async def test_names_of_members_that_are_refused_are_described_so(everybody: dict[str, httpx.AsyncClient]) -> None:
    sent = {"kind": "gas", "attributes": {"Not a name": "a text"}}
    assert not validator("components", "schemas", "SensorEntry").is_valid(sent)
    assert (await everybody["administrator"].put("/sensors/GAS-9", json=sent)).status_code == 422
