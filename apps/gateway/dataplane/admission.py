"""May this request be served now? What its limits say before anything is sent anywhere."""

import time
from math import inf

from apps.gateway.dataplane.body import Head
from apps.gateway.dataplane.budgets import STEP_TOKENS, Reservation
from apps.gateway.dataplane.call import Call
from apps.gateway.dataplane.limits import estimate, wording
from apps.gateway.dataplane.limits.holders import Holder, shared_holder

_LEAST_OUTPUT = 16  # an answer that is cut off after fewer tokens helps nobody
# A plain reply whose client does not say how long it may become gets a part of the limit.
_PLAIN_PART = 8
_PLAIN_OUTPUT = (1024, 8192)
_STREAM_OUTPUT = 4096  # a stream asks for more when it comes to its end
_WITH_OUTPUT = frozenset(
    {"/v1/chat/completions", "/v1/completions", "/v1/messages", "/v1/responses"}
)
_PATIENT_SECONDS = 60  # clients repeat a request by themselves when they wait no longer than this


async def admit(call: Call) -> None:
    """Reserve what the call may use, or raise GatewayError 429 saying which limit refuses."""
    holders = _holders(call)
    if not holders:
        return
    budgets = call.context.budgets
    reservation = Reservation(call.id, holders, tokens=0, prompt=estimate.prompt_tokens(call.body))
    longest = _longest(call)
    fewest = min([holder.fewest_tokens for holder in holders])
    output = _output(call, longest, fewest)
    try:
        tightest = await budgets.reserve(
            reservation,
            output=output,
            least_output=min(output, _LEAST_OUTPUT),
            away=call.caller.when_redis_away,
        )
    except wording.LimitReached as error:
        _tell(call, holders, error.tightest)
        if error.retry_after is None or error.retry_after > _PATIENT_SECONDS:
            call.extra_headers.append((b"x-should-retry", b"false"))
        raise
    call.reservation = reservation
    if tightest:
        _tell(call, holders, tightest)
    if fewest < inf:
        _bound_output(call, reservation, longest)


def _holders(call: Call) -> tuple[Holder, ...]:
    caller = call.caller
    if caller.key_id is not None:
        return caller.holders
    shared = call.context.link.table.holders
    found = (
        shared.get(("user", caller.user_id or 0, caller.team_id)),
        shared.get(("team", caller.team_id, caller.team_id)),
    )
    return tuple(shared_holder(entry) for entry in found if entry is not None)


def _output(call: Call, longest: int | None, fewest: float) -> int:
    """How many tokens of output to reserve for a start, of all answers together."""
    if call.path not in _WITH_OUTPUT:
        return 0
    if call.head.stream:
        each = STEP_TOKENS if longest is None else min(longest, _STREAM_OUTPUT)
    elif longest is None:
        least, most = _PLAIN_OUTPUT
        each = int(min(max(fewest / _PLAIN_PART, least), most))
    else:
        each = longest
    return each * estimate.choices(call.body)


def _longest(call: Call) -> int | None:
    """How long an answer may become, in tokens, when anybody says so."""
    caps = (asked_output(call.head), call.caller.max_output_tokens, call.route.max_output_tokens)
    return min([cap for cap in caps if cap is not None], default=None)


def asked_output(head: Head) -> int | None:
    """The same as the client says it: the most, as servers do not heed the same word first."""
    most: int | None = None
    words = (head.max_tokens, head.max_completion_tokens, head.max_output_tokens, head.n_predict)
    for raw in words:
        value = bytes(raw)
        if value.isdigit():
            most = max(most or 0, int(value[:18]))
    return most


def _bound_output(call: Call, reservation: Reservation, longest: int | None) -> None:
    """A plain reply may not become longer than what is reserved; a stream reserves more."""
    output = reservation.tokens - reservation.prompt
    each = output // estimate.choices(call.body)
    if longest is not None and each >= longest:
        return  # the server ends by itself before that
    if call.head.stream:
        reservation.given = output
    elif call.path in _WITH_OUTPUT:
        reservation.bound = max(each, 1)


def _tell(call: Call, holders: tuple[Holder, ...], tightest: list[int]) -> None:
    call.extra_headers += wording.headers(holders, tightest)
    if call.path == "/v1/messages":
        call.extra_headers += wording.anthropic_headers(holders, tightest, time.time())
