"""What llama.cpp's server gets wrong in its answers, put right. docs/dialects.md has the list;
nothing that is not on it is touched."""

import msgspec

_OUR_FAULT = (b'"code":500', b'"type":"server_error"')
_CLIENTS_FAULT = (b'"code":400', b'"type":"invalid_request_error"')
# It calls these its own failures, though the request is what it cannot use.
_UNUSABLE = (
    b'"message":"Failed to parse ',
    b"input is not supported - hint",
)
_MENDED_PATH = "/v1/chat/completions"


class _Completion(msgspec.Struct):
    choices: list[msgspec.Raw] = []


_decode = msgspec.json.Decoder(_Completion).decode


def mended(path: str, status: int, body: bytes) -> tuple[int, bytes]:
    """Status and body of a plain reply as they should have been."""
    if status == 500 and any(mark in body for mark in _UNUSABLE):
        for wrong, right in zip(_OUR_FAULT, _CLIENTS_FAULT, strict=True):
            body = body.replace(wrong, right, 1)
        return 400, body
    if status == 200 and path == _MENDED_PATH and b'"logprobs"' not in body:
        return status, _with_logprobs(body)
    return status, body


def _with_logprobs(body: bytes) -> bytes:
    """`null` where nobody asked for them, as the contract has it."""
    try:
        choices = _decode(body).choices
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body
    at = 0
    for choice in map(bytes, choices):
        at = body.index(choice, at) + len(choice) - 1
        body = body[:at] + b',"logprobs":null' + body[at:]
    return body
