"""The proof that everything works: a model answers through the public port."""

import asyncio
import json
import time
from dataclasses import dataclass

from stack.probes import Address, Answer, http_ask

BUILT_IN_MODEL = "opsling"
PATIENCE_SECONDS = 90.0
# The list is empty for a moment at every start; for longer only when nothing is deployed.
EMPTY_LIST_SECONDS = 15.0
ONE_ANSWER_SECONDS = 20.0
PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class FirstAnswer:
    """Which model answered; `model` is empty when none did, and `reason` says why."""

    model: str
    reason: str = ""


async def wait_for_answer(address: Address, api_key: str) -> FirstAnswer:
    """Ask the models in turn until one really answers."""
    begun = time.monotonic()
    reason = "none is deployed; choose one on the Models page"
    end = begun + EMPTY_LIST_SECONDS
    while time.monotonic() < end:
        for model in await _models(address, api_key):
            end = begun + PATIENCE_SECONDS
            answer = await _ask(address, api_key, model)
            if _has_text(answer):
                return FirstAnswer(model=model)
            reason = _reason(answer)
        await asyncio.sleep(PAUSE_SECONDS)
    return FirstAnswer(model="", reason=reason)


async def _models(address: Address, api_key: str) -> list[str]:
    listed = (await http_ask(address, "/v1/models", headers=_authorization(api_key))).json()
    try:
        names = [str(entry["id"]) for entry in listed["data"]]
    except (KeyError, TypeError):
        return []
    return sorted(names, key=lambda name: name != BUILT_IN_MODEL)


async def _ask(address: Address, api_key: str, model: str) -> Answer:
    question = {
        "model": model,
        "messages": [{"role": "user", "content": "reboot db-07"}],
        "max_tokens": 8,
    }
    headers = {**_authorization(api_key), "Content-Type": "application/json"}
    return await http_ask(
        address,
        "/v1/chat/completions",
        method="POST",
        headers=headers,
        body=json.dumps(question).encode(),
        within=ONE_ANSWER_SECONDS,
    )


def _authorization(api_key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {api_key}"}


def _has_text(answer: Answer) -> bool:
    try:
        return bool(answer.json()["choices"][0]["message"]["content"])
    except (KeyError, IndexError, TypeError):
        return False


def _reason(answer: Answer) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (KeyError, TypeError):
        return f"the gateway answered with status {answer.status}"
