"""What a kept reply says, whichever dialect it is in and whether or not it came in events."""

from collections.abc import Iterator
from typing import Any

import orjson


def assemble_reply(reply: str) -> str:
    """The text of a reply as a person reads it; empty where it has none.

    Understood are chat completions, completions, responses and messages, whole or in events.
    """
    return "".join(_texts(reply))


def _texts(reply: str) -> Iterator[str]:
    whole = _json(reply)
    if whole is not None:
        yield from _said_whole(whole)
        return
    for line in reply.splitlines():
        event = _json(line.removeprefix("data:")) if line.startswith("data:") else None
        if event is not None:
            yield from _said_in_event(event)


def _json(text: str) -> dict[str, Any] | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _said_whole(reply: dict[str, Any]) -> Iterator[str]:
    for choice in _list(reply, "choices"):
        message = choice.get("message")
        yield from _strings(message.get("content") if isinstance(message, dict) else None)
        yield from _strings(choice.get("text"))
    for item in _list(reply, "output"):
        yield from _strings(item.get("content"))
    yield from _strings(reply.get("content"))
    yield from _strings(reply.get("text"))


def _said_in_event(event: dict[str, Any]) -> Iterator[str]:
    for choice in _list(event, "choices"):
        delta = choice.get("delta")
        yield from _strings(delta.get("content") if isinstance(delta, dict) else None)
        yield from _strings(choice.get("text"))
    delta = event.get("delta")
    if event.get("type") == "response.output_text.delta":
        yield from _strings(delta)
    elif event.get("type") == "content_block_delta" and isinstance(delta, dict):
        yield from _strings(delta.get("text"))


def _strings(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        yield from (
            part["text"]
            for part in content
            if isinstance(part, dict) and isinstance(part.get("text"), str)
        )


def _list(value: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = value.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
