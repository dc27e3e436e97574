"""Errors as answers: RFC 9457 problem details, and the one place where an error gets its HTTP status."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import Route

from alerts.cases import UnknownIncidentError
from alerts.intake import ReportError
from alerts.register import UnfoundedError, UnknownHazardError
from alerts.rulebook import DecidedRuleError, OwnRuleError, UnknownRuleError
from alerts.rules import RuleError
from alerts.silences import SilenceError, UnknownSilenceError
from alerts.stages import StageError
from api.errors import (
    AlreadyDone,
    ApiError,
    BadLines,
    BodyTooLarge,
    BodyTooSlow,
    Conflict,
    Forbidden,
    InvalidValue,
    NotFound,
    NotTaken,
    Outdated,
    Overdue,
    PasswordChangeNeeded,
    TooMany,
    Unauthenticated,
    Unconditional,
    Unhealthy,
    Unreachable,
    WrongCredentials,
)
from api.languages import Language, language_of
from api.validation import explain
from api.webhooks.guard import ForbiddenTarget
from dispatch.exercises import ExerciseError
from dispatch.messages import NotDeadError
from dispatch.planbook import DecidedPlanError, OwnPlanError, UnknownPlanError
from dispatch.plans import PlanError
from dispatch.rota import RotaError, UnknownShiftError
from dispatch.squads import UnknownSquadError
from dispatch.steps import TransitionError, UnknownTaskError
from dispatch.supplies import SuppliesError, UnknownSupplyError
from ingest.errors import BilingualError
from ingest.quarantine import QuarantineError

MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of problem: its status, the word in its type, and its title."""

    status: int
    word: str
    zh: str
    en: str
    headers: Mapping[str, str] | None = None


_RETRY = {"Retry-After": "5"}
_MALFORMED = Sort(400, "malformed", "请求无法解析", "The request can't be read")
_FORBIDDEN = Sort(403, "forbidden", "没有权限", "Not allowed")
_UNKNOWN_PATH = Sort(404, "not-found", "没有找到", "Not found")
_METHOD = Sort(405, "method-not-allowed", "不支持此方法", "Method not allowed")
_INVALID = Sort(422, "invalid", "请求内容不正确", "The request isn't valid")
_CONFLICT = Sort(409, "conflict", "当前状态不允许", "Not possible in this state")
_INTERNAL = Sort(500, "internal", "服务器内部错误", "Internal error")
_BY_ERROR: tuple[tuple[type[BilingualError], Sort], ...] = (
    (
        Unauthenticated,
        Sort(401, "unauthenticated", "需要登录或密钥", "A log-in or a key is needed", {"WWW-Authenticate": "Bearer"}),
    ),
    (
        WrongCredentials,
        Sort(401, "wrong-credentials", "无法登录", "Not logged in", {"WWW-Authenticate": "Bearer"}),
    ),
    (Forbidden, _FORBIDDEN),
    (PasswordChangeNeeded, Sort(403, "password-change-needed", "请先修改密码", "Change the password first")),
    (NotFound, _UNKNOWN_PATH),
    (UnknownTaskError, _UNKNOWN_PATH),
    (UnknownHazardError, _UNKNOWN_PATH),
    (UnknownIncidentError, _UNKNOWN_PATH),
    (NotDeadError, _CONFLICT),
    (UnknownRuleError, _UNKNOWN_PATH),
    (UnknownSilenceError, _UNKNOWN_PATH),
    (UnknownSquadError, _UNKNOWN_PATH),
    (UnknownPlanError, _UNKNOWN_PATH),
    (UnknownShiftError, _UNKNOWN_PATH),
    (UnknownSupplyError, _UNKNOWN_PATH),
    (OwnPlanError, _FORBIDDEN),
    (OwnRuleError, _FORBIDDEN),
    (BodyTooSlow, Sort(408, "body-too-slow", "请求体接收超时", "The body came too slowly", {"Connection": "close"})),
    (TransitionError, _CONFLICT),
    (StageError, _CONFLICT),
    (DecidedRuleError, _CONFLICT),
    (DecidedPlanError, _CONFLICT),
    (ExerciseError, _CONFLICT),
    (SuppliesError, _CONFLICT),
    (QuarantineError, _CONFLICT),
    (Conflict, _CONFLICT),
    (AlreadyDone, _CONFLICT),
    (Outdated, Sort(412, "outdated", "内容已被修改", "Changed meanwhile")),
    (BodyTooLarge, Sort(413, "body-too-large", "请求体过大", "The body is too large", {"Connection": "close"})),
    (InvalidValue, _INVALID),
    (BadLines, _INVALID),
    (UnfoundedError, _INVALID),
    (ReportError, _INVALID),
    (ForbiddenTarget, _INVALID),
    (RuleError, _INVALID),
    (SilenceError, _INVALID),
    (PlanError, _INVALID),
    (RotaError, _INVALID),
    (Unconditional, Sort(428, "if-match-needed", "缺少 If-Match", "If-Match is missing")),
    (TooMany, Sort(429, "too-many", "请求过于频繁", "Too many requests")),
    (NotTaken, Sort(503, "not-taken", "消息未被接收", "The message was not taken", _RETRY)),
    (Unhealthy, Sort(503, "unhealthy", "系统部分不工作", "Part of the hub isn't working")),
    (Overdue, Sort(503, "overdue", "查询用时过长", "The query took too long")),
    (Unreachable, Sort(503, "unreachable", "数据库不可用", "The database isn't available", _RETRY)),
)
FORESEEN = tuple(kind for kind, _sort in _BY_ERROR)
"""The errors that become answers of their own."""

_BY_STATUS = {sort.status: sort for sort in (_MALFORMED, _UNKNOWN_PATH, _METHOD)}


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    location: str = Field(description="Where it is, as query.limit or body.note", examples=["query.limit"])
    detail: str = Field(description="What is wrong", examples=["Input should be less than or equal to 500"])


class Problem(BaseModel):
    """RFC 9457 problem details. ``detail`` says what to do, in the language of Accept-Language (zh or en)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(
        description="What sort of problem; stable, for programs", examples=["urn:lifeline:problem:invalid"]
    )
    title: str = Field(description="The sort of problem in words")
    status: int = Field(ge=400, le=599, description="The HTTP status again")
    detail: str = Field(description="What happened and what to do")
    request_id: str = Field(description="Finds this request in the hub's log; also in X-Request-Id")
    errors: list[Fault] = Field([], description="What is wrong with the request, each with its place; for status 422")


def sort_of(error: Exception) -> Sort:
    """The sort of problem that ``error`` is; internal when it isn't known."""
    for kind, sort in _BY_ERROR:
        if isinstance(error, kind):
            return sort
    return _INTERNAL


def problem_response(
    request: Request, sort: Sort, *, zh: str, en: str, extra: Mapping[str, object] | None = None
) -> Response:
    """The answer for a problem, with its sentence in the language of the request."""
    language = language_of(request.headers.get("accept-language", ""))
    body = {
        "type": f"urn:lifeline:problem:{sort.word}",
        "title": sort.zh if language == "zh" else sort.en,
        "status": sort.status,
        "detail": zh if language == "zh" else en,
        "request_id": request.scope.get("lifeline.request_id", ""),
        **(extra or {}),
    }
    headers = {"Content-Language": language, "Vary": "Accept-Language", **(sort.headers or {})}
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), sort.status, headers, MEDIA_TYPE)


async def answer_error(request: Request, error: Exception) -> Response:
    """The answer for an error of this room, or of a room to the right."""
    assert isinstance(error, BilingualError)  # all that are registered below
    extra: dict[str, object] = {}
    if isinstance(error, InvalidValue):
        extra["errors"] = [{"location": error.location, "detail": _in(request, error)}]
    if isinstance(error, BadLines):
        extra["errors"] = [{"location": place, "detail": fault} for place, fault in error.faults]
    if isinstance(error, Unhealthy):
        extra.update(error.state)
    # Rooms to the right leave the full stop to who shows it.
    zh, en = f"{error.zh.removesuffix('。')}。", f"{error.en.removesuffix('.')}."
    response = problem_response(request, sort_of(error), zh=zh, en=en, extra=extra)
    if isinstance(error, ApiError):
        response.headers.update(error.headers)
    return response


def _in(request: Request, error: ApiError) -> str:
    language: Language = language_of(request.headers.get("accept-language", ""))
    return error.zh if language == "zh" else error.en


async def _answer_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # registered for it below
    language = language_of(request.headers.get("accept-language", ""))
    faults = [{"location": place, "detail": detail} for place, detail in explain(error.errors(), language)]
    places = ", ".join(fault["location"] for fault in faults)
    return problem_response(
        request,
        _INVALID,
        zh=f"请改正：{places}。各处的原因见 errors。",
        en=f"Correct {places}; errors says what is wrong with each.",
        extra={"errors": faults},
    )


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # registered for it below
    sort = _BY_STATUS.get(error.status_code)
    if sort is None:
        phrase = HTTPStatus(error.status_code).phrase
        sort = Sort(error.status_code, phrase.lower().replace(" ", "-"), phrase, phrase)
    sentences = {
        404: (
            "没有这个地址；所有地址见 /api/v1/openapi.json。",
            "There is no such address; see /api/v1/openapi.json for all.",
        ),
        405: (
            "此地址不支持该方法；支持的方法见 Allow。",
            "This address doesn't take that method; Allow says which it takes.",
        ),
    }
    zh, en = sentences.get(
        error.status_code, ("请求无法解析，请检查格式。", "The request can't be read: check its form.")
    )
    response = problem_response(request, sort, zh=zh, en=en)
    response.headers.update(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = ", ".join(sorted(_methods_of(request)))
    return response


def _methods_of(request: Request) -> set[str]:
    # Starlette names the methods of the first route of a path only.
    return {
        method
        for route in request.app.routes
        if isinstance(route, Route) and route.path_regex.match(request.url.path)
        for method in route.methods or ()
    }


def answer_unforeseen(request: Request, error: Exception) -> Response:
    """The answer for an error that nobody foresaw; it goes to the log whole, and tells the caller nothing."""
    _log.error("request_failed", exc_info=error, method=request.method, path=request.url.path)
    return problem_response(
        request,
        _INTERNAL,
        zh="出现意外错误，已记入日志。请把 request_id 告诉管理员。",
        en="Something unexpected happened and was logged. Give the administrator the request_id.",
    )


def install(app: FastAPI) -> None:
    """Make every foreseen error of ``app`` an answer of this form."""
    for kind in FORESEEN:
        app.add_exception_handler(kind, answer_error)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)
