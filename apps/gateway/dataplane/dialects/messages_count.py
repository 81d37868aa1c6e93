"""How many tokens a request of Anthropic Messages has, where the server cannot be asked."""

import msgspec

from apps.gateway.dataplane.dialects import messages_request
from apps.gateway.dataplane.dialects.messages_to_chat import chat_messages, chat_tools

_BYTES_PER_TOKEN = 4
_PICTURE = 1600  # tokens: what Anthropic's models make of a large one


def estimate(body: bytes) -> int:
    """Tokens, more or less. Raises GatewayError 400 for what could not be answered either."""
    asked = messages_request.read(body, to_count=True)
    told = chat_messages(asked)
    pictures = 0
    for message in told:
        parts = message["content"]
        if isinstance(parts, list):
            message["content"] = [part for part in parts if part["type"] == "text"]
            pictures += len(parts) - len(message["content"])
    text = msgspec.json.encode([told, chat_tools(asked)])
    return len(text) // _BYTES_PER_TOKEN + pictures * _PICTURE
