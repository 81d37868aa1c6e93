"""About how many tokens a request will use: enough to reserve by. What it used is settled later."""

import re

_BYTES_PER_TOKEN = 4
_TOKENS_PER_PICTURE = 1000
_TOKENS_PER_FORM = 256  # sound, mostly: its bytes say nothing about tokens
_CHOICES = re.compile(rb'"n" ?: ?(\d{1,3})\b')
_INLINE = re.compile(rb"(?:;base64,|\"data\" ?: ?\")([A-Za-z0-9+/=]{64,})")


def prompt_tokens(body: bytes) -> int:
    """A quarter of the body's bytes; a picture or sound inside counts as a flat number."""
    if body[:64].lstrip()[:1] != b"{":
        return _TOKENS_PER_FORM
    size = len(body)
    pictures = 0
    if b"base64" in body or b"image" in body or b"audio" in body:
        for found in _INLINE.finditer(body):
            size -= len(found.group(1))
            pictures += 1
        pictures = max(pictures, body.count(b'"image_url":'))
    return size // _BYTES_PER_TOKEN + pictures * _TOKENS_PER_PICTURE


def choices(body: bytes) -> int:
    """How many answers are asked for at once, each of which may become as long as is allowed."""
    if b'"n"' not in body:
        return 1
    found = _CHOICES.search(body)
    return max(int(found.group(1)), 1) if found else 1
