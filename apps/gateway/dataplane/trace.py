"""The decisions on a request's way, as they are kept with its usage and shown to who may see them.

An ordinary request, answered by the first place it was sent to, has none. Whoever signed in to the
console, or has a key that may manage, can ask for them with the header `x-hearth-trace: 1`.
"""

import json
import time

from apps.gateway.dataplane import picking
from apps.gateway.dataplane.call import Call
from apps.gateway.dataplane.picking import Wish
from apps.gateway.dataplane.route_table import Choice, Route

_HEADER = b"x-hearth-trace"
_MOST_STEPS = 24  # in the header of a reply; the usage record has all of them
_MOST_SKIPPED = 8  # of the endpoints of one route


def begin(call: Call) -> bool:
    """Whether the client wants to see the trace and may."""
    caller = call.caller
    if caller.key_id is not None and "manage" not in caller.scopes:
        return False
    wanted = any(name == _HEADER and value == b"1" for name, value in call.scope["headers"])
    if wanted:
        call.trace = []
    return wanted


async def show(call: Call) -> None:
    """Put the trace into the reply's headers, or into a comment where they have been sent."""
    steps = (call.trace or [])[:_MOST_STEPS]
    # Escaped, because a header is ASCII: names of routes may be anything.
    text = json.dumps(steps, separators=(",", ":")).encode()
    if call.started:
        await call.send_part(b": trace %b\n\n" % text)
    else:
        call.extra_headers.append((_HEADER, text))


def note_skipped(call: Call, route: Route, choice: Choice | None, wish: Wish) -> None:
    """Which endpoints were passed over in favour of the choice, and why."""
    now = time.monotonic()
    noted = 0
    for each in route.choices:
        if choice is not None and each.endpoint is choice.endpoint:
            continue
        reason = picking.why_not(each.endpoint, call.tried, now, wish)
        if reason and reason != "tried already" and noted < _MOST_SKIPPED:
            noted += 1
            call.note("skipped", each.endpoint.name, reason=reason)
    for endpoint in route.withheld:
        call.note("skipped", endpoint.name, reason="outside the house, which the route forbids")
