"""Asking a model server itself: does it answer, is it busy, does it live."""

from functools import cache

import httpx

CONNECT_SECONDS = 2.0
LOOK_SECONDS = 2.0
QUESTION = "Hello"


class NoAnswer(Exception):
    """The question was not answered; the message says how it went, as a sentence."""


def ask(url: str, *, api_key: str, name: str, embedding: bool, within: float) -> None:
    """One real inference: a single token, or one embedding. Raises NoAnswer."""
    path, body = (
        ("/v1/embeddings", {"model": name, "input": QUESTION})
        if embedding
        else ("/v1/completions", {"model": name, "prompt": QUESTION, "max_tokens": 1})
    )
    timeout = httpx.Timeout(within, connect=CONNECT_SECONDS)
    try:
        response = _client().post(
            f"{url}{path}", json=body, headers=_authorization(api_key), timeout=timeout
        )
    except httpx.TimeoutException as error:
        raise NoAnswer(f"It did not answer a first question within {within:.0f} s.") from error
    except httpx.HTTPError as error:
        raise NoAnswer(f"It cannot be reached: {error}.") from error
    if response.status_code != httpx.codes.OK:
        raise NoAnswer(
            f"It answered a first question with {response.status_code}: {response.text[:300]}"
        )


def is_busy(url: str, *, api_key: str) -> bool:
    """Whether a request is being served. A server that does not say counts as busy."""
    try:
        response = _client().get(
            f"{url}/slots", headers=_authorization(api_key), timeout=LOOK_SECONDS
        )
        response.raise_for_status()
        return any(slot["is_processing"] for slot in response.json())
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return True


def lives(url: str) -> bool:
    """Whether its HTTP side answers at all."""
    try:
        return _client().get(f"{url}/health", timeout=LOOK_SECONDS).status_code < 500
    except httpx.HTTPError:
        return False


@cache
def _client() -> httpx.Client:
    # Nothing in the environment may send questions to our own machines through a proxy, and a kept
    # connection may already be closed: the server ends it after every streamed reply.
    return httpx.Client(
        trust_env=False, limits=httpx.Limits(max_keepalive_connections=0, max_connections=50)
    )


def _authorization(api_key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {api_key}"} if api_key else {}
