"""What OpenAPI says about a route's answers: an example, and the errors it may give."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.access import idempotency
from api.access.roles import PERMISSIONS
from api.problems import MEDIA_TYPE, Problem

_REASONS = {
    400: ("malformed", "The request can't be read", "The request can't be read: check its form."),
    401: (
        "unauthenticated",
        "No token or key, or one that isn't valid",
        "Log in (POST /api/v1/auth/login) and send 'Authorization: Bearer TOKEN', or a key as 'X-API-Key: KEY'.",
    ),
    403: ("forbidden", "The caller's role or scope doesn't allow it", "The role viewer may not do this."),
    404: ("not-found", "There is no such thing", "There is no task 7; /api/v1/tasks lists them."),
    408: ("body-too-slow", "The body came too slowly", "The body must arrive within 10 s: try again."),
    409: ("conflict", "Its state doesn't allow that", "Task 7 is done: it can't be accepted any more."),
    412: ("outdated", "Changed meanwhile", "It was changed meanwhile: read it again and send its new ETag."),
    413: ("body-too-large", "The body is too large", "A body may have 65536 bytes: shorten it."),
    422: ("invalid", "A value isn't valid", "Correct query.limit; errors says what is wrong with each."),
    428: ("if-match-needed", "If-Match is missing", "Send the ETag that you read as If-Match."),
    429: ("too-many", "Too many requests", "That was too often: try again in 7 s."),
    503: (
        "unreachable",
        "The database is busy, slow or away",
        "The database is busy or can't be reached. Try again in a few seconds; else see /api/v1/health.",
    ),
}
_BODY = (400, 408, 413)
_CONDITION = (412, 428)
_ETAG = {"ETag": {"description": "Send it as If-Match with a change", "schema": {"type": "string"}}}


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


def answers(
    example: object,
    *errors: int,
    keyed: bool = True,
    acts: bool = False,
    body: bool = False,
    tagged: bool = False,
    matched: bool = False,
    status: int = 200,
) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route: an example of its success, and ``errors`` beside those that any route may give.

    A route that ``acts`` can meet a state that doesn't allow it; one with a ``body`` names the errors of that; a
    ``tagged`` answer has an ETag; a ``matched`` request has to send one. An ``example`` of None: no content.
    """
    statuses = {*errors, 422, 429, 503} | ({401, 403} if keyed else set())
    statuses |= ({409} | set(_BODY) if acts else set()) | (set(_BODY) if body else set())
    statuses |= set(_CONDITION) if matched else set()
    faults = [{"location": "query.limit", "detail": "Input should be less than or equal to 500"}]
    described: dict[int | str, dict[str, Any]] = {
        status: problem(status, **({"errors": faults} if status == 422 else {})) for status in sorted(statuses)
    }
    success: dict[str, Any] = {"headers": _ETAG} if tagged else {}
    if example is not None:
        success["content"] = {"application/json": {"example": _hide_nulls(example)}}
    return {status: success} | described


def document(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1 of ``app``, with the schema of problems, which no route returns by itself.

    Where names of members have to match a pattern, others are refused, which pydantic leaves out.
    """
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
    _close(schemas)
    for methods in spec["paths"].values():
        for method, operation in methods.items():
            _tell_roles(method, operation)
    shown: dict[str, Any] = _show_nulls(spec)
    return shown


def _close(schema: Any) -> None:
    members = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    if isinstance(schema, dict) and "patternProperties" in schema:
        schema.setdefault("additionalProperties", False)
    for member in members:
        _close(member)


def _tell_roles(method: str, operation: dict[str, Any]) -> None:
    roles = PERMISSIONS.get(operation["operationId"])
    if roles is None:
        operation["security"] = []
        return
    operation["x-roles"] = sorted(roles)
    operation["description"] += f" Roles: {', '.join(sorted(roles))}."
    if method == "post":
        operation.setdefault("parameters", []).append(idempotency.PARAMETER)
        operation["responses"].setdefault("409", problem(409))


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
