"""How many tokens a prompt has at the very least, so that no server is asked in vain. Pure.

The bound must never be too high: no server would be asked that could have answered. So it counts
half a token for every word and one for every 32 letters, digits or bytes beyond ASCII: words are
not merged by the tokenizers in use, and no token of theirs is that long. Pictures, sound, tools,
thoughts and fields nobody here knows do not count at all: a server may leave them out.
"""

from collections.abc import Iterator

import msgspec

BYTES_PER_TOKEN_AT_LEAST = 4  # of a bound: a body shorter than so many per token cannot exceed it

_LETTERS_PER_TOKEN = 32
_NOT_LETTERS = bytes(each for each in range(128) if not chr(each).isalnum())


class _Part(msgspec.Struct):
    text: str | None = None


class _Message(msgspec.Struct):
    content: str | list[_Part] | None = None


class _Prompt(msgspec.Struct):
    system: str | list[_Part] | None = None
    instructions: str | None = None
    messages: list[_Message] = []
    prompt: str | list[msgspec.Raw] | None = None
    input: str | list[msgspec.Raw] | None = None


_decode = msgspec.json.Decoder(_Prompt).decode


def least_tokens(body: bytes) -> int:
    """0 where nothing is certain."""
    try:
        prompt = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0
    return sum(_least(text) for text in _texts(prompt))


def _texts(prompt: _Prompt) -> Iterator[str]:
    for content in (prompt.system, *(message.content for message in prompt.messages)):
        if isinstance(content, str):
            yield content
        elif content is not None:
            yield from (part.text for part in content if part.text)
    for whole in (prompt.instructions, prompt.prompt, prompt.input):
        if isinstance(whole, str):
            yield whole


def _least(text: str) -> int:
    letters = len(text.encode(errors="replace").translate(None, _NOT_LETTERS))
    return max(letters // _LETTERS_PER_TOKEN, len(text.split()) // 2)
