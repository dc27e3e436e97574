"""What OpenAPI says about a route's answers: an example, and the errors it may give."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import MEDIA_TYPE, Problem

_REASONS = {
    400: ("malformed", "The request can't be read", "The request can't be read: check its form."),
    401: (
        "unauthenticated",
        "No key, or one that isn't valid",
        "Send a valid key as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'; the administrator hands them out.",
    ),
    403: ("forbidden", "The key's role may not do this", "This key may only read: use a key of the role officer."),
    404: ("not-found", "There is no such thing", "There is no task 7; /api/v1/tasks lists them."),
    408: ("body-too-slow", "The body came too slowly", "The body must arrive within 10 s: try again."),
    409: ("conflict", "Its state doesn't allow that", "Task 7 is done: it can't be accepted any more."),
    413: ("body-too-large", "The body is too large", "A body may have 65536 bytes: shorten it."),
    422: ("invalid", "A value isn't valid", "Correct query.limit; errors says what is wrong with each."),
    503: (
        "unreachable",
        "The database is busy, slow or away",
        "The database is busy or can't be reached. Try again in a few seconds; else see /api/v1/health.",
    ),
}
_BODY = (400, 408, 413)


def problem(status: int, **more: object) -> dict[str, Any]:
    """OpenAPI's description of one error answer."""
    word, description, detail = _REASONS[status]
    example = {
        "type": f"urn:lifeline:problem:{word}",
        "title": description,
        "status": status,
        "detail": detail,
        "request_id": "6f1c9a0e4be84d3f9a52c7d1e0b83a44",
        **more,
    }
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    return {"description": description, "content": {MEDIA_TYPE: content}}


def answers(example: object, *errors: int, keyed: bool = True) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route: an example of its 200, and ``errors`` beside those that any route may give.

    A route that acts (it lists 403) also takes a body, and names the errors of that.
    """
    statuses = {*errors, 503} | ({401, 422} if keyed else set()) | (set(_BODY) if 403 in errors else set())
    faults = [{"location": "query.limit", "detail": "Input should be less than or equal to 500"}]
    described: dict[int | str, dict[str, Any]] = {
        status: problem(status, **({"errors": faults} if status == 422 else {})) for status in sorted(statuses)
    }
    ok: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {"example": _hide_nulls(example)}}}}
    return ok | described


def document(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1 of ``app``, with the schema of problems, which no route returns by itself."""
    spec = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        tags=app.openapi_tags,
        routes=app.routes,
    )
    schemas = spec["components"]["schemas"]
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs"))
    schemas["Problem"] = schema
    shown: dict[str, Any] = _show_nulls(spec)
    return shown


# FastAPI leaves null members out of examples, so they go through it under another name.
_NULL = "null\0"


def _hide_nulls(value: Any) -> Any:
    return _replaced(value, None, _NULL)


def _show_nulls(value: Any) -> Any:
    return _replaced(value, _NULL, None)


def _replaced(value: Any, old: object, new: object) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(member, old, new) for key, member in value.items()}
    if isinstance(value, list):
        return [_replaced(member, old, new) for member in value]
    return new if value == old else value
