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
    "gateway_died": (
        "The gateway's process was killed in the middle of the reply.",
        "What the client had been sent by then is counted, one token for each event.",
    ),
    "gateway_fault": (
        "Something in the gateway itself went wrong.",
        "The gateway's log has the reason under the id of this request.",
    ),
    "rate_limit_exceeded": (
        "A limit per minute, or of parallel requests, of the key, its owner or the team was used "
        "up.",
        "It frees itself within a minute; the reply said when.",
    ),
    "budget_exhausted": (
        "The token budget of the key, its owner or the team was used up.",
        "It begins anew at midnight UTC, or with the month; an administrator can raise it.",
    ),
    "request_exceeds_limit": (
        "The request alone needed more than one of its limits allows at all.",
        "It fits with a shorter prompt or a smaller `max_tokens`.",
    ),
    "limits_unavailable": (
        "The key has a budget, and Redis, which counts it, did not answer.",
        "It is asked several times a second; the key may be set to be served meanwhile.",
    ),
    "limits_unknown": (
        "The key has a budget, and Redis had lost what was used of it.",
        "The worker counts it anew from what is stored; then requests are answered again.",
    ),
    "circuit_open": (
        "Every server behind this name had failed several times in a row and is left alone.",
        "The gateway probes them by itself; the first that answers is used again.",
    ),
    "queue_timeout": (
        "All slots stayed busy for as long as a request may wait.",
        "More slots or another replica of the deployment would have taken it.",
    ),
    "outside_not_allowed": (
        "The only servers left are outside the house, and the route does not let requests leave.",
        "The route says whether requests may leave; an administrator can change it.",
    ),
    "not_served": (
        "The server behind the model does not serve this path, and no translation leads there.",
        "Another model, or another path of the API, would be answered.",
    ),
    "scope_missing": ("The key lacks the scope that such requests need.", ""),
    "address_not_allowed": ("The key may not be used from this address.", ""),
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
    link = f"/requests/{record.pk}"
    yield {
        "at": record.at,
        "text": f"{record.endpoint} for {record.model} came in.",
        "link": link,
    }
    if record.capped_to is not None:
        yield {
            "text": f"It asked for more than it may; the reply was held to {record.capped_to:,} "
            "tokens, which the model, the route or the key allows."
        }
    if record.queue_ms:
        place = f", {record.queue_position}. in line" if record.queue_position else ""
        yield {"text": f"It waited {record.queue_ms / 1000:.1f} s for its turn{place}."}
    if record.fallback_reason:
        cause, _, origin = record.fallback_reason.partition("; from=")
        yield {"text": f"It fell back from {origin or 'its route'}: {_CAUSES.get(cause, cause)}."}
    yield from ({"text": said} for said in map(_said, record.trace) if said)
    if record.served_by:
        first = f", first byte after {record.first_byte_ms:.0f} ms" if record.first_byte_ms else ""
        yield {"text": f"It went to {record.served_by}{first}."}
    yield {"text": f"It ended after {record.total_ms / 1000:.2f} s with status {record.status}."}
    if record.estimated:
        yield {"text": "Nobody counted its tokens; they are derived from what passed through."}


_STEPS = {
    "failed": "{target} failed it: {reason}.",
    "skipped": "{target} was passed over: {reason}.",
    "fallback": "It was sent on to {target}: {outcome}.",
}
_CAUSES = {
    "refused": "nothing could be reached there",
    "5xx": "the server had an error",
    "429": "the server was too busy",
    "timeout": "the server took too long",
    "context": "the prompt was too long for it",
    "cold": "the model was not loaded",
}


def _said(step: Any) -> str:
    """A decision on the way as a sentence; empty for those that say nothing of their own."""
    if not isinstance(step, dict):
        return ""
    sentence = _STEPS.get(str(step.get("step")), "")
    named = {name: step.get(name) or "?" for name in ("target", "reason", "outcome")}
    named["outcome"] = _CAUSES.get(named["outcome"], named["outcome"])
    return sentence.format(**named)
