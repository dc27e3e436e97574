"""The one error base of this room.

Every error carries its sentence in Chinese and in English and says what to do; the HTTP status that it becomes is
decided in ``api.problems`` only.
"""

from math import ceil

from ingest.errors import BilingualError


class ApiError(BilingualError):
    """A request that can't be answered as asked."""

    def __init__(self, *, zh: str, en: str) -> None:
        super().__init__(zh=zh, en=en)
        self.headers: dict[str, str] = {}


class Unauthenticated(ApiError):
    """No key or token, or one that isn't valid. One sentence for all cases, so that it tells a stranger nothing."""

    def __init__(self) -> None:
        super().__init__(
            zh="请先登录（POST /api/v1/auth/login）并发送 Authorization: Bearer TOKEN，或发送密钥 X-API-Key: KEY。",
            en="Log in (POST /api/v1/auth/login) and send 'Authorization: Bearer TOKEN', or a key as 'X-API-Key: KEY'.",
        )


class WrongCredentials(ApiError):
    """A name and password, or a refresh token, that don't fit; which of them is wrong isn't said."""


class TooMany(ApiError):
    """Too many requests, or too many wrong passwords; worth trying again after ``wait_s`` seconds."""

    def __init__(self, wait_s: float) -> None:
        whole_s = max(1, ceil(wait_s))
        super().__init__(
            zh=f"请求过于频繁，请 {whole_s} 秒后重试。", en=f"That was too often: try again in {whole_s} s."
        )
        self.headers = {"Retry-After": str(whole_s)}


class PasswordChangeNeeded(ApiError):
    """The one-time password was used, and only for setting another one is it good."""

    def __init__(self) -> None:
        super().__init__(
            zh="一次性密码只能用来设置新密码：请先 POST /api/v1/auth/password。",
            en="A one-time password is for setting another one only: POST /api/v1/auth/password first.",
        )


class Conflict(ApiError):
    """What is there doesn't allow that."""


class AlreadyDone(ApiError):
    """A request with this Idempotency-Key is being carried out."""

    def __init__(self) -> None:
        super().__init__(
            zh="同一 Idempotency-Key 的请求正在执行，请稍后重试。",
            en="A request with this Idempotency-Key is being carried out: try again in a moment.",
        )


class Outdated(ApiError):
    """If-Match names a state that isn't the present one."""

    def __init__(self) -> None:
        super().__init__(
            zh="资源已被他人修改：请重新读取，在新内容上修改，并在 If-Match 中发送新的 ETag。",
            en="It was changed meanwhile: read it again, change what is there now, and send its new ETag as If-Match.",
        )


class Unconditional(ApiError):
    """A change of configuration without If-Match."""

    def __init__(self) -> None:
        super().__init__(
            zh="修改时须用 If-Match 发送所读到的 ETag，以免覆盖他人的修改。",
            en="Send the ETag that you read as If-Match, so that nobody's change gets lost.",
        )


class Forbidden(ApiError):
    """The caller is known, but may not do this."""


class NotFound(ApiError):
    """There is no such thing."""


class InvalidValue(ApiError):
    """A value that fits its type but makes no sense here; ``location`` says which, as ``query.from``."""

    def __init__(self, location: str, *, zh: str, en: str) -> None:
        super().__init__(zh=zh, en=en)
        self.location = location


class BadLines(ApiError):
    """A file with lines at fault; ``faults`` are place and what is wrong of each."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__(
            zh=f"文件有 {len(faults)} 处错误，未作任何修改；各处原因见 errors。",
            en=f"The file is at fault in {len(faults)} places and nothing was changed; errors names them.",
        )
        self.faults = faults


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
