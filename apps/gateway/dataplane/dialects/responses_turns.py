"""The items of a conversation in the Responses API, told as chat messages."""

from collections.abc import Callable
from typing import Any

from apps.gateway.dataplane.dialects.reading import refused_field

Json = dict[str, Any]

OWN_MACHINERY = "needs machinery of OpenAI's own; describe a tool of `type` `function` instead"


def messages(instructions: str | None, given: str | list[Json]) -> list[Json]:
    """`instructions` and `input` as chat messages. Raises GatewayError 400."""
    turns = _Turns()
    if instructions:
        turns.add_system(instructions)
    if isinstance(given, str):
        turns.sent.append({"role": "user", "content": given})
    else:
        for number, item in enumerate(given):
            turns.add(item, f"input[{number}]")
    turns.show_pictures()
    if not turns.sent:
        raise refused_field("input", "there is nothing in it to answer")
    return turns.sent


class _Turns:
    """Chat messages as they come about: an item is less than a message there."""

    def __init__(self) -> None:
        self.sent: list[Json] = []
        self._thought = ""
        self._pictures: list[Json] = []  # that tools gave: their own messages carry text alone

    def add(self, item: Json, field: str) -> None:
        kind = item.get("type") or ("message" if "role" in item else None)
        if kind != "function_call_output":
            self.show_pictures()
        if kind == "message":
            self._add_message(item, field)
        elif kind == "function_call":
            self._add_call(item, field)
        elif kind == "function_call_output":
            self._add_output(item, field)
        elif kind == "reasoning":
            self._thought += _thought(item, field)
        elif kind == "item_reference":
            raise refused_field(field, "items are not stored here; send the item itself")
        else:
            raise refused_field(f"{field}.type", f"{kind!r} {OWN_MACHINERY}")

    def add_system(self, text: str) -> None:
        """Those at the beginning become one: many chat templates take no second."""
        if self.sent and all(turn["role"] == "system" for turn in self.sent):
            self.sent[-1]["content"] += f"\n\n{text}"
        else:
            self.sent.append({"role": "system", "content": text})

    def _add_message(self, item: Json, field: str) -> None:
        role = item.get("role")
        content = _content(item.get("content"), f"{field}.content")
        if role in ("system", "developer"):
            self.add_system(_only_text(content, field))
        elif role == "assistant":
            self._be_assistant()["content"] = _only_text(content, field)
        elif role == "user":
            self.sent.append({"role": "user", "content": content})
        else:
            raise refused_field(f"{field}.role", f"there is no role called {role!r}")

    def _add_call(self, item: Json, field: str) -> None:
        for name in ("call_id", "name", "arguments"):
            if not isinstance(item.get(name), str):
                raise refused_field(f"{field}.{name}", "a string is expected")
        turn = self.sent[-1] if self.sent else None
        if turn is None or turn["role"] != "assistant" or self._thought:
            turn = self._be_assistant()
        function = {"name": item["name"], "arguments": item["arguments"]}
        call = {"id": item["call_id"], "type": "function", "function": function}
        turn.setdefault("tool_calls", []).append(call)

    def _be_assistant(self) -> Json:
        turn: Json = {"role": "assistant", "content": None}
        if self._thought:
            turn["reasoning_content"] = self._thought
            self._thought = ""
        self.sent.append(turn)
        return turn

    def _add_output(self, item: Json, field: str) -> None:
        content = _content(item.get("output"), f"{field}.output")
        call = item.get("call_id")
        if not isinstance(call, str):
            raise refused_field(f"{field}.call_id", "a string is expected")
        text = content
        if isinstance(content, list):
            text = "\n\n".join(part["text"] for part in content if part["type"] == "text")
            shown = [part for part in content if part["type"] != "text"]
            about = {"type": "text", "text": f"What the tool gave for call {call}:"}
            self._pictures.extend([about, *shown] if shown else [])
        said = {"role": "tool", "tool_call_id": call, "content": text or "What it gave follows."}
        self.sent.append(said if text or self._pictures else {**said, "content": ""})

    def show_pictures(self) -> None:
        if self._pictures:
            self.sent.append({"role": "user", "content": self._pictures})
            self._pictures = []


def _thought(item: Json, field: str) -> str:
    parts = item.get("content") or item.get("summary") or []
    return "\n\n".join(
        part["text"] for part in objects(parts, field) if isinstance(part.get("text"), str)
    )


def _content(given: Any, field: str) -> str | list[Json]:
    """Text as text, where there is nothing else: some servers read nothing else."""
    if isinstance(given, str):
        return given
    parts = [_part(part, f"{field}[{number}]") for number, part in enumerate(objects(given, field))]
    if all(part["type"] == "text" for part in parts):
        return "\n\n".join(part["text"] for part in parts)
    return parts


def _part(part: Json, field: str) -> Json:
    kind = part.get("type")
    make = _PARTS.get(kind) if isinstance(kind, str) else None
    if make is None:
        raise refused_field(f"{field}.type", f"there is no content called {kind!r}")
    return make(part, field)


def _text_part(part: Json, field: str) -> Json:
    return {"type": "text", "text": _string(part, "text", field)}


def _refusal_part(part: Json, field: str) -> Json:
    return {"type": "text", "text": _string(part, "refusal", field)}


def _image_part(part: Json, field: str) -> Json:
    if not isinstance(part.get("image_url"), str):
        raise refused_field(f"{field}.image_url", "send the picture itself, as a data: URL")
    shown = {"url": part["image_url"]}
    if part.get("detail") in ("low", "high", "auto"):
        shown["detail"] = part["detail"]
    return {"type": "image_url", "image_url": shown}


def _audio_part(part: Json, field: str) -> Json:  # noqa: ARG001
    return {"type": "input_audio", "input_audio": part.get("input_audio")}


def _file_part(part: Json, field: str) -> Json:
    if not isinstance(part.get("file_data"), str):
        raise refused_field(f"{field}.file_data", "send the file itself, as a data: URL")
    file = {"filename": part.get("filename") or "document", "file_data": part["file_data"]}
    return {"type": "file", "file": file}


_PARTS: dict[str, Callable[[Json, str], Json]] = {
    "input_text": _text_part,
    "output_text": _text_part,
    "text": _text_part,
    "refusal": _refusal_part,
    "input_image": _image_part,
    "input_audio": _audio_part,
    "input_file": _file_part,
}


def _string(part: Json, name: str, field: str) -> str:
    value = part.get(name)
    if not isinstance(value, str):
        raise refused_field(f"{field}.{name}", "a string is expected")
    return value


def _only_text(content: str | list[Json], field: str) -> str:
    if isinstance(content, str):
        return content
    raise refused_field(f"{field}.content", "only a user's message may carry more than text")


def objects(given: Any, field: str) -> list[Json]:
    if isinstance(given, list) and all(isinstance(each, dict) for each in given):
        return given
    raise refused_field(field, "a string or a list of objects is expected")
