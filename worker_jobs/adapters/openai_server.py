"""Asking a server that speaks OpenAI's API what it offers."""

import httpx

_SECONDS = 10.0


class ServerSilent(Exception):
    """The server could not be asked. The message is a sentence for a person."""


def list_models(*, base_url: str, api_key: str) -> list[str]:
    """The names at `{base_url}/models`. Raises ServerSilent."""
    headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
    try:
        reply = httpx.get(f"{base_url}/models", headers=headers, timeout=_SECONDS)
        reply.raise_for_status()
        return [str(entry["id"]) for entry in reply.json()["data"]]
    except httpx.HTTPStatusError as problem:
        raise ServerSilent(_refusal(problem.response.status_code)) from problem
    except httpx.TimeoutException as problem:
        raise ServerSilent(f"It did not answer within {_SECONDS:.0f} s.") from problem
    except httpx.HTTPError as problem:
        raise ServerSilent(f"It cannot be reached: {problem}.") from problem
    except (ValueError, KeyError, TypeError) as problem:
        raise ServerSilent(
            "It answers, but not with a list of models: it is not an OpenAI-compatible server, "
            "or the path of its address is wrong."
        ) from problem


def _refusal(status: int) -> str:
    if status in (401, 403):
        return "It refuses the API key."
    if status == 404:
        return "It has no list of models at this address; the path is usually /v1."
    return f"It answers with status {status}."
