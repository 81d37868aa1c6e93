"""What llama.cpp's server gets wrong in its answers, put right. docs/dialects.md has the list;
nothing that is not on it is touched."""

import msgspec

# It calls these its own failures, though the request is what it cannot use; the type it should
# have given is its own word for the same elsewhere.
_UNUSABLE = {
    b'"message":"Failed to parse ': b"invalid_request_error",
    b"input is not supported - hint": b"invalid_request_error",
    b" tokens) is too large to process.": b"exceed_context_size_error",
}
_MENDED_PATH = "/v1/chat/completions"


class _Completion(msgspec.Struct):
    choices: list[msgspec.Raw] = []


_decode = msgspec.json.Decoder(_Completion).decode


def mended(path: str, status: int, body: bytes) -> tuple[int, bytes]:
    """Status and body of a plain reply as they should have been."""
    if status == 500:
        return _unusable(body)
    if status == 200 and path == _MENDED_PATH and b'"logprobs"' not in body:
        return status, _with_logprobs(body)
    return status, body


def _unusable(body: bytes) -> tuple[int, bytes]:
    for mark, kind in _UNUSABLE.items():
        if mark in body:
            body = body.replace(b'"code":500', b'"code":400', 1)
            return 400, body.replace(b'"type":"server_error"', b'"type":"%b"' % kind, 1)
    return 500, body


def _with_logprobs(body: bytes) -> bytes:
    """`null` where nobody asked for them, as the contract has it."""
    try:
        choices = _decode(body).choices
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body
    at = 0
    for choice in map(bytes, choices):
        at = body.index(choice, at) + len(choice) - 1
        body = body[:at] + b',"logprobs":null' + body[at:]
    return body
