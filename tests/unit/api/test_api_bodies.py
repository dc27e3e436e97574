"""In a body numbers are numbers, booleans are booleans and times are texts; in an address all is text."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from api.app import create_app
from api.fields import Asked, Instant, YesNo

APP = create_app(None)  # type: ignore[arg-type]  # nothing is asked of the database
BODIES: dict[str, TypeAdapter[Any]] = {
    route.name: TypeAdapter(route.body_field.field_info.annotation)
    for route in APP.routes
    if isinstance(route, APIRoute) and route.body_field is not None
}
WRONG = {
    "integer": ("5", True),
    "number": ("5", True),
    "boolean": ("true", 1),
    "date-time": (1_700_000_000, True),
    "date": (1_700_000_000, True),
}


def leaves(schema: dict[str, Any], known: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The way to each number, boolean and time of a body, its type last; "[]" stands for the items of a list."""
    if "$ref" in schema:
        schema = known[schema["$ref"].rpartition("/")[2]]
    kind = schema.get("format", schema.get("type"))
    if kind in WRONG:
        yield (*path, kind)
    for name, member in schema.get("properties", {}).items():
        yield from leaves(member, known, (*path, name))
    for variant in schema.get("anyOf", ()):
        yield from leaves(variant, known, path)
    if "items" in schema:
        yield from leaves(schema["items"], known, (*path, "[]"))


def every_leaf() -> Iterator[Any]:
    for name, body in BODIES.items():
        schema = body.json_schema()
        for leaf in leaves(schema, schema.get("$defs", {}), ()):
            yield pytest.param(name, leaf, id=".".join((name, *leaf)))


LEAVES = list(every_leaf())


def test_there_are_some() -> None:
    assert len(LEAVES) > 30


@pytest.mark.parametrize(("name", "leaf"), LEAVES)
def test_no_other_type_stands_for_a_number_a_boolean_or_a_time(name: str, leaf: tuple[str, ...]) -> None:
    *path, kind = leaf
    for wrong in WRONG[kind]:
        value: Any = wrong
        for step in reversed(path):
            value = [value] if step == "[]" else {step: value}
        with pytest.raises(ValidationError) as caught:
            BODIES[name].validate_python(value)
        names = [step for step in path if step != "[]"]
        at_fault = [[part for part in error["loc"] if part in names] for error in caught.value.errors()]
        assert names in at_fault, caught.value


def test_what_is_written_as_it_should_be_passes() -> None:
    written = {"starts_at": "2026-05-01T08:00:00Z", "ends_at": "2026-05-01T16:00:00+08:00", "who": "gas-1"}
    BODIES["put_shift"].validate_python(written)
    for whole in (5, 5.0):  # one number, to JSON Schema
        assert BODIES["merge_incident"].validate_python({"into": whole}).into == 5


class Filter(Asked):
    """An address's parameters."""

    number: int
    yes: YesNo
    since: Instant


def test_in_an_address_all_is_text() -> None:
    found = Filter.model_validate({"number": "5", "yes": "true", "since": "2026-05-01T08:00:00Z"})
    assert (found.number, found.yes, found.since.hour) == (5, True, 8)
