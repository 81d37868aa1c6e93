"""A conversation of Anthropic Messages, told as chat completions tell it."""

from typing import Any

import msgspec

from apps.gateway.dataplane.dialects import messages_request as asked_for

# Claude Code puts its version and a hash here, new with every request; Anthropic's servers take it
# out again. A model would read noise, and no prompt would ever begin like the one before.
_BILLING = "x-anthropic-billing-header:"


def chat_tools(asked: asked_for.Request) -> dict[str, Any]:
    """`tools`, `tool_choice` and `parallel_tool_calls`, as far as they are asked for."""
    if not asked.tools:
        return {}
    sent: dict[str, Any] = {"tools": [_tool(tool) for tool in asked.tools]}
    choice = asked.tool_choice
    if isinstance(choice, asked_for.ToolChoice):
        sent["tool_choice"] = {"type": "function", "function": {"name": choice.name}}
    elif isinstance(choice, asked_for.AnyChoice):
        sent["tool_choice"] = "required"
    elif isinstance(choice, asked_for.NoChoice):
        sent["tool_choice"] = "none"
    elif choice is not None:
        sent["tool_choice"] = "auto"
    if choice is not None and choice.disable_parallel_tool_use:
        sent["parallel_tool_calls"] = False
    return sent


def _tool(tool: asked_for.Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name, "parameters": tool.input_schema}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def chat_messages(asked: asked_for.Request) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    system = _system(asked.system)
    if system:
        sent.append({"role": "system", "content": system})
    for turn in asked.messages:
        if isinstance(turn, asked_for.SystemTurn):
            sent.append({"role": "system", "content": _system(turn.content)})
        elif isinstance(turn.content, str):
            role = "user" if isinstance(turn, asked_for.UserTurn) else "assistant"
            sent.append({"role": role, "content": turn.content})
        elif isinstance(turn, asked_for.UserTurn):
            sent.extend(_user_messages(turn.content))
        else:
            sent.append(_assistant_message(turn.content))
    return sent


def _system(system: str | list[asked_for.Text] | None) -> str:
    if not isinstance(system, list):
        return system or ""
    return "\n\n".join(block.text for block in system if not block.text.startswith(_BILLING))


def _user_messages(
    blocks: "list[asked_for.Text | asked_for.Image | asked_for.Document | "
    "asked_for.SearchResult | asked_for.ToolResult]",
) -> list[dict[str, Any]]:
    """The results of tools, each a message of its own, and then what the user says."""
    results: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    for block in blocks:
        if isinstance(block, asked_for.ToolResult):
            result, pictures = _tool_result(block)
            results.append(result)
            said.extend(pictures)
        else:
            said.extend(_parts(block))
    if said or not results:
        results.append({"role": "user", "content": _joined(said)})
    return results


def _tool_result(block: asked_for.ToolResult) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The message, and the pictures in it: a tool's message carries text alone."""
    content = block.content
    parts: list[dict[str, Any]] = []
    if isinstance(content, str):
        parts = [_text(content)]
    elif content is not None:
        parts = [part for each in content for part in _parts(each)]
    text = "\n\n".join(part["text"] for part in parts if part["type"] == "text")
    pictures = [part for part in parts if part["type"] != "text"]
    if pictures:
        pictures.insert(0, _text(f"What the tool gave for call {block.tool_use_id}:"))
        text = text or "What the tool gave follows."
    if block.is_error:
        text = f"Error: {text}"
    return {"role": "tool", "tool_call_id": block.tool_use_id, "content": text}, pictures


def _parts(block: asked_for.Shown) -> list[dict[str, Any]]:
    if isinstance(block, asked_for.Text):
        return [_text(block.text)]
    if isinstance(block, asked_for.Image):
        return [{"type": "image_url", "image_url": {"url": block.source.url}}]
    if isinstance(block, asked_for.SearchResult):
        found = "\n\n".join(each.text for each in block.content)
        return [_text(f"{block.title}\n{block.source}\n\n{found}")]
    about = [_text(each) for each in (block.title, block.context) if each]
    source = block.source
    if isinstance(source, asked_for.TextSource):
        return [*about, _text(source.data)]
    if isinstance(source, asked_for.Base64Source):
        file = {"filename": block.title or "document", "file_data": source.url}
        return [{"type": "file", "file": file}]
    if isinstance(source.content, str):
        return [*about, _text(source.content)]
    return [*about, *(part for each in source.content for part in _parts(each))]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _joined(parts: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """One text where everything is text: some servers read nothing else."""
    if all(part["type"] == "text" for part in parts):
        return "\n\n".join(part["text"] for part in parts)
    return parts


def _assistant_message(
    blocks: "list[asked_for.Text | asked_for.Thinking | asked_for.RedactedThinking | "
    "asked_for.ToolUse]",
) -> dict[str, Any]:
    text = "".join(block.text for block in blocks if isinstance(block, asked_for.Text))
    thought = "".join(block.thinking for block in blocks if isinstance(block, asked_for.Thinking))
    calls = [
        {
            "id": block.id,
            "type": "function",
            "function": {"name": block.name, "arguments": _arguments(block.input)},
        }
        for block in blocks
        if isinstance(block, asked_for.ToolUse)
    ]
    message: dict[str, Any] = {"role": "assistant", "content": text or (None if calls else "")}
    if thought:
        message["reasoning_content"] = thought
    if calls:
        message["tool_calls"] = calls
    return message


def _arguments(given: msgspec.Raw) -> str:
    return bytes(given).decode(errors="replace")
