"""A conversation of chat completions, told as Anthropic Messages tell it."""

import re
from typing import Any

from apps.gateway.dataplane.dialects import chat_request as asked_for
from apps.gateway.dataplane.dialects.reading import refused_field

_DATA_URL = re.compile(r"^data:([^;,]*)(?:;[^;,]*)*;base64,", re.ASCII)
_FOREIGN = re.compile(r"[^a-zA-Z0-9_-]")  # Anthropic takes nothing else in the id of a call


def system_prompt(asked: asked_for.Request) -> str:
    """Everything that is said with authority, wherever in the conversation it stands."""
    texts: list[str] = []
    for turn in asked.messages:
        if isinstance(turn, asked_for.SystemTurn | asked_for.DeveloperTurn):
            content = turn.content
            texts.append(content if isinstance(content, str) else _joined(content))
    return "\n\n".join(text for text in texts if text)


def _joined(parts: list[asked_for.Text]) -> str:
    return "\n\n".join(part.text for part in parts)


def turns(asked: asked_for.Request) -> list[dict[str, Any]]:
    """The conversation without its system prompt; neighbours of one role become one turn."""
    told: list[dict[str, Any]] = []
    for number, turn in enumerate(asked.messages):
        field = f"messages[{number}]"
        if isinstance(turn, asked_for.UserTurn):
            _add(told, "user", _user(turn, field))
        elif isinstance(turn, asked_for.AssistantTurn):
            _add(told, "assistant", _assistant(turn, field))
        elif isinstance(turn, asked_for.ToolTurn):
            _add(told, "user", [_result(turn, field)])
    if not told:
        raise refused_field("messages", "this model wants at least one message of the user")
    return told


def _add(told: list[dict[str, Any]], role: str, blocks: list[dict[str, Any]]) -> None:
    if told and told[-1]["role"] == role:
        told[-1]["content"].extend(blocks)
    elif blocks:
        told.append({"role": role, "content": blocks})


def _text(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text}] if text else []  # Anthropic refuses empty ones


def _user(turn: asked_for.UserTurn, field: str) -> list[dict[str, Any]]:
    if isinstance(turn.content, str):
        return _text(turn.content)
    return [
        block
        for number, part in enumerate(turn.content)
        for block in _part(part, f"{field}.content[{number}]")
    ]


def _part(
    part: asked_for.Text | asked_for.Image | asked_for.File, field: str
) -> list[dict[str, Any]]:
    if isinstance(part, asked_for.Text):
        return _text(part.text)
    if isinstance(part, asked_for.Image):
        return [{"type": "image", "source": _source(part.image_url.url, f"{field}.image_url.url")}]
    source = _source(part.file.file_data, f"{field}.file.file_data")
    document: dict[str, Any] = {"type": "document", "source": source}
    if part.file.filename:
        document["title"] = part.file.filename
    return [document]


def _source(url: str, field: str) -> dict[str, Any]:
    data = _DATA_URL.match(url)
    if data is not None:
        return {"type": "base64", "media_type": data[1], "data": url[data.end() :]}
    if url.startswith(("https://", "http://")):
        return {"type": "url", "url": url}
    raise refused_field(field, "an http(s) address or a base64 data URL is expected")


def _assistant(turn: asked_for.AssistantTurn, field: str) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if isinstance(turn.content, str):
        blocks += _text(turn.content)
    for part in turn.content if isinstance(turn.content, list) else ():
        blocks += _text(part.text if isinstance(part, asked_for.Text) else part.refusal)
    blocks.extend(
        {
            "type": "tool_use",
            "id": _id(call.id),
            "name": call.function.name,
            "input": asked_for.read_arguments(call, f"{field}.tool_calls[{number}]"),
        }
        for number, call in enumerate(turn.tool_calls or ())
    )
    return blocks


def _result(turn: asked_for.ToolTurn, field: str) -> dict[str, Any]:
    content: str | list[dict[str, Any]] = (
        turn.content
        if isinstance(turn.content, str)
        else [
            block
            for number, part in enumerate(turn.content)
            for block in _part(part, f"{field}.content[{number}]")
        ]
    )
    return {"type": "tool_result", "tool_use_id": _id(turn.tool_call_id), "content": content}


def _id(of_call: str) -> str:
    return _FOREIGN.sub("_", of_call)
