"""Asking a server that speaks OpenAI's API, or Anthropic's, what it offers."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

_SECONDS = 10.0
_ANTHROPIC = {"anthropic-version": "2023-06-01"}
# What is asked with an empty body, to see whether anybody is there: no server works on that.
_PATHS: Mapping[str, str] = {
    "chat": "/chat/completions",
    "completions": "/completions",
    "embeddings": "/embeddings",
    "messages": "/messages",
    "responses": "/responses",
    "rerank": "/rerank",
    "audio": "/audio/speech",
}
_NOT_THERE = frozenset({404, 405, 501})
_SAYS_NOTHING = frozenset({401, 403, 407, 429, 502, 503, 504})
_ERROR_NUMBER = re.compile(r"^\[Errno -?\d+\] ")


class ServerSilent(Exception):
    """The server could not be asked. The message is a sentence for a person."""


@dataclass(frozen=True)
class Offer:
    """The names at `/models`, and how long the answer took."""

    models: list[str]
    latency_ms: float


def list_models(*, base_url: str, api_key: str, speaks: Sequence[str] = ()) -> Offer:
    """What is at `{base_url}/models`, but for names that nobody could read; with `speaks` only
    messages, as Anthropic's clients ask. Raises ServerSilent.
    """
    parameters = {"limit": 1000} if _is_anthropic(speaks) else None
    try:
        with httpx.Client(headers=_headers(api_key, speaks), timeout=_SECONDS) as client:
            began = time.perf_counter()  # to make the client takes longer than many a server
            reply = client.get(f"{base_url}/models", params=parameters)
            latency_ms = round((time.perf_counter() - began) * 1000, 1)
        reply.raise_for_status()
        names = [str(entry["id"]) for entry in reply.json()["data"]]
    except httpx.HTTPStatusError as problem:
        raise ServerSilent(_refusal(problem.response.status_code)) from problem
    except httpx.TimeoutException as problem:
        raise ServerSilent(f"It did not answer within {_SECONDS:.0f} s.") from problem
    except httpx.LocalProtocolError:
        # What the library says of it repeats the header.
        raise ServerSilent(
            "Its API key cannot be sent, for no HTTP header can carry it; set it anew."
        ) from None
    except httpx.HTTPError as problem:
        said = _ERROR_NUMBER.sub("", str(problem)).rstrip(".")
        raise ServerSilent(f"It cannot be reached: {said}.") from problem
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise ServerSilent(
            "It answers, but not with a list of models: it is not an OpenAI-compatible server, "
            "or the path of its address is wrong."
        ) from problem
    return Offer([name for name in names if name.isprintable()], latency_ms)


def find_spoken(*, base_url: str, api_key: str, speaks: Sequence[str] = ()) -> list[str]:
    """Which of the endpoints seem to be there, as far as the server lets on."""
    headers = _headers(api_key, speaks)
    found: list[str] = []
    with httpx.Client(headers=headers, timeout=_SECONDS) as client:
        for word, path in _PATHS.items():
            try:
                status = client.post(f"{base_url}{path}", json={}).status_code
            except httpx.HTTPError:
                return found
            if status in _SAYS_NOTHING:
                return found
            if status not in _NOT_THERE:
                found.append(word)
    return found


def _is_anthropic(speaks: Sequence[str]) -> bool:
    return list(speaks) == ["messages"]


def _headers(api_key: str, speaks: Sequence[str]) -> dict[str, str]:
    if _is_anthropic(speaks):
        return {**_ANTHROPIC, "x-api-key": api_key} if api_key else dict(_ANTHROPIC)
    return {"authorization": f"Bearer {api_key}"} if api_key else {}


def _refusal(status: int) -> str:
    if status in (401, 403):
        return "It refuses the API key."
    if status == 404:
        return "It has no list of models at this address; the path is usually /v1."
    return f"It answers with status {status}."
