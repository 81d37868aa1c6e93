"""Why a request ended as it did, from what was written down about it."""

from collections.abc import Iterator
from typing import Any

from apps.gateway.models import UsageRecord

# What each error code means for the person who asks why, and what happens or can be done next.
_REASONS: dict[str, tuple[str, str]] = {
    "client_left": (
        "The client closed the connection before its reply was complete.",
        "The model server was stopped at once; nothing goes on.",
    ),
    "gateway_stopped": (
        "The gateway was stopped while the reply was on its way.",
        "A client that asks again is answered by the gateway that was started since.",
    ),
    "upstream_broke": (
        "The server broke off in the middle of the reply.",
        "What had arrived was passed on, then the stream ended with an error.",
    ),
    "upstream_timeout": (
        "The server sent nothing for too long.",
        "A shorter prompt, or a less busy machine, would have been answered.",
    ),
    "upstream_unreachable": (
        "No server behind this name could be reached.",
        "The next request tries again.",
    ),
    "upstream_credentials": (
        "The server outside refused the API key that Hearth has for it.",
        "Nothing gets through until its key is set anew.",
    ),
    "upstream_error": (
        "The server itself answered with an error.",
        "Its words were passed on to the client.",
    ),
    "no_replica": (
        "Nothing was serving this model at that moment.",
        "Requests are answered again as soon as a replica is ready.",
    ),
    "load_timeout": (
        "The model did not finish loading in time.",
        "The next request waits for it again.",
    ),
    "load_failed": (
        "The model could not be loaded.",
        "The next request tries to load it again.",
    ),
    "cannot_wake": (
        "The model was not loaded and Redis, through which it is woken, was away.",
        "The next request tries again.",
    ),
    "model_not_found": ("There is no model of this name in the team.", ""),
    "model_not_allowed": ("The key's allow-list does not contain this model.", ""),
}


def why_request(*, record: UsageRecord) -> dict[str, Any]:
    """In the shape of WhyOut."""
    cause, following = _REASONS.get(record.error, (_plain_cause(record), ""))
    return {
        "cause": cause,
        "evidence": list(_evidence(record)),
        "next": {"text": following} if following else None,
        "fixes": [],
    }


def _plain_cause(record: UsageRecord) -> str:
    if record.status < 400:
        return "It was answered."
    return f"It ended with status {record.status} ({record.error or 'no reason was given'})."


def _evidence(record: UsageRecord) -> Iterator[dict[str, Any]]:
    link = f"/usage/requests/{record.pk}"
    yield {
        "at": record.at,
        "text": f"{record.endpoint} for {record.model} came in.",
        "link": link,
    }
    if record.queue_ms:
        yield {"text": f"It waited {record.queue_ms / 1000:.1f} s for the model to load."}
    if record.served_by:
        first = f", first byte after {record.first_byte_ms:.0f} ms" if record.first_byte_ms else ""
        yield {"text": f"It went to {record.served_by}{first}."}
    yield {"text": f"It ended after {record.total_ms / 1000:.2f} s with status {record.status}."}
