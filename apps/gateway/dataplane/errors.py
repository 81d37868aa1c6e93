"""Refusals and failures in the shape OpenAI's clients understand.

GatewayError            what the client is told: a status and one sentence with what to do
└── NotServed           an endpoint cannot be asked at the client's path
UpstreamFailure         what went wrong with one upstream, before anybody decided what to tell whom
├── Unreachable         no connection came about: it has not seen the request
└── StaleConnection     a kept-alive connection had died while it was idle: try a fresh one
"""

from typing import Literal

import msgspec

Cause = Literal["refused", "5xx", "429", "timeout", "context", "cold"]

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "timeout_error",
    413: "invalid_request_error",
    415: "invalid_request_error",
    429: "rate_limit_error",
}


class GatewayError(Exception):
    """An answer that is an error. `message` is for a person; `code` is for a program."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        retry_after: int | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.retry_after = retry_after
        self.close = close

    def body(self) -> bytes:
        return msgspec.json.encode(
            {
                "error": {
                    "message": self.message,
                    "type": _TYPES.get(self.status, "server_error"),
                    "param": self.param,
                    "code": self.code,
                }
            }
        )

    def event(self) -> bytes:
        """The same as one server-sent event, for a stream that has already begun."""
        return b"data: " + self.body() + b"\n\n"

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Besides content type and length."""
        extra = []
        if self.retry_after is not None:
            extra.append((b"retry-after", b"%d" % self.retry_after))
        if self.status == 401:
            extra.append((b"www-authenticate", b"Bearer"))
        if self.close:
            extra.append((b"connection", b"close"))
        return extra


class NotServed(GatewayError):
    """This endpoint has no such path, and nothing it has can be translated into it."""

    def __init__(self, endpoint: str, path: str) -> None:
        super().__init__(
            400,
            "not_served",
            f"The server behind this model, {endpoint!r}, does not serve {path}, and it "
            "cannot be translated into what it serves. Use another model, or another path.",
        )


class UpstreamFailure(Exception):
    """One upstream did not deliver. `cause` is what a route's fallbacks are chosen by."""

    def __init__(self, cause: Cause, message: str) -> None:
        super().__init__(message)
        self.cause: Cause = cause
        self.message = message


class Unreachable(UpstreamFailure):
    pass


class StaleConnection(UpstreamFailure):
    def __init__(self) -> None:
        super().__init__("refused", "closed an idle connection just as it was used again")
