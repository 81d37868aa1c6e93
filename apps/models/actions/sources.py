"""Addresses that people may name as the source of a file."""

from urllib.parse import urlsplit

from apps.core.errors import Invalid

LONGEST = 2000


def checked_url(url: str) -> str:
    """The address, if it is one that may be fetched. Raises Invalid.

    A password in the address would be stored and shown with the operation, so it is refused. Where
    the address leads to is checked again by whoever fetches it.
    """
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise Invalid(f"“{url}” is not an address.", fix="Check it for typing errors.") from None
    if parts.scheme not in {"http", "https"} or not host or not _is_plain(url):
        raise Invalid(
            f"“{url}” is not an http or https address.",
            fix="Give the address of the .gguf file itself, beginning with https://.",
        )
    if parts.username or parts.password:
        raise Invalid(
            "The address holds a user name or password, which would be shown to your team.",
            fix="Download the file yourself and import it by path, or use an address without them.",
        )
    return url.strip()


def _is_plain(url: str) -> bool:
    return len(url) <= LONGEST and url.strip().isprintable() and " " not in url.strip()
