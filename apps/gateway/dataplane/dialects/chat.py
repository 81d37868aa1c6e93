"""Chat completions as servers answer them: what the translations into other dialects read."""

from typing import Any

import msgspec

from apps.gateway.dataplane import sse

DONE = b"[DONE]"


class FunctionCall(msgspec.Struct, frozen=True):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None  # JSON as text; some servers send the object

    @property
    def text(self) -> str:
        if isinstance(self.arguments, dict):
            return msgspec.json.encode(self.arguments).decode()
        return self.arguments or ""


class ToolCall(msgspec.Struct):
    function: FunctionCall = FunctionCall()
    id: str | None = None
    index: int | None = None  # in streams: which call a piece belongs to


class Part(msgspec.Struct):
    text: str = ""


class Message(msgspec.Struct):
    """A whole message, or what a chunk adds to one."""

    content: str | list[Part] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None  # what some servers call the same
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""

    @property
    def thought(self) -> str:
        return self.reasoning_content or self.reasoning or ""


class TokenLogprob(msgspec.Struct):
    token: str
    logprob: float
    bytes: list[int] | None = None
    top_logprobs: list["TokenLogprob"] = []


class Logprobs(msgspec.Struct):
    content: list[TokenLogprob] | None = None


class Choice(msgspec.Struct):
    message: Message | None = None
    delta: Message | None = None
    logprobs: Logprobs | None = None
    finish_reason: str | None = None
    stop_reason: str | int | None = None  # vLLM: the stop sequence, or the token, that was met
    matched_stop: str | int | None = None  # SGLang: the same

    @property
    def stop_sequence(self) -> str | None:
        """The stop sequence that was met, where the server says which."""
        met = self.stop_reason if self.stop_reason is not None else self.matched_stop
        return met if isinstance(met, str) else None


class OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class Usage(sse.Usage):
    completion_tokens_details: OutputDetails | None = None

    @property
    def cached(self) -> int:
        details = self.prompt_tokens_details
        return (details.cached_tokens or 0) if details is not None else 0


class Problem(msgspec.Struct):
    message: str = ""
    type: str | None = None
    code: str | int | None = None

    @property
    def status(self) -> int:
        """The HTTP status that an error inside a stream would have had."""
        return self.code if isinstance(self.code, int) and 400 <= self.code < 600 else 502


class Completion(msgspec.Struct):
    id: str = ""
    choices: list[Choice] = []
    usage: Usage | None = None


class Chunk(msgspec.Struct):
    """One event of a stream. `error` stands alone, in a stream that breaks."""

    id: str = ""
    choices: list[Choice] | None = None
    usage: Usage | None = None
    error: Problem | str | None = None


class _Failure(msgspec.Struct):
    error: Problem | str | None = None
    message: str = ""  # servers that send no envelope
    detail: Any = None


COMPLETION = msgspec.json.Decoder(Completion)
CHUNK = msgspec.json.Decoder(Chunk)
_FAILURE = msgspec.json.Decoder(_Failure)


def problem_of(body: bytes) -> Problem:
    """What an error body says, in whatever shape; its message is never empty."""
    try:
        failure = _FAILURE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Problem(message=body[:500].decode(errors="replace") or "It did not say why.")
    problem = as_problem(failure.error)
    if not problem.message:
        detail = failure.detail if isinstance(failure.detail, str) else ""
        problem.message = failure.message or detail or "It did not say why."
    return problem


def as_problem(error: Problem | str | None) -> Problem:
    return error if isinstance(error, Problem) else Problem(message=error or "")
