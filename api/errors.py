"""The one error base of this room.

Every error carries its sentence in Chinese and in English and says what to do; the HTTP status that it becomes is
decided in ``api.problems`` only.
"""


class ApiError(Exception):
    """A request that can't be answered as asked."""

    def __init__(self, *, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


class Unauthenticated(ApiError):
    """No key, or one that isn't valid. One sentence for all cases, so that it tells a stranger nothing."""

    def __init__(self) -> None:
        super().__init__(
            zh="请用请求头 Authorization: Bearer KEY 或 X-API-Key: KEY 提供有效的密钥；密钥由管理员发放。",
            en="Send a valid key as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'; the administrator hands them out.",
        )


class Forbidden(ApiError):
    """The key is valid, but its role may not do this."""


class NotFound(ApiError):
    """There is no such thing."""


class InvalidValue(ApiError):
    """A value that fits its type but makes no sense here; ``location`` says which, as ``query.from``."""

    def __init__(self, location: str, *, zh: str, en: str) -> None:
        super().__init__(zh=zh, en=en)
        self.location = location


class BodyTooLarge(ApiError):
    """The request's body is over the limit."""


class BodyTooSlow(ApiError):
    """The request's body did not arrive in time."""


class Overdue(ApiError):
    """The database needed longer than a request may take."""

    def __init__(self) -> None:
        super().__init__(
            zh="查询用时过长，已停止。请缩短时间范围，或改用更大的 bucket。",
            en="The query took too long and was stopped. Ask for a shorter time range or a larger bucket.",
        )


class Unreachable(ApiError):
    """The database can't be reached, or has no connection free."""

    def __init__(self) -> None:
        super().__init__(
            zh="数据库暂时不可用或繁忙。请几秒后重试；若仍失败，请查看 /api/v1/health。",
            en="The database is busy or can't be reached. Try again in a few seconds; else see /api/v1/health.",
        )


class NotTaken(ApiError):
    """A pushed message that the broker doesn't have: it must be sent again."""


class Unhealthy(ApiError):
    """Part of the hub isn't working; ``state`` is what the health check saw."""

    def __init__(self, state: dict[str, object], *, zh: str, en: str) -> None:
        super().__init__(zh=zh, en=en)
        self.state = state
