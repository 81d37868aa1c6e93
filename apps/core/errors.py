"""Errors a caller can do something about. Anything else is a bug and is left to surface.

AppError
├── Invalid              422  the request makes no sense as it stands
├── Unauthenticated      401  nobody is signed in
├── Forbidden            403  signed in, but the role does not reach
├── NotFound             404  not there, or not in the caller's team
├── Conflict             409  something else is in the way
│   └── InvalidTransition     the row's state does not allow it
├── TooMany              429  slow down; `retry_after` says how long
└── Unavailable          503  a part this needs does not answer
"""


class AppError(Exception):
    """A refusal with a reason.

    `message` is one sentence saying what happened; `fix` says what to do about it.
    """

    code = "error"
    title = "That did not work"
    http_status = 400

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class Invalid(AppError):
    code = "invalid"
    title = "Something in the request is not right"
    http_status = 422


class Unauthenticated(AppError):
    code = "unauthenticated"
    title = "Not signed in"
    http_status = 401


class Forbidden(AppError):
    code = "forbidden"
    title = "Not allowed"
    http_status = 403


class NotFound(AppError):
    code = "not_found"
    title = "Not found"
    http_status = 404


class Conflict(AppError):
    code = "conflict"
    title = "Something is in the way"
    http_status = 409


class InvalidTransition(Conflict):
    code = "invalid_transition"
    title = "Not possible in this state"


class TooMany(AppError):
    code = "too_many"
    title = "Too many tries"
    http_status = 429

    def __init__(self, message: str, *, fix: str = "", retry_after: int = 60) -> None:
        super().__init__(message, fix=fix)
        self.retry_after = retry_after


class Unavailable(AppError):
    code = "unavailable"
    title = "A part Hearth needs does not answer"
    http_status = 503
